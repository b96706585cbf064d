"""The drawables of a Scene painted on matplotlib axes: one collection a kind, not one artist a bar."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.path import Path as Outline
from matplotlib.patheffects import AbstractPathEffect, withStroke

from labs.timeline import palette
from labs.timeline.frame import Frame, shortened, text_width
from labs.timeline.model import State
from labs.timeline.scene import HEIGHTS, Detail, Item, Kind, Scene

INK = "#222222"
HALO: list[AbstractPathEffect] = [withStroke(linewidth=2.2, foreground="white")]


@dataclass(frozen=True, slots=True)
class _Look:
    """How the rectangles of one kind and state are painted."""

    face: str
    edge: str
    order: float
    width: float = 0.6
    style: str = "-"
    hatch: str | None = None


_LOOKS = {
    Kind.FAULT: _Look(palette.pale(palette.LOST, 0.86), palette.LOST, 0.5),
    Kind.GHOST_BLOCK: _Look("none", palette.FORECAST, 1, 1.0, "--"),
    Kind.GHOST_JOB: _Look("none", palette.FORECAST, 1, 1.0, "--"),
    Kind.BLOCK: _Look(palette.pale(palette.CONTROLLER), palette.CONTROLLER, 2),
    Kind.DELAY: _Look("white", palette.DELAY, 2.5, hatch="/////"),
    Kind.POLL: _Look(palette.CONTROLLER, palette.CONTROLLER, 4, 0.0),
    Kind.WAIT: _Look(palette.DELAY, "none", 3.5, 0.0),
}


def _look(item: Item, most: int) -> _Look:
    if item.kind is Kind.JOB:
        return _job_look(State(item.state))
    if item.kind is Kind.DENSITY:
        return _Look(palette.pale(palette.CURVE, 0.75 * (1 - item.count / most)), "none", 3, 0.0)
    if item.kind is Kind.BLOCK and item.state:
        return _Look(palette.pale(palette.LOST), palette.LOST, 2)
    return _LOOKS[item.kind]


def _job_look(state: State) -> _Look:
    color = palette.STATES[state]
    return _Look("white", color, 3, 1.1, ":") if state is State.UNCONFIRMED else _Look(color, color, 3, 0.4)


def shapes(axes: Axes, scene: Scene, frame: Frame) -> None:
    most = max((item.count for item in scene.items), default=0)
    groups: defaultdict[_Look, list[Item]] = defaultdict(list)
    for item in scene.items:
        if item.kind is not Kind.LAUNCH and not _is_mark(item, scene):
            groups[_look(item, most)].append(item)
    for look, items in groups.items():
        boxes = [_box(item, scene, frame) for item in items]
        axes.add_collection(
            PolyCollection(
                boxes,
                facecolors=look.face,
                edgecolors=look.edge,
                linewidths=look.width,
                linestyles=look.style,
                hatch=look.hatch,
                zorder=look.order,
            ),
            autolim=False,
        )
    _launches(axes, scene, frame)
    _glyphs(axes, scene, frame)


def _is_mark(item: Item, scene: Scene) -> bool:
    """Whether a drawable is its glyph alone: a job that went wrong, on a folded lane."""
    return scene.detail is Detail.STRIPS and item.kind is Kind.JOB


def _box(item: Item, scene: Scene, frame: Frame) -> tuple[tuple[float, float], ...]:
    top, bottom = frame.band(item)
    x0, x1 = item.x0, _until(item, scene)
    least = frame.seconds({Kind.POLL: 2.0, Kind.FAULT: 2.5}.get(item.kind, 0.8))
    x0 = min(x0, x1 - least)
    return (x0, top), (x1, top), (x1, bottom), (x0, bottom)


def _until(item: Item, scene: Scene) -> float:
    return max(item.x0, scene.now if item.x1 is None else item.x1)


def _launches(axes: Axes, scene: Scene, frame: Frame) -> None:
    launches = [item for item in scene.items if item.kind is Kind.LAUNCH]
    heights = HEIGHTS[scene.detail]
    dots, hairs = [], []
    for item in launches:
        top, bottom = frame.band(item)
        y = (top + bottom) / 2
        dots.append((item.x0, y))
        if item.target is not None:
            foot = bottom + heights.controller * 0.2 + (item.row + 0.12) * heights.job
            hairs.append([(item.x0, y), (item.target, foot)])
    axes.add_collection(LineCollection(hairs, colors=INK, linewidths=0.6, zorder=2.2), autolim=False)
    size = 14 if scene.detail is Detail.FULL else 5
    axes.scatter([x for x, _ in dots], [y for _, y in dots], s=size, color=INK, zorder=4.5, linewidths=0)


def _glyphs(axes: Axes, scene: Scene, frame: Frame) -> None:
    """Draw the end glyphs, one scatter a state: white in a bar that has room for it, else in the bar's colour just after it."""
    places: defaultdict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for item in scene.items:
        if item.kind is Kind.JOB and item.state in palette.STROKES:
            top, bottom = frame.band(item)
            x1 = _until(item, scene)
            inside = glyph_inside(frame.points(x1 - item.x0)) and item.state != State.UNCONFIRMED and not _is_mark(item, scene)
            own = palette.STATES[State(item.state)]
            shift = 0.0 if _is_mark(item, scene) else frame.seconds(-7 if inside or item.state == State.UNCONFIRMED else 6)
            if inside or item.state != State.SUCCEEDED or scene.detail is not Detail.FULL:
                places[item.state, "white" if inside else own].append((x1 + shift, (top + bottom) / 2))
    size = {Detail.FULL: 26, Detail.COMPACT: 9, Detail.STRIPS: 9}[scene.detail]
    for (state, color), points in places.items():
        marks = axes.scatter(
            [x for x, _ in points], [y for _, y in points], s=size, marker=_outline(State(state)), facecolors="none", edgecolors=color,
            linewidths=1.3, zorder=5,
        )  # fmt: skip
        if color != "white":
            marks.set_path_effects(HALO)


def _outline(state: State) -> Outline:
    points = [point for stroke in palette.STROKES[state] for point in stroke]
    codes = [code for stroke in palette.STROKES[state] for code in (Outline.MOVETO, *[Outline.LINETO] * (len(stroke) - 1))]
    return Outline(points, codes)


def glyph_inside(width: float) -> bool:
    """Whether a bar of this width, in points, holds its end glyph."""
    return width >= 13


def labels(axes: Axes, scene: Scene, frame: Frame) -> None:
    for item in scene.items:
        top, bottom = frame.band(item)
        y = (top + bottom) / 2
        if item.kind is Kind.BLOCK and item.label:
            _beside(axes, item.label, (_until(item, scene), y), palette.LOST, frame)
        elif item.kind is Kind.JOB and item.label and scene.detail is Detail.FULL:
            _job_label(axes, item, y, scene, frame)


def _job_label(axes: Axes, item: Item, y: float, scene: Scene, frame: Frame) -> None:
    """Write a bar's label: inside if it fits whole, else after it, else before it where the row is free, else cut short inside."""
    size, x1 = 8.0, _until(item, scene)
    width = text_width(item.label, size)
    inside = frame.points(x1 - item.x0) - 8 - (13 if item.state in palette.STROKES else 0)
    after = max(x1, scene.now if item.after is None else item.after)
    room_after = frame.points((frame.start + frame.span if item.room is None else item.room) - after) - 10
    room_before = frame.points(item.x0 - (frame.start if item.before is None else item.before)) - 10
    if width > inside and width <= room_after:
        _beside(axes, item.label, (after, y), INK, frame)
    elif width > inside and width <= room_before:
        _beside(axes, item.label, (item.x0 - frame.seconds(width + 8), y), INK, frame)
    elif text := item.label if width <= inside else shortened(item.label, size, inside):
        ink = INK if item.state == State.UNCONFIRMED else "white"
        axes.text(item.x0 + frame.seconds(4), y, text, fontsize=size, color=ink, va="center", zorder=5, parse_math=False)
    elif text := shortened(item.label, size, room_after):
        _beside(axes, text, (after, y), INK, frame)


def _beside(axes: Axes, text: str, at: tuple[float, float], color: str, frame: Frame) -> None:
    note = axes.text(at[0] + frame.seconds(4), at[1], text, fontsize=8, color=color, va="center", zorder=5, clip_on=True, parse_math=False)
    note.set_path_effects(HALO)


def fault_labels(axes: Axes, scene: Scene, frame: Frame) -> None:
    """Name the faults in the banner of their lane; one that would run into the one before is left to the table and the hover."""
    size = 8.0 if scene.detail is Detail.FULL else 6.5
    taken: dict[int, float] = {}
    for item in sorted((item for item in scene.items if item.kind is Kind.FAULT), key=lambda item: item.x0):
        width = frame.seconds(text_width(item.label, size) + 8)
        at = min(item.x0 + frame.seconds(4), frame.start + frame.span - width)
        if at >= taken.get(item.lane, frame.start):
            top, _ = frame.band(item)
            note = axes.text(
                at, top + 0.12, item.label, fontsize=size, color=palette.LOST, va="top", zorder=6, fontweight="bold", parse_math=False
            )
            note.set_path_effects(HALO)
            taken[item.lane] = at + width
