"""The drawables of a Timeline, each with its key, its place and its French words.

A run's past does not change: drawables of jobs, polls and blocks that are as they were come out of a cache, which keeps a frame of the
live view short.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from operator import itemgetter

from labs.timeline import metrics, words
from labs.timeline.model import Block, BlockKind, Fault, Job, Mode, Outcome, Poll, State, Timeline
from labs.timeline.scene import CONTROLLER_ROW, WHOLE_LANE, Item, Kind

_CACHE = 8192  # a few runs of a thousand jobs


@dataclass(frozen=True, slots=True)
class Share:
    """A host's part of a Timeline: all that its lane is drawn from, but for its faults."""

    jobs: tuple[Job, ...]
    polls: tuple[Poll, ...]
    blocks: tuple[tuple[Block, str], ...]  # each with the name of its task
    running: bool
    over: float | None  # when the controller ended


def shares(timeline: Timeline) -> list[Share]:
    """Deal a Timeline out to its hosts, in their order."""
    names = {task.id: task.name for task in timeline.tasks}
    jobs: dict[str, list[Job]] = {host: [] for host in timeline.hosts}
    polls: dict[str, list[Poll]] = {host: [] for host in timeline.hosts}
    blocks: dict[str, list[tuple[Block, str]]] = {host: [] for host in timeline.hosts}
    for job in timeline.jobs:
        if job.host in jobs:
            jobs[job.host].append(job)
    for poll in timeline.polls:
        if poll.host in polls:
            polls[poll.host].append(poll)
    for block in timeline.blocks:
        if block.host in blocks and block.kind is not BlockKind.LOCAL:
            blocks[block.host].append((block, names.get(block.task, "")))
    running, over = timeline.running, timeline.controller_end
    return [Share(tuple(jobs[host]), tuple(polls[host]), tuple(blocks[host]), running, over) for host in timeline.hosts]


def items(timeline: Timeline, rows: Mapping[str, int], last: float | None) -> list[Item]:
    """Return all drawables; ``last`` is where jobs and faults without an end stop, None when they still grow."""
    lanes = (lane(share, number, rows, last) for number, share in enumerate(shares(timeline)))
    return [*faults(timeline, last), *chain.from_iterable(lanes)]


def faults(timeline: Timeline, last: float | None) -> Iterable[Item]:
    """Draw what was done to the nodes."""
    lanes = {host: number for number, host in enumerate(timeline.hosts)}
    return (_fault(fault, lanes[fault.host], number, last) for number, fault in enumerate(timeline.faults) if fault.host in lanes)


def lane(share: Share, number: int, rows: Mapping[str, int], last: float | None) -> list[Item]:
    """Draw one host's share on the lane of that number."""
    made = [_block(block, number, task, share.over) for block, task in share.blocks]
    made += _jobs(share, number, rows, last)
    labels = {job.id: job.label for job in share.jobs}
    looks: Counter[str] = Counter()
    for poll in share.polls:
        looks[poll.job] += 1
        made.append(_poll(poll, number, looks[poll.job], labels.get(poll.job, "")))
    return made


def _jobs(share: Share, number: int, rows: Mapping[str, int], last: float | None) -> Iterable[Item]:
    """Draw the jobs row by row, each told where the shapes before and after it are: its label may go between them."""
    awaited = _awaited(share)
    by_row: defaultdict[int, list[tuple[float, Job]]] = defaultdict(list)
    for job in share.jobs:
        if (row := rows.get(job.id)) is None:
            continue
        if (start := _begins(job)) is not None:
            by_row[row].append((start, job))
        elif job.launched is not None:
            yield _launch(job, number, row)
    for row, jobs in by_row.items():
        jobs.sort(key=itemgetter(0))
        before = None
        for (_, job), (room, _) in zip(jobs, [*jobs[1:], (None, None)], strict=True):
            shapes = _job(job, number, row, job.id in awaited, last, before, room)
            before = shapes[-1].x1
            yield from shapes


def _begins(job: Job) -> float | None:
    """Where a job's bar begins: on its node, or where events put a job that no node shows."""
    if job.start is None and job.state is State.UNCONFIRMED:
        return _first(job.launched, job.detected)
    return job.start


def _fault(fault: Fault, lane: int, number: int, last: float | None) -> Item:
    until = _first(fault.end, last)
    return Item(
        f"f/{number}", Kind.FAULT, lane, WHOLE_LANE, fault.start, until, words.fault(fault), fault.kind.value, words.FAULTS[fault.kind]
    )


@lru_cache(_CACHE)
def _block(block: Block, lane: int, task: str, over: float | None) -> Item:
    """Draw a block; one that nothing closed ends with the controller, ``over``."""
    bad = block.outcome.value if block.outcome in {Outcome.FAILED, Outcome.UNREACHABLE} else ""
    label = "injoignable" if block.outcome is Outcome.UNREACHABLE else ""
    key = f"b/{block.host}/{block.task}/{block.kind}/{block.start:.3f}"
    return Item(key, Kind.BLOCK, lane, CONTROLLER_ROW, block.start, _first(block.end, over), words.block(block, task), bad, label)


@lru_cache(_CACHE)
def _job(  # noqa: PLR0917 -- a cached function takes its arguments by position
    job: Job, lane: int, row: int, awaited: bool, last: float | None, before: float | None, room: float | None
) -> tuple[Item, ...]:
    """Draw one job: its launch, its bar, its detection delay."""
    start, until = _begins(job) or 0.0, _first(job.end if job.confirmed else job.detected, last)
    late = job.end is not None and (awaited if job.detected is None else job.detected > job.end)
    after = job.detected if late else until
    tip, state = words.job(job), job.state.value
    bar = Item(f"j/{job.id}", Kind.JOB, lane, row, start, until, tip, state, job.label, after=after, room=room, before=before)
    launch = (_launch(job, lane, row),) if job.launched is not None else ()
    delay = (Item(f"d/{job.id}", Kind.DELAY, lane, row, job.end, job.detected, words.delay(job)),) if late and job.end is not None else ()
    return *launch, bar, *delay


def _launch(job: Job, lane: int, row: int) -> Item:
    at = job.launched or 0.0
    return Item(f"l/{job.id}", Kind.LAUNCH, lane, row, at, at, words.launch(job), target=job.start)


def _awaited(share: Share) -> set[str]:
    """Jobs that the controller waits for at this moment: the end of one of these, still unknown, is a delay that grows."""
    if not share.running:
        return set()
    waiting = [block for block, _ in share.blocks if block.end is None]
    asks, tasks = any(block.kind is BlockKind.STATUS for block in waiting), {block.task for block in waiting}
    return {job.id for job in share.jobs if (asks if job.mode is Mode.DETACHED else job.task in tasks)}


@lru_cache(_CACHE)
def _poll(poll: Poll, lane: int, number: int, label: str) -> Item:
    start = poll.noticed if poll.start is None else poll.start
    end = poll.noticed if poll.end is None else poll.end
    tip = words.poll(poll, label)
    return Item(f"p/{poll.host}/{poll.job}/{number}", Kind.POLL, lane, CONTROLLER_ROW, start, max(start, end), tip, tall=poll.finished)


def ghosts(hosts: Sequence[str], forecast: Timeline, rows: Mapping[str, Mapping[str, int]]) -> Iterable[Item]:
    """Draw another Timeline as dashed outlines, on the lanes of these hosts; ``rows`` holds the row of each job of each host."""
    lanes = {host: lane for lane, host in enumerate(hosts)}
    for number, block in enumerate(forecast.blocks):
        if block.host in lanes and block.kind is not BlockKind.LOCAL:
            tip = f"Prévision{words.NBSP}: {words.block(block, '')}"
            yield Item(
                f"gb/{number}", Kind.GHOST_BLOCK, lanes[block.host], CONTROLLER_ROW, block.start, _first(block.end, forecast.end), tip
            )
    for job in forecast.jobs:
        if job.host in lanes and job.start is not None:
            tip = f"Prévision{words.NBSP}: {words.job(job)}"
            yield Item(
                f"gj/{job.id}", Kind.GHOST_JOB, lanes[job.host], rows[job.host][job.id], job.start, _first(job.end, forecast.end), tip
            )


# -- folded lanes -------------------------------------------------------------------------------------------------------


def strips(timeline: Timeline) -> list[Item]:
    """Draw one strip a node: how many jobs run at each moment, and when the controller waited for one that had ended."""
    made: list[Item] = []
    for lane, host in enumerate(timeline.hosts):
        steps = metrics.concurrency(timeline, host)
        ends = [*steps.t[1:].tolist(), timeline.end]
        for number, (start, end, count) in enumerate(zip(steps.t.tolist(), ends, steps.n.tolist(), strict=True)):
            if count and end > start:
                tip = f"{host}{words.NBSP}: {words.counted(count, 'job')} à la fois de {words.seconds(start)} à {words.seconds(end)}"
                made.append(Item(f"s/{host}/{number}", Kind.DENSITY, lane, 0, start, end, tip, count=count))
        made += [
            Item(f"w/{host}/{number}", Kind.WAIT, lane, 0, start, end, f"{host}{words.NBSP}: attente d’un job déjà fini")
            for number, (start, end) in enumerate(metrics.waits(timeline, host))
        ]
        made += [
            Item(f"j/{job.id}", Kind.JOB, lane, 0, job.end, job.end, words.job(job), job.state.value)
            for job in timeline.on(host)
            if job.end is not None and job.state not in {State.SUCCEEDED, State.RUNNING, State.ENDED}
        ]
    return made


def _first(*moments: float | None) -> float | None:
    return next((moment for moment in moments if moment is not None), None)
