"""Arithmetic on a Timeline: pure functions, seconds in and seconds out.

Whatever has no end yet is counted up to the last moment observed.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from labs.timeline.model import BlockKind, Job, Outcome, State, Timeline

Span = tuple[float, float]  # [start, end[ in seconds


class Steps(NamedTuple):
    """A step curve: ``n[i]`` holds from ``t[i]`` to ``t[i + 1]``, the last one from there on."""

    t: NDArray[np.float64]  # shape (k,), seconds, strictly increasing
    n: NDArray[np.int64]  # shape (k,), how many


@dataclass(frozen=True, slots=True)
class Totals:
    """What a program wants of a run without reading its jobs. Seconds and counts."""

    makespan: float  # until ansible returned; until the last moment observed while it runs
    jobs: int  # jobs that a node shows
    unconfirmed: int  # jobs that only events speak of
    states: dict[str, int]  # how many jobs in each State, those that occur
    peak: int  # jobs at once, all nodes together
    peak_by_host: dict[str, int]
    polls: int
    polls_by_host: dict[str, int]
    polls_on_nodes: float  # seconds that the looks took on the nodes, added up
    polls_answered: float  # the same until the controller had each answer: what it spent on them, the sending left out
    waited: float  # moments when the controller waited, somewhere, for a job that had ended: at most the makespan
    waited_by_host: dict[str, float]
    blocked_by_host: dict[str, float]  # the controller busy with the host
    longest_delay: float | None  # the worst detection delay, None when no end was detected
    ideal: float  # seconds that the same jobs would have taken had Ansible cost nothing
    efficiency: float | None  # the ideal's share of what they took, from 0 to 1; None when no node shows a job
    unreachable: tuple[str, ...]  # hosts that the controller lost at some moment


def totals(timeline: Timeline) -> Totals:
    delays = [delay for job in timeline.jobs if (delay := detection_delay(job)) is not None]
    return Totals(
        makespan=makespan(timeline),
        jobs=sum(job.confirmed for job in timeline.jobs),
        unconfirmed=sum(job.state is State.UNCONFIRMED for job in timeline.jobs),
        states=dict(Counter(job.state.value for job in timeline.jobs)),
        peak=peak(timeline),
        peak_by_host={host: peak(timeline, host) for host in timeline.hosts},
        polls=polls(timeline),
        polls_by_host={host: polls(timeline, host) for host in timeline.hosts},
        polls_on_nodes=polls_on_nodes(timeline),
        polls_answered=polls_answered(timeline),
        waited=waited(timeline),
        waited_by_host={host: waited_on(timeline, host) for host in timeline.hosts},
        blocked_by_host={host: blocked(timeline, host) for host in timeline.hosts},
        longest_delay=max(delays, default=None),
        ideal=ideal(timeline),
        efficiency=efficiency(timeline),
        unreachable=unreachable(timeline),
    )


def makespan(timeline: Timeline) -> float:
    """The « durée totale »: when ansible returned, or the last moment observed if it has not."""
    return timeline.end if timeline.controller_end is None else timeline.controller_end


# -- how many at once ---------------------------------------------------------------------------------------------------


def concurrency(timeline: Timeline, host: str | None = None) -> Steps:
    """How many jobs run on their nodes at each moment: all of them, or those of one host.

    Unconfirmed jobs do not count: no node shows them. A job that starts at the moment another ends does not overlap it. A job that
    has not ended counts in the last level.
    """
    spans = [(job.start, job.end) for job in timeline.jobs if job.start is not None and (host is None or job.host == host)]
    ends = [max(start, end) for start, end in spans if end is not None]
    moments, places = np.unique(np.array([0.0, *(start for start, _ in spans), *ends]), return_inverse=True)
    changes = np.bincount(places, weights=np.repeat([0, 1, -1], [1, len(spans), len(ends)]))
    return Steps(moments, np.cumsum(changes).astype(np.int64))


def busiest(timeline: Timeline) -> Steps:
    """How many jobs run at each moment on the node that runs the most."""
    curves = [concurrency(timeline, host) for host in timeline.hosts]
    moments = np.unique(np.concatenate([np.zeros(1), *(curve.t for curve in curves)]))
    count = np.zeros(len(moments), dtype=np.int64)
    for curve in curves:
        at = np.searchsorted(curve.t, moments, side="right") - 1
        count = np.maximum(count, np.where(at >= 0, curve.n[at], 0))
    return Steps(moments, count)


def peak(timeline: Timeline, host: str | None = None) -> int:
    """The most jobs that ran at once: on all nodes together, or on one host."""
    return int(concurrency(timeline, host).n.max())


# -- what polling costs -------------------------------------------------------------------------------------------------


def detection_delay(job: Job) -> float | None:
    """Seconds from a job's end on its node to the moment the controller knew. None when either is not known.

    Never negative: node and controller read two clocks, and a few milliseconds of disagreement mean no delay.
    """
    if job.end is None or job.detected is None:
        return None
    return max(0.0, job.detected - job.end)


def polls(timeline: Timeline, host: str | None = None) -> int:
    """How many looks were taken at jobs, on one host or on all."""
    return sum(host is None or poll.host == host for poll in timeline.polls)


def polls_on_nodes(timeline: Timeline) -> float:
    """Seconds that the looks took on the nodes, added up. A look that no node showed counts for nothing."""
    return sum(poll.end - poll.start for poll in timeline.polls if poll.start is not None and poll.end is not None)


def polls_answered(timeline: Timeline) -> float:
    """Seconds from each look's start on its node to the controller having the answer, added up.

    What a look costs the controller, but for its sending, which nothing shows. For ``poll: P`` the last look is followed by a second
    one, that removes the job's file before the end is told: it counts too.
    """
    return sum(max(0.0, poll.noticed - poll.start) for poll in timeline.polls if poll.start is not None)


def waited(timeline: Timeline) -> float:
    """Moments of the run, in seconds, when the controller waited on at least one host for a job that had already ended."""
    return length(span for host in timeline.hosts for span in waits(timeline, host))


def waited_on(timeline: Timeline, host: str) -> float:
    """Seconds during which the controller waited on one host for a job that had already ended."""
    return length(waits(timeline, host))


def blocked(timeline: Timeline, host: str) -> float:
    """Seconds during which the controller was busy with a host (what runs on the controller alone is left out)."""
    return length(_blocks(timeline, host))


def unreachable(timeline: Timeline) -> tuple[str, ...]:
    """Hosts that the controller lost at some moment, in inventory order."""
    lost = {block.host for block in timeline.blocks if block.outcome is Outcome.UNREACHABLE}
    return tuple(host for host in timeline.hosts if host in lost)


def _blocks(timeline: Timeline, host: str) -> list[Span]:
    return [
        (block.start, max(block.start, makespan(timeline) if block.end is None else block.end))
        for block in timeline.blocks
        if block.host == host and block.kind is not BlockKind.LOCAL
    ]


def waits(timeline: Timeline, host: str) -> list[Span]:
    """Stretches of one host's blocks spent on a job that had ended.

    A task that waits for several jobs looks at one after the other. The stretch between two looks belongs to the job looked at
    last: a job that ended long ago costs nothing while the controller rightly waits for another that still runs.
    """
    jobs = {job.id: job for job in timeline.jobs if job.host == host}
    looks: defaultdict[float, set[str]] = defaultdict(set)  # which jobs were looked at, at each moment
    for poll in timeline.polls:
        if poll.host == host and poll.job in jobs:
            looks[poll.noticed].add(poll.job)
    for job in jobs.values():
        if job.detected is not None:
            looks[job.detected].add(job.id)
    spans: list[Span] = []
    for since, until in pairwise([float("-inf"), *sorted(looks)]):
        ends = [end for name in looks[until] if (end := jobs[name].end) is not None and end < until]
        if ends:
            spans += overlaps((max(since, min(ends)), until), _blocks(timeline, host))
    return union(spans)


# -- the best that could be hoped for -----------------------------------------------------------------------------------


def one_by_one(durations: Iterable[float]) -> float:
    """Ideal makespan, in seconds, of jobs of these durations run one after the other."""
    return sum(durations)


def barrier(durations: Sequence[float], size: int) -> float:
    """Ideal makespan in batches of ``size`` (>= 1): a batch starts when every job of the batch before has ended."""
    return sum(max(durations[first : first + size]) for first in range(0, len(durations), size))


def window(durations: Iterable[float], size: int) -> float:
    """Ideal makespan with a sliding window: ``size`` (>= 1) at once, and each end lets the next start."""
    ends: list[float] = []
    for duration in durations:
        start = heapq.heappop(ends) if len(ends) == size else 0.0
        heapq.heappush(ends, start + duration)
    return max(ends, default=0.0)


def all_at_once(durations: Iterable[float]) -> float:
    """Ideal makespan of jobs that all start together."""
    return max(durations, default=0.0)


def ideal(timeline: Timeline) -> float:
    """Seconds that the jobs of a run would have taken had Ansible cost nothing.

    On each node the same jobs, in the same order, as many at once as the run itself had there at most, each end letting the next
    start; the nodes side by side. 0 when no node shows a job.
    """
    return max((window(_worked(timeline, host), max(1, peak(timeline, host))) for host in timeline.hosts), default=0.0)


def efficiency(timeline: Timeline) -> float | None:
    """The ideal's share of what the run took, from 0 to 1; None when no node shows a job that took time.

    What it took is its makespan, or the end of its last job when jobs outlive the command.
    """
    best = ideal(timeline)
    ends = [_end(job, timeline) for job in timeline.jobs if job.confirmed]
    return best / max(makespan(timeline), *ends) if best > 0 else None


def _worked(timeline: Timeline, host: str) -> list[float]:
    """Seconds that each job of a host ran within the run, in order of start."""
    jobs = sorted((job.start, _end(job, timeline)) for job in timeline.on(host) if job.start is not None)
    return [max(0.0, end - max(0.0, start)) for start, end in jobs]


def _end(job: Job, timeline: Timeline) -> float:
    return timeline.end if job.end is None else job.end


# -- spans --------------------------------------------------------------------------------------------------------------


def union(spans: Iterable[Span]) -> list[Span]:
    """The same moments as disjoint spans, in order."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def length(spans: Iterable[Span]) -> float:
    """Seconds covered by at least one span."""
    return sum((end - start for start, end in union(spans)), 0.0)


def overlaps(span: Span, spans: Iterable[Span]) -> list[Span]:
    """The parts of ``spans`` that lie within ``span``."""
    clipped = ((max(span[0], start), min(span[1], end)) for start, end in spans)
    return [(start, end) for start, end in clipped if start < end]
