"""How an answer looks at a job: how long it leaves the node alone before each look, whatever the looks themselves cost.

A wait that the controller was told to make can be stretched by a busy machine, never shortened: the least of several is close to what
was asked, and a verdict that rests on it does not depend on the machine's load.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor

from grader.crowd import OpenSpan

_CLOCKS = 0.1  # seconds by which an end can be seen late, and a wait therefore be seen too short
_COSTS = 1.0  # seconds: waits that differ by less are the same wait, and the cost of a visit
_BREATHLESS = 0.5  # seconds between two looks that are not separated by any wait


@dataclass(frozen=True, slots=True)
class Rhythm:
    """``first``: seconds of wait from the launch to the first look; ``step``: from one look to the next. Whole seconds, costs left out.

    ``seen``: how many looks there were.
    """

    first: float
    step: float
    seen: int

    @classmethod
    def of(cls, waits: Sequence[float]) -> Rhythm | None:
        """The rhythm of the waits before each look, in order, as the node saw them. None when nobody looked."""
        if not waits:
            return None
        first, step = waits[0], min(waits[1:], default=waits[0])
        if abs(first - step) <= _COSTS:
            first = step = min(first, step)
        return cls(whole(first), whole(step) or _BREATHLESS, len(waits))

    def looks(self, duration: float) -> int:
        """How many looks it takes to see the end of a job of ``duration`` seconds; at least as many as were seen."""
        return max(self.seen, self._looks(duration))

    def delay(self, duration: float) -> float:
        """Seconds from the end of a job of ``duration`` seconds to the look that sees it, launch and looks being free."""
        return self.first + (self._looks(duration) - 1) * self.step - duration

    def _looks(self, duration: float) -> int:
        return 1 + ceil(max(0.0, duration - self.first) / self.step)


def silences(spans: Iterable[OpenSpan], since: float, until: float) -> list[tuple[float, float]]:
    """The stretches between ``since`` and ``until``, by their start and end, that no span covers, in order."""
    found, covered = [], since
    for start, end in sorted(spans, key=lambda span: span[0]):
        found.append((covered, min(start, until)))
        covered = max(covered, until if end is None else min(end, until))
    return [(start, end) for start, end in (*found, (covered, until)) if end > start]


def longest_silence(spans: Iterable[OpenSpan], since: float, until: float) -> float:
    """How many seconds the longest of them lasts; 0 when there is none."""
    return max((end - start for start, end in silences(spans, since, until)), default=0.0)


def whole(wait: float) -> float:
    """The seconds that Ansible was told to wait: whole ones, the rest is what it costs by itself."""
    return float(floor(wait + _CLOCKS))
