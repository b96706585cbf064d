"""Ctrl+C and SIGTERM, as something that a grading can ask about."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event
from typing import NoReturn

EXIT_CODE = 130  # what shells expect of a program that SIGINT has ended


@contextmanager
def heeded(then: Callable[[Event], object]) -> Iterator[Event]:
    """Give an event that the two signals set; each calls ``then`` first, with the event still as it was before."""
    stop = Event()

    def ask(*_: object) -> None:
        try:
            then(stop)
        finally:
            stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interrupt(_stop: Event) -> NoReturn:
    """A ``then`` that ends at once. What it interrupts may keep the exception for itself: ask the event as well."""
    raise KeyboardInterrupt
