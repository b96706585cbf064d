"""The Timeline: what a run looked like, from the controller's side and from the nodes' side.

Everything exchanges this one type: a recorded run, a simulated run and a reloaded run are drawn, compared and judged by
the same code. It is pure data: no Ansible, no IPython, no clock.

All times are seconds since the run's start, as floats; ``Timeline.started`` holds the wall-clock start, in UTC. A time may be
negative for something that was already under way. ``None`` as an end means "not seen yet": still running when the Timeline was taken.

Two views are kept apart on purpose, since the distance between them is what the course is about:

* the controller's belief, from ansible-runner's events: ``Block``, ``Poll.noticed``, ``Job.detected``;
* the node's truth, from its process table and job files: ``Job.start``, ``Job.end``, ``Job.state``, ``Poll.start``/``Poll.end``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Mode(StrEnum):
    """How a job was asked for."""

    SYNC = "sync"  # no async: the SSH session stays open until the module ends
    POLLED = "polled"  # async with poll > 0: detached on the node, and waited for by the task
    DETACHED = "detached"  # async with poll 0: detached, and nobody waits unless asked


class State(StrEnum):
    """What became of a job, as its node tells it."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"  # the node's watchdog killed it at its limit
    ORPHANED = "orphaned"  # its file says that its limit ended it, yet something of it runs on: the watchdog missed
    KILLED = "killed"  # its process is gone and it left no result
    ENDED = "ended"  # its process ended, and nobody whose word counts told how (a synchronous job launched from elsewhere)
    UNCONFIRMED = "unconfirmed"  # only the controller's events speak of it: nothing on the node does


class BlockKind(StrEnum):
    """Why the controller is busy with a host."""

    SYNC = "sync"  # a module runs and its SSH session is held
    POLLED = "polled"  # async with poll > 0: launch, then sleeps and polls
    LAUNCH = "launch"  # async with poll 0: the launch only
    STATUS = "status"  # an async_status task, with its retries
    LOCAL = "local"  # an action that runs nothing on the node (debug, set_fact, include_tasks ...)


class Outcome(StrEnum):
    """How the controller says a task ended on a host."""

    OK = "ok"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    SKIPPED = "skipped"


class FaultKind(StrEnum):
    """What was done to a node on purpose."""

    CUT = "cut"  # its SSH sessions closed
    PAUSE = "pause"  # frozen
    SLOW = "slow"  # latency added
    KILL = "kill"  # killed


@dataclass(frozen=True, slots=True)
class Task:
    """A task of the play, as the controller ran through it."""

    id: str
    name: str
    action: str  # short module or action name: "command", "async_status"
    start: float
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch during which the controller is busy with one host, from events."""

    host: str
    task: str  # Task.id
    kind: BlockKind
    start: float
    end: float | None = None
    outcome: Outcome | None = None
    message: str = ""  # the controller's own words when it failed


LAST_MOMENTS = 1.0  # seconds that a job may take, on a busy machine, to put its things away once its result is written


@dataclass(frozen=True, slots=True)
class Job:
    """A module run on a node.

    ``start`` and ``end`` come from the node. A job that only events speak of has neither and is ``UNCONFIRMED``.
    """

    id: str  # the jid for an async job, "<host>/<pid>" for a synchronous one
    host: str
    mode: Mode
    module: str  # "command", "apt" ...
    label: str  # what to write on its bar: the loop item, else the command, else the task's name
    task: str | None = None  # Task.id, None when nobody's events claim it (launched from elsewhere)
    command: tuple[str, ...] = ()  # argv of the program that the module started, when there is one
    limit: float | None = None  # async: N, in seconds
    interval: float | None = None  # poll: P, in seconds
    launched: float | None = None  # when its launch reached the node; None for a synchronous job
    start: float | None = None
    end: float | None = None
    detected: float | None = None  # when the controller knew that it had ended
    state: State = State.RUNNING
    rc: int | None = None  # exit code of its command, when there is one

    @property
    def confirmed(self) -> bool:
        """Whether the node itself shows this job."""
        return self.start is not None

    @property
    def on_its_limit(self) -> bool:
        """Whether it ended by itself just as its limit fell: its watchdog may then have written, a second later, that it was stopped."""
        if self.end is None or self.launched is None or not self.limit or self.state is State.TIMED_OUT:
            return False
        return self.end - self.launched >= self.limit - LAST_MOMENTS


@dataclass(frozen=True, slots=True)
class Poll:
    """One look at a job: an async_status module run on its node, and when the controller learnt its answer."""

    host: str
    job: str  # Job.id, "" when it is not known
    noticed: float
    finished: bool  # whether this look found the job ended
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """Something done to a node on purpose."""

    host: str
    kind: FaultKind
    start: float
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """A whole run. Hosts are in inventory order; the lists are in order of start."""

    title: str
    started: datetime
    hosts: tuple[str, ...]
    end: float  # the last moment observed: jobs may outlive the controller
    controller_end: float | None = None  # when ansible itself returned; None while it runs
    status: str = "running"  # running, successful, failed, canceled: ansible-runner's words
    simulated: bool = False
    tasks: tuple[Task, ...] = ()
    blocks: tuple[Block, ...] = ()
    jobs: tuple[Job, ...] = ()
    polls: tuple[Poll, ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = field(default=())  # what a reader must know: a node that could not be observed, say

    @property
    def running(self) -> bool:
        """Whether the controller is still at work."""
        return self.controller_end is None

    def on(self, host: str) -> tuple[Job, ...]:
        """The jobs of one host, in order of start."""
        return tuple(job for job in self.jobs if job.host == host)
