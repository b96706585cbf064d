"""Faults of an exercise, done at their moments while the answer runs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from grader.processes import Process, ProcessTable
from labs.errors import LabError

if TYPE_CHECKING:
    from grader.spec import Fault
    from labs.lab import Lab

# A cut that lands by chance on a poll's own SSH session would make a node unreachable for one copy and not for the next.
# So a fault waits for a calm moment: no session for CALM seconds, and none that began FRESH seconds ago or more could be due again;
# at most PATIENCE seconds, after which it is done all the same.
CALM = 0.25
FRESH = 0.6
PATIENCE = 2.0
GRACE = 0.5  # what a look at the nodes may lag behind them


class Injector:
    """Does each fault once: ``after`` seconds from the first start of its command on its node.

    A command that runs in the SSH session itself is cut at the very moment: the cut is about that session.
    """

    def __init__(self, lab: Lab, faults: Iterable[Fault], origin: float) -> None:
        """``origin``: the run's start, in epoch seconds."""
        self._lab = lab
        self._origin = origin
        self._pending = list(faults)
        self._done: list[tuple[Fault, float]] = []
        self._last_busy: dict[str, float] = {}

    def tick(self, processes: Iterable[Process]) -> None:
        """Do what is due; to be called often, with all processes seen so far. Raises LabError when a fault cannot be done."""
        seen = tuple(processes)
        for fault in tuple(self._pending):
            now = time.time() - self._origin
            if self._is_due(fault, ProcessTable(fault.node, seen), now):
                self._pending.remove(fault)
                self._done.append((fault, now))
                self._lab.cut(fault.node)

    def settle(self, processes: Iterable[Process]) -> None:
        """After the run: raise LabError when a fault should have struck its command and did not, so that nothing can be judged."""
        seen = tuple(processes)
        moments = dict(self._done)
        for fault in (*self._pending, *moments):
            first = next(iter(ProcessTable(fault.node, seen).executions(fault.command)), None)
            if first is None or (first.end is not None and first.end - first.start < fault.after + PATIENCE + GRACE):
                continue  # the command never ran there, or ended by itself before the moment was sure to come
            moment = moments.get(fault)
            if moment is None or (first.end is not None and moment > first.end):
                raise LabError(
                    f"La coupure du lien de {fault.node} n'a pas pu être faite pendant `{fault.command}` : la machine est trop chargée.",
                    "Fermez ce qui l'occupe, puis recommencez.",
                )

    def _is_due(self, fault: Fault, table: ProcessTable, now: float) -> bool:
        first = next(iter(table.executions(fault.command)), None)
        if first is None:
            return False
        sessions = [process for process in table if table.in_session(process)]
        if sessions:
            self._last_busy[fault.node] = now
        late = now - first.start - fault.after
        if late < 0:
            return False
        if table.in_session(first) or late > PATIENCE:
            return True
        return CALM <= now - self._last_busy.get(fault.node, 0.0) <= FRESH
