"""The sizes of a figure: how tall, what goes where, how wide a text is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from matplotlib.font_manager import findfont, get_font

from labs.timeline import palette
from labs.timeline.scene import HEIGHTS, WHOLE_LANE, Detail, Item, Kind, Lane, Scene

WIDTH = 10.0  # inches, as all lengths below
ROW = 0.27
CURVE_HEIGHT = 0.75
RIGHT = 0.2
BOTTOM = 0.74
LINE = 0.19  # a line of the summary


@dataclass(frozen=True, slots=True)
class Frame:
    """Sizes of one figure, in inches, and where a drawable goes in them."""

    height: float
    left: float
    lanes_bottom: float
    lanes_height: float
    summary: tuple[str, ...]
    span: float  # seconds from the left edge to the right edge
    start: float  # seconds at the left edge
    tops: tuple[float, ...]  # of lanes, in rows from the top
    lanes: tuple[Lane, ...]
    detail: Detail

    def box(self, bottom: float, height: float) -> tuple[float, float, float, float]:
        return self.left / WIDTH, bottom / self.height, (WIDTH - self.left - RIGHT) / WIDTH, height / self.height

    def points(self, seconds: float) -> float:
        """Seconds along the axis as typographic points."""
        return seconds / self.span * (WIDTH - self.left - RIGHT) * 72

    def seconds(self, points: float) -> float:
        return points / 72 / (WIDTH - self.left - RIGHT) * self.span

    def band(self, item: Item) -> tuple[float, float]:
        """Top and bottom of a drawable, in rows from the top."""
        heights, top = HEIGHTS[self.detail], self.tops[item.lane]
        if item.row == WHOLE_LANE:
            return top, self.tops[item.lane + 1]
        first = top + heights.pad + heights.above(self.lanes[item.lane])
        if item.kind in _ON_CONTROLLER:
            margin = heights.controller * (0.0 if item.tall else 0.1 if item.kind is Kind.GHOST_BLOCK else 0.2)
            return first + margin, first + heights.controller - margin
        row = first + heights.controller + item.row * heights.job
        if item.kind is Kind.WAIT:
            return row + heights.job * 0.8, row + heights.job
        margin = heights.job * (0.0 if self.detail is Detail.STRIPS else 0.03 if item.kind is Kind.GHOST_JOB else 0.12)
        return row + margin, row + heights.job - margin


_ON_CONTROLLER = {Kind.BLOCK, Kind.GHOST_BLOCK, Kind.POLL, Kind.LAUNCH}


def measure(scene: Scene) -> Frame:
    heights = HEIGHTS[scene.detail]
    tops = [0.0]
    for lane in scene.lanes:
        tops.append(tops[-1] + heights.lane(lane))
    left = 0.25 + max([text_width(lane.host, host_size(scene)) for lane in scene.lanes] + [28]) / 72
    summary = wrapped(scene.summary, 9, (WIDTH - left - RIGHT) * 72)
    lanes_height = max(0.6, tops[-1] * ROW)
    lanes_bottom = BOTTOM + CURVE_HEIGHT + 0.12
    start = min([0.0, *(item.x0 for item in scene.items)])
    end = max([scene.span, *(item.x1 for item in scene.items if item.x1 is not None)])
    return Frame(
        height=lanes_bottom + lanes_height + 0.42 + LINE * (len(summary) + len(vertical(scene))),
        left=left,
        lanes_bottom=lanes_bottom,
        lanes_height=lanes_height,
        summary=summary,
        start=start,
        span=max(1.0, (end - start) * 1.02),
        tops=tuple(tops),
        lanes=scene.lanes,
        detail=scene.detail,
    )


def host_size(scene: Scene) -> float:
    return {Detail.FULL: 9.5, Detail.COMPACT: 8.0, Detail.STRIPS: 6.5}[scene.detail]


def vertical(scene: Scene) -> list[tuple[float, str, str, str, float]]:
    """Return the lines across all lanes as (seconds, name, colour, style, order): what was foreseen, and the deadline."""
    lines = []
    if scene.forecast is not None:
        lines.append((scene.forecast, "prévision", palette.FORECAST, "--", 1.2))
    if scene.deadline is not None:
        lines.append((scene.deadline, "échéance", palette.LIMIT, ":", 4.8))
    return lines


@lru_cache(maxsize=4096)
def text_width(text: str, size: float) -> float:
    """Width of a line of text in points, in matplotlib's own font."""
    font = get_font(findfont("DejaVu Sans"))
    font.set_size(size, 72)
    font.set_text(text)
    return float(font.get_width_height()[0]) / 64


def shortened(text: str, size: float, room: float) -> str:
    """Return the longest beginning of ``text`` that fits in ``room`` points, with an ellipsis; nothing under three letters."""
    for length in range(len(text) - 1, 2, -1):
        short = f"{text[:length].rstrip()}…"
        if text_width(short, size) <= room:
            return short
    return ""


def wrapped(text: str, size: float, room: float) -> tuple[str, ...]:
    """Fold a sentence made of parts into lines of at most ``room`` points, broken between two parts."""
    lines: list[str] = []
    for part in text.split(" · "):
        if lines and text_width(f"{lines[-1]} · {part}", size) <= room:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return tuple(lines)
