"""Where everything of a chronologie goes: a Timeline made into the one Scene that the figure and the live view both draw."""

from __future__ import annotations

import heapq
from dataclasses import replace

from labs.timeline import drawables, metrics, words
from labs.timeline.model import Job, Timeline
from labs.timeline.scene import Curve, Detail, Kind, Lane, Limit, Scene

FULL_LANES = 12  # above: rows shrink and labels give way
FULL_ROWS = 60
STRIP_LANES = 30  # above: a node folds into one density strip
STRIP_ROWS = 140
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
) -> Scene:
    """The Scene of a Timeline.

    ``forecast`` is what was foreseen: a whole Timeline, drawn behind in dashed outline, or a duration in seconds, drawn as a dashed line.
    ``ideal``, in seconds, goes into the summary. ``live`` says whether what has no end yet still grows: by default, as long as the
    controller is at work; a view that follows jobs which outlive it says True. ``summary`` replaces the sentence under the title.
    """
    live = timeline.running if live is None else live
    limit = limit or Limit()
    foreseen = metrics.makespan(forecast) if isinstance(forecast, Timeline) else forecast
    rows = _rows(timeline)
    ghost_rows = _rows(forecast) if isinstance(forecast, Timeline) else {}
    lanes = _lanes(timeline, _depths(timeline, rows), _depths(forecast, ghost_rows) if isinstance(forecast, Timeline) else {})
    detail = _detail(lanes)
    if detail is Detail.STRIPS:
        lanes = tuple(replace(lane, rows=1) for lane in lanes)
        items = drawables.strips(timeline)
    else:
        items = drawables.items(timeline, rows, None if live else timeline.end)
        items += drawables.ghosts(timeline, forecast, ghost_rows) if isinstance(forecast, Timeline) else []
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


def _lanes(timeline: Timeline, depths: dict[str, int], ghosts: dict[str, int]) -> tuple[Lane, ...]:
    announced = {fault.host for fault in timeline.faults}
    return tuple(Lane(host, max(1, depths.get(host, 0), ghosts.get(host, 0)), host in announced) for host in timeline.hosts)


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


def _rows(timeline: Timeline) -> dict[str, int]:
    """The row of each job in its lane: the first one that is free when it is launched."""
    by_host: dict[str, list[tuple[float, float, str]]] = {host: [] for host in timeline.hosts}
    for job in timeline.jobs:
        extent = _extent(job, timeline.running)
        if extent is not None and job.host in by_host:
            by_host[job.host].append((*extent, job.id))
    rows: dict[str, int] = {}
    for extents in by_host.values():
        rows |= _packed(extents)
    return rows


def _packed(extents: list[tuple[float, float, str]]) -> dict[str, int]:
    rows: dict[str, int] = {}
    busy: list[tuple[float, int]] = []  # (end, row)
    free: list[int] = []
    # Not by end: an end that becomes known later must not change who was there first.
    for start, end, name in sorted(extents, key=lambda extent: (extent[0], extent[2])):
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


def _depths(timeline: Timeline, rows: dict[str, int]) -> dict[str, int]:
    """How many rows each host needs."""
    depths: dict[str, int] = {}
    for job in timeline.jobs:
        if job.id in rows:
            depths[job.host] = max(depths.get(job.host, 0), rows[job.id] + 1)
    return depths
