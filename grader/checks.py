"""What a check can ask: the nodes as they showed themselves, and the run as it was recorded.

Verdicts rest on node evidence. A job that only the controller's events speak of is shown to no check, so that it can never earn a point.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

from grader.crowd import Crowd, OpenSpan, busiest
from grader.processes import Process, ProcessTable, is_python
from grader.rhythm import Rhythm, longest_silence, silences, whole
from labs.timeline.model import BlockKind, Job, Outcome, Poll, State, Timeline

SLACK = 0.1  # seconds by which clocks read in two processes may disagree on an order, or an observer be late to tell an end
STEP = 4.0  # seconds that a play may take from one step to the next where both cores are taken; half a second where they are not
OUTLIVED = {State.TIMED_OUT, State.ORPHANED}  # Ansible gives such a job up before its last process ends


@dataclass(frozen=True, slots=True)
class NodeFile:
    """A file of a node after the run; ``modified`` is in seconds since the run's start."""

    content: str
    modified: float


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a command on a node. ``job`` is the asynchronous job that it ran in, None when it ran in none.

    ``arguments``: those of the command, as one text.
    """

    start: float
    end: float | None
    job: Job | None
    arguments: str = ""

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
        return tuple(self._run(process) for process in self._table.executions(command))

    def program(self, name: str) -> tuple[Run, ...]:
        """The executions of a program, whatever its arguments, in order of start."""
        return tuple(self._run(process) for process in self._table.programs(name))

    def most_at_once(self, program: str) -> Crowd:
        """The most executions of a program at once. One that has a job to itself counts for as long as the job does."""
        return busiest(self._spans(program), SLACK)

    def unseen(self, program: str) -> tuple[tuple[Job, ...], ...]:
        """For each execution of a program, in order of start: its earlier jobs whose end nobody had seen when that one was launched.

        However slow the machine, that is what the play knew: a job that ended in time by luck is still one that nobody waited for.
        """
        return tuple(self._unseen(program, run) for run in self.program(program))

    def rushed(self, program: str) -> tuple[tuple[Job, ...], ...]:
        """The same, but none where Ansible ran anything on the node since the launch before: the play may ask in a way of its own."""
        runs, unseen = self.program(program), self.unseen(program)
        return tuple(
            () if place and self._asked_between(_launch(runs[place - 1]), _launch(run)) else unseen[place] for place, run in enumerate(runs)
        )

    def forgotten(self, program: str) -> tuple[Job, ...]:
        """The jobs of a program whose end no look ever found."""
        return tuple(job for job in self._jobs(program) if self.seen_ended(job) is None)

    def seen_ended(self, job: Job) -> float | None:
        """When a look taken by Ansible had found the job ended; None when none has."""
        looks = [poll.end for poll in self.polls if poll.job == job.id and poll.end is not None and _finds(poll, job)]
        return min(looks, default=None)

    def patience(self) -> float | None:
        """The least time, in seconds, that Ansible left the node alone between two looks at one job; None when no job was looked at twice."""
        waits = [longest_silence(self._attended, sooner, later) for sooner, later in self._successive_looks]
        return min(waits, default=None)

    def at_rest(self, program: str, until: float) -> float:
        """Seconds between the program's first start and ``until`` when it did not run, no job of it went on, and Ansible did not visit.

        A busy machine stretches such a stretch, and only what the play asks for counts, in whole seconds: ``patience`` at most between two
        looks at one job; elsewhere, what is longer than any machine takes from one step of a play to the next.
        """
        runs = self.program(program)
        visits = [(process.start, process.end) for process in self._table if self._table.visiting(process)]
        rests = silences([*visits, *self._spans(program)], runs[0].start, until) if runs else []
        patience = self.patience() or 0.0
        return sum(
            whole(min(end - start, patience) if self._between_looks(start, end) else max(0.0, end - start - STEP)) for start, end in rests
        )

    def visited_after(self, moment: float) -> bool:
        """Whether Ansible was at work on the node, outside its background jobs, at ``moment`` or later."""
        return any(
            is_python(process) and (process.end is None or process.end >= moment) and not self._table.detached(process)
            for process in self._table
        )

    def rhythm(self, job: Job) -> Rhythm | None:
        """How Ansible came to look at this job: its waits before each look. None when it never did."""
        looks = sorted(poll.start for poll in self.polls if poll.job in {job.id, ""} and poll.start is not None)
        since = [job.start or 0.0, *looks]
        return Rhythm.of([longest_silence(self._attended, before, look) for before, look in zip(since, looks, strict=False)])

    @cached_property
    def _attended(self) -> list[OpenSpan]:
        """When Ansible was at work on the node."""
        return [(process.start, process.end) for process in self._table if self._table.visiting(process) or self._table.launching(process)]

    @cached_property
    def _successive_looks(self) -> list[tuple[float, float]]:
        """When a job was looked at, and when it next was."""
        looks = sorted((poll.job, poll.start) for poll in self.polls if poll.start is not None)
        return [(sooner[1], later[1]) for sooner, later in pairwise(looks) if sooner[0] == later[0]]

    def _between_looks(self, start: float, end: float) -> bool:
        return any(sooner <= start and end <= later for sooner, later in self._successive_looks)

    def _run(self, process: Process) -> Run:
        return Run(process.start, process.end, self._job_of(process), " ".join(process.argv[1:]))

    def _spans(self, program: str) -> list[OpenSpan]:
        runs = self.program(program)
        shared = Counter(run.job.id for run in runs if run.job)
        alone = [run.job is not None and shared[run.job.id] == 1 for run in runs]
        return [
            (run.job.start if run.job.start is not None else run.start, run.job.end) if own and run.job else (run.start, run.end)
            for run, own in zip(runs, alone, strict=True)
        ]

    def _jobs(self, program: str) -> list[Job]:
        return list({run.job.id: run.job for run in self.program(program) if run.job}.values())

    def _unseen(self, program: str, run: Run) -> tuple[Job, ...]:
        moment = _launch(run)
        earlier = [job for job in self._jobs(program) if job != run.job and job.start is not None and job.start < moment]
        return tuple(job for job in earlier if (seen := self.seen_ended(job)) is None or seen > moment)

    def _asked_between(self, sooner: float, later: float) -> bool:
        """Whether Ansible ran a module there between two moments, which was no launch."""
        return any(is_python(process) and self._table.visiting(process) and sooner < process.start < later for process in self._table)

    def _job_of(self, process: Process) -> Job | None:
        # async_wrapper is given the first part of the jid, as an argument.
        arguments = {argument for ancestor in self._table.ancestry(process) for argument in ancestor.argv}
        return next((job for job in self.jobs if job.id.rpartition(".")[0] in arguments), None)


def _launch(run: Run) -> float:
    return run.job.start if run.job and run.job.start is not None else run.start


def _finds(poll: Poll, job: Job) -> bool:
    """Whether a look at a job found it ended: it says so, or could see nothing else."""
    return job.end is not None and (poll.finished or (poll.start is not None and poll.start >= job.end))


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
            polls=tuple(self._believed(poll) for poll in self.recorded.polls if poll.host == host and poll.start is not None),
            unreachable=_unreachable(self.recorded, host),
            _table=ProcessTable(host, self.processes),
        )

    def _believed(self, poll: Poll) -> Poll:
        """A look, as far as its node bears the controller out: what it found cannot have ended later than it looked."""
        job = next((job for job in self.timeline.jobs if (job.host, job.id) == (poll.host, poll.job)), None)
        if job is None or job.state in OUTLIVED or poll.end is None:
            return poll
        return replace(poll, finished=poll.finished and job.end is not None and job.end <= poll.end + SLACK)


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
