"""Where answers that need nodes are judged: on this machine, as it has room, or on those of a Dask cluster."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from grader.copies.judging import Verdict, stubbornly

if TYPE_CHECKING:
    from threading import Event

    from grader.copies.admission import Gate
    from grader.copies.batch import Task


class Engine(Protocol):
    """Judges several answers at once."""

    def refusal(self, under_way: int) -> str:
        """What one more would have to wait for, in French; ``""`` when it may start now, which is then taken for done."""

    def submit(self, task: Task, stop: Event) -> Future[Verdict]:
        """Begin to judge an answer. The future's failure is a bug."""

    def close(self) -> None:
        """Let go of everything, once all that was submitted has ended or been given up."""


class Here:
    """On this machine: at most ``jobs`` at a time, and one more only when the gate lets it."""

    def __init__(self, jobs: int, gate: Gate) -> None:
        self._jobs = jobs
        self._gate = gate
        self._pool = ThreadPoolExecutor(jobs)

    def refusal(self, under_way: int) -> str:
        return "la fin d'une autre" if under_way >= self._jobs else self._gate.refusal(under_way)

    def submit(self, task: Task, stop: Event) -> Future[Verdict]:
        return self._pool.submit(stubbornly, task.exercise, task.handed.folder, stop, trusted=task.trusted)

    def close(self) -> None:
        self._pool.shutdown()
