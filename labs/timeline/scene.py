"""What a chronologie is made of once it is laid out: drawables in lanes, with no pixel and no library.

Horizontal positions are seconds; vertical ones are a lane (a node) and a row in it, so that a lane that gains a row moves no drawable
of another. A drawable keeps its ``key`` for the whole run: the live view sends only those that changed. ``x1`` is None for what is
still under way: its end is « now ».
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CONTROLLER_ROW = -1  # the thin row on top of a lane
WHOLE_LANE = -2  # bands that cover all of a lane's rows


class Kind(StrEnum):
    """What a drawable stands for; its name is also its CSS class in the live view."""

    FAULT = "fault"
    GHOST_BLOCK = "ghost-block"  # the forecast's shapes
    GHOST_JOB = "ghost-job"
    BLOCK = "block"
    LAUNCH = "launch"
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
    after: float | None = None  # for a job's label that does not fit in its bar: where it may begin (None: « now ») ...
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
