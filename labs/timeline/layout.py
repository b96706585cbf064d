"""Where everything of a chronologie goes: a Timeline made into the one Scene that the figure and the live view both draw."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import TypeVar, cast

from labs.timeline import drawables, metrics, words
from labs.timeline.model import Job, Timeline
from labs.timeline.scene import Curve, Detail, Item, Kind, Lane, Limit, Scene

FULL_LANES = 12  # above: rows shrink and labels give way
FULL_ROWS = 60
STRIP_LANES = 30  # above: a node folds into one density strip
STRIP_ROWS = 140
R = TypeVar("R")
_ORDER = {kind: rank for rank, kind in enumerate(Kind)}


def layout(
    timeline: Timeline,
    *,
    forecast: Timeline | float | None = None,
    limit: Limit | None = None,
    title: str | None = None,
    ideal: float | None = None,
    live: bool | None = None,
    summary: str | None = None,
    memory: Memory | None = None,
) -> Scene:
    """The Scene of a Timeline.

    ``forecast`` is what was foreseen: a whole Timeline, drawn behind in dashed outline, or a duration in seconds, drawn as a dashed line.
    ``ideal``, in seconds, goes into the summary. ``live`` says whether what has no end yet still grows: by default, as long as the
    controller is at work; a view that follows jobs which outlive it says True. ``summary`` replaces the sentence under the title.
    ``memory`` makes the moments of one run quicker to lay out, one after the other.
    """
    memory = memory or Memory()
    live = timeline.running if live is None else live
    limit = limit or Limit()
    foreseen = metrics.makespan(forecast) if isinstance(forecast, Timeline) else forecast
    shares = drawables.shares(timeline)
    rows = [memory.recall(host, _packed, share.jobs, share.running) for host, share in zip(timeline.hosts, shares, strict=True)]
    ghosts = memory.recall("", _ghosts, timeline.hosts, forecast) if isinstance(forecast, Timeline) else _Ghosts()
    lanes = _lanes(timeline, rows, ghosts.depths)
    detail = _detail(lanes)
    if detail is Detail.STRIPS:
        lanes = tuple(replace(lane, rows=1) for lane in lanes)
        items = drawables.strips(timeline)
    else:
        last = None if live else timeline.end
        items = [*drawables.faults(timeline, last), *ghosts.items]
        for number, (host, share) in enumerate(zip(timeline.hosts, shares, strict=True)):
            items += memory.recall(host, drawables.lane, share, number, rows[number], last)
    summary = words.summary(timeline, ideal) if summary is None else summary
    name = timeline.title if title is None else title
    return Scene(
        title=name,
        summary=summary,
        label=f"Chronologie{words.NBSP}: {name}. {summary}.",
        detail=detail,
        lanes=lanes,
        items=tuple(sorted(items, key=lambda item: _ORDER[item.kind])),
        curve=_curve(timeline, limit),
        now=timeline.end,
        span=max(timeline.end, foreseen or 0.0, limit.deadline or 0.0),
        running=live,
        forecast=foreseen,
        deadline=limit.deadline,
    )


class Memory:
    """What is kept between two moments of a run: a lane in which nothing has happened since is laid out as it was."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, Callable[..., object]], tuple[tuple[object, ...], object]] = {}

    def recall(self, lane: str, make: Callable[..., R], *arguments: object) -> R:
        """Return ``make(*arguments)``, made for this lane only when the arguments are not those of the last time."""
        known = self._last.get((lane, make))
        if known is None or known[0] != arguments:
            known = self._last[lane, make] = (arguments, make(*arguments))
        return cast("R", known[1])


def _lanes(timeline: Timeline, rows: Sequence[Mapping[str, int]], ghosts: Mapping[str, int]) -> tuple[Lane, ...]:
    announced = {fault.host for fault in timeline.faults}
    return tuple(
        Lane(host, max(1, _depth(own), ghosts.get(host, 0)), host in announced) for host, own in zip(timeline.hosts, rows, strict=True)
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


def _packed(jobs: tuple[Job, ...], running: bool) -> dict[str, int]:
    """The row of each job of a lane: the first one that is free when it is launched."""
    extents = [(*extent, job.id) for job in jobs if (extent := _extent(job, running)) is not None]
    rows: dict[str, int] = {}
    busy: list[tuple[float, int]] = []  # (end, row)
    free: list[int] = []
    # Not by end: an end that becomes known later must not change who was there first.
    for start, end, name in sorted(extents, key=itemgetter(0, 2)):
        while busy and busy[0][0] <= start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if not free:
            free.append(len(busy))
        rows[name] = heapq.heappop(free)
        heapq.heappush(busy, (end, rows[name]))
    return rows


def _extent(job: Job, running: bool) -> tuple[float, float] | None:
    """The seconds that a job's shapes cover, None when nothing tells where it was.

    While the controller is at work, an end that it does not know yet keeps its row: the hatched stretch may still grow there, and
    a bar once drawn must not jump to another row.
    """
    start = next((moment for moment in (job.launched, job.start, job.detected) if moment is not None), None)
    if start is None:
        return None
    if job.detected is None and (running or job.end is None):
        return start, float("inf")
    return start, max(start, job.end or start, job.detected or start)


def _depth(rows: Mapping[str, int]) -> int:
    """How many rows a lane needs."""
    return max(rows.values(), default=-1) + 1


# -- the forecast -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ghosts:
    """What was foreseen, on the lanes of the run."""

    depths: Mapping[str, int] = field(default_factory=dict)  # rows that each host's lane needs for it
    items: tuple[Item, ...] = ()


def _ghosts(hosts: tuple[str, ...], forecast: Timeline) -> _Ghosts:
    rows = {host: _packed(share.jobs, share.running) for host, share in zip(forecast.hosts, drawables.shares(forecast), strict=True)}
    depths = {host: _depth(own) for host, own in rows.items()}
    return _Ghosts(depths, tuple(drawables.ghosts(hosts, forecast, rows)))
