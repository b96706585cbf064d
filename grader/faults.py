"""Faults of an exercise, done at their moments while the answer runs."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from grader.processes import Process, ProcessTable
from labs.errors import LabError
from labs.timeline.model import Outcome

if TYPE_CHECKING:
    from grader.checks import AnswerRun, Observed
    from grader.spec import Fault
    from labs.lab import Lab

# A cut that lands by chance on a poll's own SSH session makes a node unreachable for one copy and not for the next. So a fault waits
# for the calm between two visits: right after Ansible has cleaned up behind a module, or CALM seconds after anything else that it
# did, and not more than FRESH seconds later, since the next visit may then be due; PATIENCE seconds at most.
CALM = 0.25
FRESH = 0.6
PATIENCE = 2.0
GRACE = 0.5  # what a look at the nodes may lag behind them


class MissedFaultError(LabError):
    """A fault that should have struck its command did not: nothing can be judged from this run."""


class Injector:
    """Does each fault once: ``after`` seconds from the first start of its command on its node.

    A command that runs in the SSH session itself is cut at the very moment: the cut is about that session.
    """

    def __init__(self, lab: Lab, faults: Iterable[Fault], origin: float) -> None:
        """``origin``: the run's start, in epoch seconds."""
        self._lab = lab
        self._origin = origin
        self._pending = list(faults)
        self._done: dict[Fault, float] = {}

    def tick(self, processes: Iterable[Process]) -> None:
        """Do what is due; to be called often, with all processes seen so far. Raises LabError when a fault cannot be done."""
        seen = tuple(processes)
        for fault in tuple(self._pending):
            now = time.time() - self._origin
            if self._is_due(fault, ProcessTable(fault.node, seen), now):
                self._pending.remove(fault)
                self._done[fault] = now
                self._lab.cut(fault.node)

    def settle(self, processes: Iterable[Process]) -> None:
        """After the run: raise MissedFaultError when a fault should have struck its command and did not."""
        seen = tuple(processes)
        for fault in (*self._pending, *self._done):
            first = next(iter(ProcessTable(fault.node, seen).executions(fault.command)), None)
            if first is None or (first.end is not None and first.end - first.start < fault.after + PATIENCE + GRACE):
                continue  # the command never ran there, or ended by itself before the moment was sure to come
            moment = self._done.get(fault)
            if moment is None or (first.end is not None and moment > first.end):
                raise MissedFaultError(
                    f"La coupure du lien de {fault.node} n'a pas pu être faite pendant `{fault.command}` : la machine est trop chargée.",
                    "Fermez ce qui l'occupe, puis recommencez.",
                )

    def _is_due(self, fault: Fault, table: ProcessTable, now: float) -> bool:
        first = next(iter(table.executions(fault.command)), None)
        if first is None:
            return False
        late = now - first.start - fault.after
        if late < 0:
            return False
        return table.in_session(first) or late > PATIENCE or _is_calm(table, now)


def _is_calm(table: ProcessTable, now: float) -> bool:
    visits = [process for process in table if table.visiting(process)]
    if not visits or any(process.end is None for process in visits):
        return False
    last = max(visits, key=lambda process: process.end or 0.0)
    idle = now - (last.end or 0.0)
    return (0.0 if table.cleaning(last) else CALM) <= idle <= FRESH


def fell_on_a_visit(observed: Observed, faults: Iterable[Fault]) -> bool:
    """Whether a fault has, by the look of it, struck Ansible on one of its short visits rather than the work, which was in the background.

    An answer that holds a session all along meets that every time; one that comes and goes, hardly ever twice.
    """
    return any(_struck_a_visit(run, fault) for run in observed.runs[:1] for fault in faults)


def _struck_a_visit(run: AnswerRun, fault: Fault) -> bool:
    first = next(iter(run.nodes[fault.node].commands(fault.command)), None)
    lost = any(block.host == fault.node and block.outcome is Outcome.UNREACHABLE for block in run.recorded.blocks)
    return lost and first is not None and first.job is not None
