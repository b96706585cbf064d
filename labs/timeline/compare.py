"""Where the time of a run went, and how two runs differ: pure functions, seconds in and seconds out.

A run's makespan is cut into stretches, each with the one cause that held the play at that moment. They are found backwards from the
end: what ended last, what that was waiting for, and so on to the start (the critical path). Whatever was hidden behind something
longer costs nothing here: a poll while the job still runs, or a job found late on one node while another still works. So the
stretches add up to the makespan, and the differences of two runs, cause by cause, to the difference of their makespans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from labs.timeline import metrics
from labs.timeline.metrics import Span
from labs.timeline.model import Block, BlockKind, Job, Mode, Outcome, Timeline

HAIR = 0.05  # seconds: the controller tells one block's end and the start of the next in either order, this far apart at most


class Cause(StrEnum):
    """What held the play during a stretch, in the order in which a bar stacks them."""

    WORK = "work"  # a job at work on its node
    SLOWEST = "slowest"  # the same, while another node had finished the task and was held by this one
    LAUNCH = "launch"  # from the moment the controller turns to a host to the start of the job there
    WAIT = "wait"  # a job that had ended, and nobody looking
    POLL = "poll"  # the look that found it ended, while it was under way
    REST = "rest"  # Ansible's own work: getting ready, tasks without a job, answers on their way back


@dataclass(frozen=True, slots=True)
class Stretch:
    """Seconds of a run, from ``start`` to ``end``, held by one cause; ``host`` is empty where no node is at play."""

    cause: Cause
    start: float
    end: float
    host: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a run has more (positive) or less (negative) than another: seconds, and counts."""

    makespan: float
    causes: dict[Cause, float]  # every Cause; they add up to ``makespan``
    jobs: int
    polls: int


def path(timeline: Timeline) -> tuple[Stretch, ...]:
    """What held the play at each moment: stretches in order, without a gap, from 0 to the makespan."""
    walk = _Walk(timeline)
    walk.to_the_start()
    return tuple(reversed(walk.found))


def shares(timeline: Timeline) -> dict[Cause, float]:
    """Seconds of each Cause, all of them named; their sum is the makespan."""
    total = dict.fromkeys(Cause, 0.0)
    for stretch in path(timeline):
        total[stretch.cause] += stretch.end - stretch.start
    return total


def difference(base: Timeline, other: Timeline) -> Difference:
    """What ``other`` has more than ``base``."""
    before, after = shares(base), shares(other)
    return Difference(
        makespan=metrics.makespan(other) - metrics.makespan(base),
        causes={cause: after[cause] - before[cause] for cause in Cause},
        jobs=metrics.totals(other).jobs - metrics.totals(base).jobs,
        polls=metrics.polls(other) - metrics.polls(base),
    )


def tenths(parts: Sequence[float]) -> list[float]:
    """Seconds >= 0 rounded to tenths so that they still add up to their rounded sum, those cut the most being rounded up first."""
    floors = [int(part * 10 + 1e-9) for part in parts]
    missing = round(round(sum(parts), 1) * 10) - sum(floors)
    by_loss = sorted(range(len(parts)), key=lambda k: floors[k] - parts[k] * 10)
    for k in by_loss[: max(0, missing)]:
        floors[k] += 1
    return [floor / 10 for floor in floors]


# -- the way back -------------------------------------------------------------------------------------------------------


class _Walk:
    """Goes back through a run. ``t`` is the moment reached: everything from there to the makespan is explained."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.t = self.over = max(0.0, metrics.makespan(timeline))
        self.found: list[Stretch] = []  # the latest first
        self.blocks = sorted(timeline.blocks, key=self._end)

    def to_the_start(self) -> None:
        while self.t > 0:
            block = next((block for block in reversed(self.blocks) if self._end(block) <= self.t + HAIR and block.start < self.t), None)
            if block is None:
                self._back(Cause.REST, 0.0)
                return
            self._back(Cause.REST, self._end(block))
            self._through(block)

    def _through(self, block: Block) -> None:
        """From a block's end to its start, or to that of the earlier block which launched the job that it waited for."""
        longest: Job | None = None  # of the jobs answered for after ``t``: had the others been answered at once, it would still have held
        while self.t > block.start:
            answers = [(at, job) for job in self._jobs(block) if block.start < (at := self._answer(job, block)) <= self.t]
            if not answers:
                self._back(Cause.LAUNCH if block.kind is BlockKind.LAUNCH else Cause.REST, block.start, block.host)
                return
            at, job = max(answers, key=lambda answer: (answer[0], answer[1].id))
            self._back(Cause.REST, at, block.host)
            before = max([block.start, *(other for other, _ in answers if other < at)])
            longest = job if longest is None else max(longest, job, key=self._ended)
            self._wait_for(job, max(self._ended(longest), before))
            if self._ended(longest) <= before:
                continue  # whatever came before this look decided when it could be taken
            self._work(longest, block)
            block = self._launching(longest, block)
            earlier = [end for other in self._jobs(block) if (end := self._answer(other, block)) < self.t]
            self._back(Cause.LAUNCH, max([block.start, *earlier]), block.host)
            longest = None

    def _back(self, cause: Cause, to: float, host: str = "") -> None:
        to = max(0.0, to)
        if to < self.t:
            self.found.append(Stretch(cause, to, self.t, host))
            self.t = to

    def _wait_for(self, job: Job, since: float) -> None:
        """The stretch between a job's end and the answer that says so. Nobody looks at a synchronous job: its answer comes by itself."""
        if job.mode is Mode.SYNC:
            self._back(Cause.REST, since, job.host)
        for start, end in reversed(self._looks(job, since)):
            self._back(Cause.WAIT, end, job.host)
            self._back(Cause.POLL, start, job.host)
        self._back(Cause.WAIT, since, job.host)

    def _looks(self, job: Job, since: float) -> list[Span]:
        looks = [(poll.start, poll.noticed) for poll in self.timeline.polls if poll.job == job.id and poll.start is not None]
        return metrics.union(metrics.overlaps((since, self.t), looks))

    def _work(self, job: Job, block: Block) -> None:
        """A job's run, up to its start; alone from the moment when another node was done with the task and held."""
        done = [
            self._end(other)
            for other in self.timeline.blocks
            if other.task == block.task and other.host != block.host and other.outcome in {Outcome.OK, Outcome.SKIPPED}
        ]
        self._back(Cause.SLOWEST, max([_start(job), min(done, default=self.t)]), job.host)
        self._back(Cause.WORK, _start(job), job.host)

    def _launching(self, job: Job, block: Block) -> Block:
        """The block during which a job was launched: the one that waited for it, unless it was detached by an earlier task."""
        own = (other for other in self.timeline.blocks if other.host == job.host and other.task == job.task and other.start < self.t)
        return max(own, key=lambda other: other.start, default=block)

    def _jobs(self, block: Block) -> list[Job]:
        """The jobs, seen on their node, whose end a block waits for."""
        if block.kind is BlockKind.STATUS:
            looked_at = {poll.job for poll in self.timeline.polls if poll.host == block.host and self._within(poll.noticed, block)}
            return [job for job in self.timeline.on(block.host) if job.id in looked_at and job.start is not None]
        if block.kind in {BlockKind.SYNC, BlockKind.POLLED}:
            return [job for job in self.timeline.on(block.host) if job.task == block.task and job.start is not None]
        return []

    def _answer(self, job: Job, block: Block) -> float:
        """When a block was done with a job: its end for a synchronous one, the last look at it for another."""
        if job.mode is Mode.SYNC:
            return min(self._end(block), self._ended(job))
        if job.detected is not None and self._within(job.detected, block):
            return job.detected
        looks = [poll.noticed for poll in self.timeline.polls if poll.job == job.id and poll.finished and self._within(poll.noticed, block)]
        return max(looks, default=self._end(block))

    def _ended(self, job: Job) -> float:
        return self.over if job.end is None else job.end

    def _within(self, moment: float, block: Block) -> bool:
        return block.start <= moment <= self._end(block)

    def _end(self, block: Block) -> float:
        return self.over if block.end is None else block.end


def _start(job: Job) -> float:
    return 0.0 if job.start is None else job.start
