"""What was known at a moment of a run: a recorded Timeline played again, with no lab at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from labs.timeline.model import Block, Fault, Job, State, Task, Timeline

S = TypeVar("S", Task, Fault)


def at(timeline: Timeline, t: float) -> Timeline:
    """The Timeline as it would have been taken ``t`` seconds after the run's start.

    From the run's last moment on, it is the run itself.
    """
    if t >= timeline.end:
        return timeline
    back = _seen(timeline.controller_end, t)
    return replace(
        timeline,
        end=t,
        controller_end=back,
        status=timeline.status if back is not None else "running",
        tasks=_under_way(timeline.tasks, t),
        blocks=tuple(_block(block, t) for block in timeline.blocks if block.start <= t),
        jobs=tuple(_job(job, t) for job in timeline.jobs if _heard_of(job, t)),
        polls=tuple(poll for poll in timeline.polls if poll.noticed <= t),
        faults=_under_way(timeline.faults, t),
    )


def _seen(moment: float | None, t: float) -> float | None:
    return moment if _over(moment, t) else None


def _over(moment: float | None, t: float) -> bool:
    return moment is not None and moment <= t


def _under_way(things: tuple[S, ...], t: float) -> tuple[S, ...]:
    return tuple(thing if _over(thing.end, t) else replace(thing, end=None) for thing in things if thing.start <= t)


def _block(block: Block, t: float) -> Block:
    if _over(block.end, t):
        return block
    return replace(block, end=None, outcome=None, message="")


def _heard_of(job: Job, t: float) -> bool:
    """Whether anything spoke of a job by then."""
    return any(_over(moment, t) for moment in (job.launched, job.start, job.end, job.detected))


def _job(job: Job, t: float) -> Job:
    ended = _over(job.detected if job.end is None else job.end, t)
    if ended and all(moment is None or moment <= t for moment in (job.launched, job.start, job.detected)):
        return job  # the very same: who compares is done at once
    told = ended or job.state is State.UNCONFIRMED
    return replace(
        job,
        launched=_seen(job.launched, t),
        start=_seen(job.start, t),
        end=_seen(job.end, t),
        detected=_seen(job.detected, t),
        state=job.state if told else State.RUNNING,
        rc=job.rc if ended else None,
    )
