"""When one more lab may start: while the machine has room, so that an answer meets nodes that are as quick for it as for any other.

The load is measured, not guessed from the number of jobs: processors may be busy with something else, and a lab is busiest when it starts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

WINDOW = 0.5  # seconds over which the load is measured
SETTLE = 1.0  # seconds for a lab that has just started to show in the load
PATIENCE = 60.0  # seconds after which one answer at least goes on, on a machine that others keep busy
MOST_BUSY = 0.95  # of all processors
MOST_PRESSURE = 0.85  # of the time during which something waited for a processor
LEAST_MEMORY = 600_000_000  # bytes: an answer's own programs, and its nodes
_PRESSURE = Path("/proc/pressure/cpu")


@dataclass(frozen=True, slots=True)
class Load:
    """``busy`` and ``pressure`` from 0 to 1; ``memory`` is what is left, in bytes."""

    busy: float
    pressure: float
    memory: int


class Meter(Protocol):
    def load(self) -> Load:
        """Since the last time that it was asked."""


class Machine:
    """The load of this machine."""

    def __init__(self) -> None:
        psutil.cpu_percent()
        self._waited, self._at = _waited(), time.monotonic()

    def load(self) -> Load:
        waited, now = _waited(), time.monotonic()
        pressure = (waited - self._waited) / max(now - self._at, 0.001)
        self._waited, self._at = waited, now
        return Load(psutil.cpu_percent() / 100, min(1.0, max(0.0, pressure)), psutil.virtual_memory().available)


def _waited() -> float:
    """Seconds since the machine's start during which something waited for a processor; 0 where the kernel does not count them."""
    with suppress(OSError, ValueError, IndexError):
        return int(_PRESSURE.read_text().split("total=")[1].split()[0]) / 1e6
    return 0.0


class Gate:
    """Says, as often as one likes, whether one more may start."""

    def __init__(self, meter: Meter | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._meter = meter or Machine()
        self._clock = clock
        self._load: Load | None = None
        self._measured = self._admitted = clock()
        self._since: float | None = None  # when the wait began, with nothing under way

    def refusal(self, under_way: int) -> str:
        """What one more would have to wait for, in French; ``""`` when it may start now, which is then taken for done."""
        now = self._clock()
        if now - self._measured >= WINDOW:
            self._load, self._measured = self._meter.load(), now
        wanted = self._wanted(under_way, now)
        if wanted and not under_way:
            self._since = now if self._since is None else self._since
            if now - self._since >= PATIENCE:
                wanted = ""
        if not wanted:
            self._admitted, self._since, self._load = now, None, None
        return wanted

    def _wanted(self, under_way: int, now: float) -> str:
        if under_way and now - self._admitted < SETTLE:
            return "le démarrage du labo précédent"
        if self._load is None:
            return "une mesure de la charge"
        if self._load.memory < LEAST_MEMORY:
            return "de la mémoire libre"
        if self._load.busy > MOST_BUSY or self._load.pressure > MOST_PRESSURE:
            return "du temps de processeur"
        return ""
