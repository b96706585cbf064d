"""Where everything of a chronologie goes: a Timeline made into a Scene of drawables, with no pixel and no library.

The figure and the live view both draw this one Scene. Horizontal positions are seconds; vertical ones are a lane (a node) and a row
in it, so that a lane that gains a row moves no drawable of another. A drawable keeps its ``key`` for the whole run: the live view
sends only those that changed. ``x1`` is None for what is still under way: its end is « now ».
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from labs.timeline import metrics, words
from labs.timeline.model import Block, BlockKind, Fault, Job, Mode, Outcome, Poll, State, Timeline

CONTROLLER_ROW = -1  # the thin row on top of a lane
WHOLE_LANE = -2  # bands that cover all of a lane's rows
FULL_LANES = 12  # above: rows shrink and labels give way
FULL_ROWS = 60
STRIP_LANES = 30  # above: a node folds into one density strip
STRIP_ROWS = 140


class Kind(StrEnum):
    """What a drawable stands for; its name is also its CSS class in the live view."""

    FAULT = "fault"
    GHOST_BLOCK = "ghost-block"  # the forecast's shapes
    GHOST_JOB = "ghost-job"
    LAUNCH = "launch"
    BLOCK = "block"
    DELAY = "delay"
    JOB = "job"
    POLL = "poll"
    DENSITY = "density"  # folded lanes only
    WAIT = "wait"


class Detail(StrEnum):
    """How much room a lane has."""

    FULL = "full"
    COMPACT = "compact"
    STRIPS = "strips"


@dataclass(frozen=True, slots=True)
class Heights:
    """Heights of a lane's parts, in units of one job row."""

    controller: float
    job: float
    pad: float  # above and below a lane's rows
    banner: float  # on top of a lane that has something to announce: a cut, a frozen node

    def lane(self, lane: Lane) -> float:
        """Height of a whole lane."""
        return 2 * self.pad + self.above(lane) + self.controller + lane.rows * self.job

    def above(self, lane: Lane) -> float:
        """Height of what stands over the controller row of a lane, padding left out."""
        return self.banner if lane.banner else 0.0


@dataclass(frozen=True, slots=True)
class Lane:
    host: str
    rows: int  # job rows, at least 1
    banner: bool = False


HEIGHTS = {
    Detail.FULL: Heights(controller=0.62, job=1.0, pad=0.22, banner=0.6),
    Detail.COMPACT: Heights(controller=0.3, job=0.5, pad=0.12, banner=0.45),
    Detail.STRIPS: Heights(controller=0.0, job=0.5, pad=0.04, banner=0.0),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One drawable."""

    key: str
    kind: Kind
    lane: int
    row: int  # a job row from 0, CONTROLLER_ROW or WHOLE_LANE
    x0: float
    x1: float | None  # None: grows with the clock
    tip: str  # French: what a pointer or a screen reader is told
    state: str = ""  # State of a job; Outcome of a block that ended badly; FaultKind of a fault
    label: str = ""
    after: float | None = None  # for a job's label that does not fit in its bar: where it may begin (None: at the bar's end) ...
    room: float | None = None  # ... where the row's next job begins (None: never) ...
    before: float | None = None  # ... and where the row's previous shape ends (None: there is none)
    target: float | None = None  # for a launch: when its job started, where its hairline goes
    tall: bool = False  # for a poll: it found the end
    count: int = 0  # for a density strip: jobs at once


@dataclass(frozen=True, slots=True)
class Limit:
    """Limits set by an exercise, drawn as dotted lines."""

    per_node: int | None = None  # jobs at once on a node
    overall: int | None = None  # jobs at once on all nodes
    deadline: float | None = None  # seconds


@dataclass(frozen=True, slots=True)
class Curve:
    """The step curve under the lanes: ``points[i] = (seconds, jobs)``, each level held until the next point."""

    label: str
    points: tuple[tuple[float, int], ...]
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    title: str
    summary: str
    label: str  # the alternative text of the picture
    detail: Detail
    lanes: tuple[Lane, ...]  # the first host is on top
    items: tuple[Item, ...]  # in drawing order, the furthest behind first
    curve: Curve
    now: float  # seconds: where open drawables stand
    span: float  # seconds: where the axis must reach at least
    running: bool
    forecast: float | None = None  # seconds: the makespan that was foreseen
    deadline: float | None = None


def layout(
    timeline: Timeline,
    *,
    forecast: Timeline | float | None = None,
    limit: Limit | None = None,
    title: str | None = None,
    ideal: float | None = None,
    live: bool | None = None,
) -> Scene:
    """The Scene of a Timeline.

    ``forecast`` is what was foreseen: a whole Timeline, drawn behind in dashed outline, or a duration in seconds, drawn as a dashed line.
    ``ideal``, in seconds, goes into the summary. ``live`` says whether what has no end yet still grows: by default, as long as the
    controller is at work; a view that follows jobs which outlive it says True.
    """
    live = timeline.running if live is None else live
    limit = limit or Limit()
    foreseen = metrics.makespan(forecast) if isinstance(forecast, Timeline) else forecast
    rows = _rows(timeline)
    ghost_rows = _rows(forecast) if isinstance(forecast, Timeline) else {}
    announced = {fault.host for fault in timeline.faults}
    lanes = tuple(
        Lane(host, max(1, _depth(timeline, rows, host), _ghost_depth(forecast, ghost_rows, host)), host in announced)
        for host in timeline.hosts
    )
    detail = _detail(lanes)
    if detail is Detail.STRIPS:
        lanes = tuple(replace(lane, rows=1) for lane in lanes)
        items = _strips(timeline)
    else:
        items = [*_ghosts(timeline, forecast, ghost_rows), *_items(timeline, rows, None if live else timeline.end)]
    order = {kind: rank for rank, kind in enumerate(Kind)}
    summary = words.summary(timeline, ideal)
    name = title if title is not None else timeline.title
    return Scene(
        title=name,
        summary=summary,
        label=f"Chronologie{words.NBSP}: {name}. {summary}.",
        detail=detail,
        lanes=lanes,
        items=tuple(sorted(items, key=lambda item: order[item.kind])),
        curve=_curve(timeline, limit),
        now=timeline.end,
        span=max(timeline.end, foreseen or 0.0, limit.deadline or 0.0),
        running=live,
        forecast=foreseen,
        deadline=limit.deadline,
    )


def _detail(lanes: tuple[Lane, ...]) -> Detail:
    rows = sum(lane.rows for lane in lanes)
    if len(lanes) <= FULL_LANES and rows <= FULL_ROWS:
        return Detail.FULL
    if len(lanes) <= STRIP_LANES and rows <= STRIP_ROWS:
        return Detail.COMPACT
    return Detail.STRIPS


def _curve(timeline: Timeline, limit: Limit) -> Curve:
    if limit.per_node is not None:
        return Curve("jobs sur le nœud\nle plus chargé", _points(metrics.busiest(timeline)), limit.per_node)
    return Curve("jobs à la fois", _points(metrics.concurrency(timeline)), limit.overall)


def _points(steps: metrics.Steps) -> tuple[tuple[float, int], ...]:
    return tuple(zip(steps.t.tolist(), steps.n.tolist(), strict=True))


# -- rows ---------------------------------------------------------------------------------------------------------------


def _extent(job: Job, timeline: Timeline) -> tuple[float, float] | None:
    """The seconds that a job's shapes cover, None when nothing tells where it was.

    While the controller is at work, an end that it does not know yet keeps its row: the hatched stretch may still grow there, and
    a bar once drawn must not jump to another row.
    """
    start = _first(job.launched, job.start, job.detected)
    if start is None:
        return None
    end = _first(job.detected, None if timeline.running else job.end)
    if end is None:
        end = float("inf") if timeline.running or job.end is None else job.end
    return start, max(start, end, job.end or start)


def _rows(timeline: Timeline) -> dict[str, int]:
    """The row of each job in its lane: the first one that is free when it starts."""
    rows: dict[str, int] = {}
    for host in timeline.hosts:
        busy: list[tuple[float, int]] = []  # (end, row)
        free: list[int] = []
        opened = 0
        placed = [(extent, job.id) for job in timeline.on(host) if (extent := _extent(job, timeline)) is not None]
        for (start, end), name in sorted(placed):
            while busy and busy[0][0] <= start:
                heapq.heappush(free, heapq.heappop(busy)[1])
            if not free:
                free.append(opened)
                opened += 1
            rows[name] = heapq.heappop(free)
            heapq.heappush(busy, (end, rows[name]))
    return rows


def _depth(timeline: Timeline, rows: dict[str, int], host: str) -> int:
    return max((rows[job.id] + 1 for job in timeline.on(host) if job.id in rows), default=0)


def _ghost_depth(forecast: Timeline | float | None, rows: dict[str, int], host: str) -> int:
    return _depth(forecast, rows, host) if isinstance(forecast, Timeline) else 0


# -- drawables ----------------------------------------------------------------------------------------------------------


def _items(timeline: Timeline, rows: dict[str, int], last: float | None) -> list[Item]:
    """All drawables; ``last`` is where jobs and faults without an end stop, None when they still grow."""
    lanes = {host: lane for lane, host in enumerate(timeline.hosts)}
    names = {task.id: task.name for task in timeline.tasks}
    jobs = {job.id: job for job in timeline.jobs}
    items = [_fault(fault, lanes[fault.host], number, last) for number, fault in enumerate(timeline.faults) if fault.host in lanes]
    items += [
        _block(block, lanes[block.host], names.get(block.task, ""))
        for block in timeline.blocks
        if block.host in lanes and block.kind is not BlockKind.LOCAL
    ]
    awaited = _awaited(timeline)
    for job in timeline.jobs:
        if job.id in rows:
            items += _job(job, lanes[job.host], rows[job.id], awaited, last)
    looks: defaultdict[tuple[str, str], int] = defaultdict(int)
    for poll in timeline.polls:
        if poll.host in lanes:
            looks[poll.host, poll.job] += 1
            label = jobs[poll.job].label if poll.job in jobs else ""
            items.append(_poll(poll, lanes[poll.host], looks[poll.host, poll.job], label))
    return _with_room(items)


def _fault(fault: Fault, lane: int, number: int, last: float | None) -> Item:
    until = _first(fault.end, last)
    return Item(
        f"f/{number}", Kind.FAULT, lane, WHOLE_LANE, fault.start, until, words.fault(fault), fault.kind.value, words.FAULTS[fault.kind]
    )


def _block(block: Block, lane: int, task: str) -> Item:
    bad = block.outcome.value if block.outcome in {Outcome.FAILED, Outcome.UNREACHABLE} else ""
    label = "injoignable" if block.outcome is Outcome.UNREACHABLE else ""
    key = f"b/{block.host}/{block.task}/{block.kind}/{block.start:.3f}"
    return Item(key, Kind.BLOCK, lane, CONTROLLER_ROW, block.start, block.end, words.block(block, task), bad, label)


def _job(job: Job, lane: int, row: int, awaited: set[str], last: float | None) -> Iterable[Item]:
    if job.launched is not None:
        yield Item(f"l/{job.id}", Kind.LAUNCH, lane, row, job.launched, job.launched, words.launch(job), target=job.start)
    if job.start is not None:
        until = _first(job.end, last)
        yield Item(f"j/{job.id}", Kind.JOB, lane, row, job.start, until, words.job(job), job.state.value, job.label)
    elif job.state is State.UNCONFIRMED:
        since = _first(job.launched, job.detected) or 0.0
        until = _first(job.detected, last)
        yield Item(f"j/{job.id}", Kind.JOB, lane, row, since, until, words.job(job), job.state.value, job.label)
    if job.end is not None and (job.detected is not None or job.id in awaited) and (job.detected is None or job.detected > job.end):
        yield Item(f"d/{job.id}", Kind.DELAY, lane, row, job.end, job.detected, words.delay(job))


def _awaited(timeline: Timeline) -> set[str]:
    """Jobs that the controller waits for at this moment: the end of one of these, still unknown, is a delay that grows."""
    waiting = {(block.host, block.kind) for block in timeline.blocks if block.end is None}
    tasks = {(block.host, block.task) for block in timeline.blocks if block.end is None}
    return {
        job.id
        for job in timeline.jobs
        if (job.mode is Mode.DETACHED and (job.host, BlockKind.STATUS) in waiting)
        or (job.mode is not Mode.DETACHED and (job.host, job.task) in tasks)
    }


def _poll(poll: Poll, lane: int, number: int, label: str) -> Item:
    start = poll.noticed if poll.start is None else poll.start
    end = poll.noticed if poll.end is None else poll.end
    tip = words.poll(poll, label)
    return Item(f"p/{poll.host}/{poll.job}/{number}", Kind.POLL, lane, CONTROLLER_ROW, start, max(start, end), tip, tall=poll.finished)


def _with_room(items: list[Item]) -> list[Item]:
    """Tell each job's label where it may go beside its bar: between the shapes before and after it on its row."""
    delays = {item.key[2:]: item.x1 for item in items if item.kind is Kind.DELAY}
    rows: defaultdict[tuple[int, int], list[Item]] = defaultdict(list)
    for item in items:
        if item.kind is Kind.JOB:
            rows[item.lane, item.row].append(replace(item, after=delays.get(item.key[2:], item.x1)))
    placed: dict[str, Item] = {}
    for row in rows.values():
        row.sort(key=lambda item: item.x0)
        for previous, item, following in zip([None, *row], row, [*row[1:], None], strict=False):
            placed[item.key] = replace(item, before=previous.after if previous else None, room=following.x0 if following else None)
    return [placed.get(item.key, item) for item in items]


def _ghosts(timeline: Timeline, forecast: Timeline | float | None, rows: dict[str, int]) -> Iterable[Item]:
    if not isinstance(forecast, Timeline):
        return
    lanes = {host: lane for lane, host in enumerate(timeline.hosts)}
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
                f"gj/{job.id}",
                Kind.GHOST_JOB,
                lanes[job.host],
                rows[job.id],
                job.start,
                _first(job.end, forecast.end),
                tip,
                label=job.label,
            )


# -- folded lanes -------------------------------------------------------------------------------------------------------


def _strips(timeline: Timeline) -> list[Item]:
    """One strip a node: how many jobs run at each moment, and when the controller waited for one that had ended."""
    items: list[Item] = []
    for lane, host in enumerate(timeline.hosts):
        steps = metrics.concurrency(timeline, host)
        ends = [*steps.t[1:].tolist(), timeline.end]
        for number, (start, end, count) in enumerate(zip(steps.t.tolist(), ends, steps.n.tolist(), strict=True)):
            if count and end > start:
                tip = f"{host}{words.NBSP}: {words.counted(count, 'job')} à la fois de {words.seconds(start)} à {words.seconds(end)}"
                items.append(Item(f"s/{host}/{number}", Kind.DENSITY, lane, 0, start, end, tip, count=count))
        items += [
            Item(f"w/{host}/{number}", Kind.WAIT, lane, 0, start, end, f"{host}{words.NBSP}: attente d’un job déjà fini")
            for number, (start, end) in enumerate(metrics.waits(timeline, host))
        ]
        items += [
            Item(f"j/{job.id}", Kind.JOB, lane, 0, job.end, job.end, words.job(job), job.state.value)
            for job in timeline.on(host)
            if job.end is not None and job.state not in {State.SUCCEEDED, State.RUNNING}
        ]
    return items


def _first(*moments: float | None) -> float | None:
    return next((moment for moment in moments if moment is not None), None)
