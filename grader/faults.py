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

# A cut that lands by chance on a poll's own SSH session makes a node unreachable for one copy and not for the next. So a fault waits on
# its node for the calm between two visits, for so many seconds at most.
PATIENCE = 3.0
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
            table = ProcessTable(fault.node, seen)
            first = next(iter(table.executions(fault.command)), None)
            if first is None or time.time() - self._origin < first.start + fault.after:
                continue
            self._pending.remove(fault)
            cut = self._lab.cut(fault.node, patience=0.0 if table.in_session(first) else PATIENCE)
            self._done[fault] = cut.start - self._origin

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


def fell_on_a_visit(observed: Observed, faults: Iterable[Fault]) -> bool:
    """Whether a fault has, by the look of it, struck Ansible on one of its short visits rather than the work, which was in the background.

    An answer that holds a session all along meets that every time; one that comes and goes, hardly ever twice.
    """
    return any(_struck_a_visit(run, fault) for run in observed.runs[:1] for fault in faults)


def _struck_a_visit(run: AnswerRun, fault: Fault) -> bool:
    first = next(iter(run.nodes[fault.node].commands(fault.command)), None)
    lost = any(block.host == fault.node and block.outcome is Outcome.UNREACHABLE for block in run.recorded.blocks)
    return lost and first is not None and first.job is not None
