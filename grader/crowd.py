"""How many things were under way at once: arithmetic on spans of time, in seconds since the run's start."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

OpenSpan = tuple[float, float | None]  # start, end; None for what has no end yet


@dataclass(frozen=True, slots=True)
class Crowd:
    """The most at once: ``count`` of them, for the first time from ``start`` to ``end`` (None: until the end of the observation)."""

    count: int
    start: float
    end: float | None


def busiest(spans: Iterable[OpenSpan], slack: float = 0.0) -> Crowd:
    """When the most of these were under way. What starts when another ends, or up to ``slack`` seconds before, does not overlap it."""
    known = [(start, end if end is None else end - min(slack, (end - start) / 2)) for start, end in spans]
    moments = sorted({moment for span in known for moment in span if moment is not None})
    counts = {moment: sum(start <= moment and (end is None or end > moment) for start, end in known) for moment in moments}
    if not counts:
        return Crowd(0, 0.0, 0.0)
    most = max(counts.values())
    start = next(moment for moment in moments if counts[moment] == most)
    end = next((moment for moment in moments if moment > start and counts[moment] < most), None)
    return Crowd(most, start, end if end is None else end + slack)
