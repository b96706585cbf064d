"""What a check can ask: the nodes as they showed themselves, and the run as it was recorded.

Verdicts rest on node evidence. A job that only the controller's events speak of is shown to no check, so that it can never earn a point.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from grader.processes import Process, ProcessTable, is_python
from labs.timeline.model import BlockKind, Job, Outcome, Poll, Timeline


@dataclass(frozen=True, slots=True)
class NodeFile:
    """A file of a node after the run; ``modified`` is in seconds since the run's start."""

    content: str
    modified: float


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a command on a node. ``job`` is the asynchronous job that it ran in, None when it ran in none."""

    start: float
    end: float | None
    job: Job | None

    @property
    def duration(self) -> float | None:
        """Seconds; None for a run whose end was not seen."""
        return None if self.end is None else self.end - self.start


@dataclass(frozen=True, eq=False)
class Node:
    """One node, as a condition sees it.

    ``files``: path -> content, None for a file that is not there (only the paths that the exercise collects).
    ``modified``: path -> moment of the last change, None for a file that is not there.
    ``jobs``, ``polls``: those that the node itself shows. ``unreachable``: whether Ansible's last attempt to reach it failed.
    """

    name: str
    files: Mapping[str, str | None]
    modified: Mapping[str, float | None]
    jobs: tuple[Job, ...]
    polls: tuple[Poll, ...]
    unreachable: bool
    _table: ProcessTable = field(repr=False)

    def __str__(self) -> str:
        return self.name

    def commands(self, command: str) -> tuple[Run, ...]:
        """The executions of a command, in order of start (``ProcessTable.executions`` says what counts as one)."""
        return tuple(Run(process.start, process.end, self._job_of(process)) for process in self._table.executions(command))

    def visited_after(self, moment: float) -> bool:
        """Whether Ansible was at work on the node, outside its background jobs, at ``moment`` or later."""
        return any(
            is_python(process) and (process.end is None or process.end >= moment) and not self._table.detached(process)
            for process in self._table
        )

    def _job_of(self, process: Process) -> Job | None:
        # async_wrapper is given the first part of the jid, as an argument.
        arguments = {argument for ancestor in self._table.ancestry(process) for argument in ancestor.argv}
        return next((job for job in self.jobs if job.id.rpartition(".")[0] in arguments), None)


@dataclass(frozen=True)
class AnswerRun:
    """One run of the answer: what was recorded, and the files of the nodes right after it. ``command``: the line, for a command line."""

    recorded: Timeline
    processes: tuple[Process, ...] = ()
    files: Mapping[str, Mapping[str, NodeFile | None]] = field(default_factory=dict)
    command: str = ""

    @cached_property
    def timeline(self) -> Timeline:
        """The run without the jobs that only events speak of."""
        return _confirmed(self.recorded)

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        return {host: self._node(host) for host in self.recorded.hosts}

    def _node(self, host: str) -> Node:
        files = self.files.get(host, {})
        return Node(
            name=host,
            files={path: file.content if file else None for path, file in files.items()},
            modified={path: file.modified if file else None for path, file in files.items()},
            jobs=self.timeline.on(host),
            polls=tuple(poll for poll in self.recorded.polls if poll.host == host and poll.start is not None),
            unreachable=_unreachable(self.recorded, host),
            _table=ProcessTable(host, self.processes),
        )


@dataclass(frozen=True)
class Observed:
    """All that one grading saw: the runs of the answer, in order. A ``value`` exercise has none; it may have a recorded run to read."""

    answer: Mapping[str, Any]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    runs: tuple[AnswerRun, ...] = ()
    reading: Timeline | None = None

    @property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes, as the first run showed them."""
        return self.runs[0].nodes if self.runs else {}

    @property
    def context(self) -> dict[str, Any]:
        """The names that conditions and messages can use."""
        names: dict[str, Any] = {"answer": self.answer, "parameters": self.parameters}
        if self.runs:
            names |= {"runs": self.runs, "timeline": self.runs[0].timeline, "nodes": self.nodes}
        elif self.reading is not None:
            names["timeline"] = _confirmed(self.reading)
        return names


def _confirmed(timeline: Timeline) -> Timeline:
    return replace(timeline, jobs=tuple(job for job in timeline.jobs if job.confirmed))


def _unreachable(timeline: Timeline, host: str) -> bool:
    reached = [block for block in timeline.blocks if block.host == host and block.kind is not BlockKind.LOCAL and block.outcome]
    return bool(reached) and reached[-1].outcome is Outcome.UNREACHABLE
