"""The chronologie as a matplotlib Figure: print quality, on white, for notebooks, files and feedback pages.

Only ``Figure`` objects and the Agg canvas: pyplot keeps global state and breaks in threads. Shapes are drawn as one collection a
kind, not one artist a bar, so that a thousand jobs take well under a second.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.path import Path as Outline
from matplotlib.patheffects import AbstractPathEffect, withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from labs.errors import LabError
from labs.timeline import palette, words
from labs.timeline.layout import layout
from labs.timeline.model import State, Timeline
from labs.timeline.scene import HEIGHTS, WHOLE_LANE, Curve, Detail, Item, Kind, Lane, Limit, Scene

WIDTH = 10.0  # inches, as all lengths below
ROW = 0.27
CURVE_HEIGHT = 0.75
RIGHT = 0.2
BOTTOM = 0.74
LINE = 0.19  # a line of the summary
DPI = 150
STEPS = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)  # seconds between two ticks
FORMATS = (".png", ".svg", ".pdf")
INK = "#222222"
HALO: list[AbstractPathEffect] = [withStroke(linewidth=2.2, foreground="white")]


def figure(
    timeline: Timeline,
    *,
    forecast: Timeline | float | None = None,
    limit: Limit | None = None,
    title: str | None = None,
    ideal: float | None = None,
) -> Figure:
    """Draw a Timeline. ``forecast`` (a Timeline, or seconds), ``limit`` and ``ideal`` (seconds) are as in ``layout.layout``."""
    return draw(layout(timeline, forecast=forecast, limit=limit, title=title, ideal=ideal))


def save(timeline: Timeline, path: str | os.PathLike[str], **options: Timeline | Limit | float | str | None) -> None:
    """Draw a Timeline into a .png, .svg or .pdf file; ``options`` are those of ``figure``. Raises LabError in French."""
    target = Path(path)
    if target.suffix.lower() not in FORMATS:
        raise LabError(f"Format d’image inconnu : « {target.suffix or target.name} ».", f"Choisissez {', '.join(FORMATS)}.")
    try:
        figure(timeline, **options).savefig(target, dpi=DPI)  # type: ignore[arg-type]
    except OSError as error:
        raise LabError(f"Impossible d’écrire {target} : {error.strerror}.", "Vérifiez le dossier, les droits et la place libre.") from error


def draw(scene: Scene) -> Figure:
    """Draw a Scene on a new Figure, sized to its lanes."""
    frame = _frame(scene)
    fig = Figure(figsize=(WIDTH, frame.height), facecolor="white")
    FigureCanvasAgg(fig)
    lanes = fig.add_axes(frame.box(frame.lanes_bottom, frame.lanes_height))
    below = fig.add_axes(frame.box(BOTTOM, CURVE_HEIGHT), sharex=lanes)
    _heading(fig, scene, frame)
    _ground(lanes, scene, frame)
    _shapes(lanes, scene, frame)
    _labels(lanes, scene, frame)
    if scene.detail is not Detail.STRIPS:
        _fault_labels(lanes, scene, frame)
    _curve(below, scene.curve, scene, frame)
    _markers(lanes, scene, frame)
    _legend(fig, scene)
    return fig


@dataclass(frozen=True, slots=True)
class _Frame:
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


def _frame(scene: Scene) -> _Frame:
    heights = HEIGHTS[scene.detail]
    tops = [0.0]
    for lane in scene.lanes:
        tops.append(tops[-1] + heights.lane(lane))
    left = 0.25 + max([text_width(lane.host, _host_size(scene)) for lane in scene.lanes] + [28]) / 72
    summary = _wrapped(scene.summary, 9, (WIDTH - left - RIGHT) * 72)
    lanes_height = max(0.6, tops[-1] * ROW)
    lanes_bottom = BOTTOM + CURVE_HEIGHT + 0.12
    start = min([0.0, *(item.x0 for item in scene.items)])
    end = max([scene.span, *(item.x1 for item in scene.items if item.x1 is not None)])
    return _Frame(
        height=lanes_bottom + lanes_height + 0.42 + LINE * (len(summary) + len(_vertical(scene))),
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


# -- around the lanes ---------------------------------------------------------------------------------------------------


def _heading(fig: Figure, scene: Scene, frame: _Frame) -> None:
    x, top = frame.left / WIDTH, frame.height - 0.22
    fig.text(x, top / frame.height, scene.title, fontsize=11, fontweight="bold", color=INK, va="center")
    for number, line in enumerate(frame.summary):
        fig.text(x, (top - LINE * (number + 1)) / frame.height, line, fontsize=9, color=INK, va="center")


def _host_size(scene: Scene) -> float:
    return {Detail.FULL: 9.5, Detail.COMPACT: 8.0, Detail.STRIPS: 6.5}[scene.detail]


def _ground(axes: Axes, scene: Scene, frame: _Frame) -> None:
    axes.set_xlim(frame.start, frame.start + frame.span)
    axes.set_ylim(frame.tops[-1] or 1.0, 0.0)
    axes.xaxis.set_major_locator(MultipleLocator(tick_step(frame.span)))
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    middles = [(top + bottom) / 2 for top, bottom in zip(frame.tops, frame.tops[1:], strict=False)]
    axes.set_yticks(middles, [lane.host for lane in scene.lanes], fontsize=_host_size(scene), color=INK)
    axes.tick_params(axis="y", length=0)
    strips = scene.detail is Detail.STRIPS
    axes.hlines(frame.tops[1:-1], *axes.get_xlim(), color="#f2f2f2" if strips else "#bbbbbb", linewidth=0.4 if strips else 0.7, zorder=0.2)
    _thin(axes)


def _thin(axes: Axes) -> None:
    for side in axes.spines.values():
        side.set(color="#888888", linewidth=0.7)


def tick_step(span: float, most: int = 15) -> float:
    """The seconds between two ticks of an axis ``span`` seconds long: the first of STEPS that gives at most ``most`` ticks."""
    return next((step for step in STEPS if span / step <= most), float(STEPS[-1]))


def _curve(axes: Axes, curve: Curve, scene: Scene, frame: _Frame) -> None:
    times = [t for t, _ in curve.points] + [scene.now]
    counts = [n for _, n in curve.points] + [curve.points[-1][1]]
    axes.step(times, counts, where="post", color=palette.CURVE, linewidth=1.4)
    axes.fill_between(times, counts, step="post", color=palette.CURVE, alpha=0.15, linewidth=0)
    if curve.limit is not None:
        axes.axhline(curve.limit, color=palette.LIMIT, linestyle=":", linewidth=1.6)
        at = frame.start + frame.span - frame.seconds(4)
        text = axes.text(at, curve.limit, f"limite{words.NBSP}: {curve.limit}", fontsize=7.5, color=palette.LIMIT, ha="right", va="bottom")
        text.set_path_effects(HALO)
    axes.set_ylim(0, max([1, *counts, (curve.limit or 0)]) * 1.3)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=3, integer=True))
    axes.set_ylabel(curve.label, fontsize=8, color=INK)
    axes.set_xlabel("secondes depuis le départ", fontsize=8.5, color=INK)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.number(value, 0 if value == int(value) else 1)))
    axes.tick_params(labelsize=8.5, color="#888888", labelcolor=INK)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    _thin(axes)


def _vertical(scene: Scene) -> list[tuple[float, str, str, str, float]]:
    """Return the lines across all lanes as (seconds, name, colour, style, order): what was foreseen, and the deadline."""
    lines = []
    if scene.forecast is not None:
        lines.append((scene.forecast, "prévision", palette.FORECAST, "--", 1.2))
    if scene.deadline is not None:
        lines.append((scene.deadline, "échéance", palette.LIMIT, ":", 4.8))
    return lines


def _markers(axes: Axes, scene: Scene, frame: _Frame) -> None:
    """Draw the lines across all lanes, each named on a line of its own above them."""
    for number, (at, name, color, style, order) in enumerate(_vertical(scene)):
        axes.axvline(at, color=color, linestyle=style, linewidth=1.6, zorder=order)
        text = f"{name}{words.NBSP}: {words.duration(at)}"
        late = at + frame.seconds(text_width(text, 8)) > frame.start + frame.span
        y = -0.08 - number * LINE / ROW
        axes.text(at, y, text, fontsize=8, color=color, va="bottom", ha="right" if late else "left")


def _legend(fig: Figure, scene: Scene) -> None:
    shown = {item.kind for item in scene.items}
    handles = [handle for kind, handle in _handles(scene) if kind in shown]
    fig.legend(
        handles=handles, loc="lower center", ncols=max(1, len(handles)), fontsize=8, frameon=False,
        handlelength=1.6, columnspacing=1.6, borderaxespad=0.25, labelcolor=INK,
    )  # fmt: skip


def _handles(scene: Scene) -> Iterable[tuple[Kind, Patch | Line2D]]:
    yield Kind.BLOCK, Patch(facecolor=_pale(palette.CONTROLLER), edgecolor=palette.CONTROLLER, linewidth=0.6, label="contrôleur occupé")
    yield Kind.LAUNCH, Line2D([], [], color=INK, marker="o", markersize=4, linewidth=0, label="lancement")
    yield Kind.POLL, Line2D([], [], color=palette.CONTROLLER, marker="|", markersize=9, markeredgewidth=2.5, linewidth=0, label="sondage")
    if scene.detail is not Detail.STRIPS:
        yield Kind.JOB, Patch(facecolor=palette.STATES[State.SUCCEEDED], label="job sur son nœud")
    yield Kind.DELAY, Patch(facecolor="white", edgecolor=palette.DELAY, hatch="/////", linewidth=0.6, label="délai de détection")
    yield Kind.FAULT, Patch(facecolor=_pale(palette.LOST), edgecolor=palette.LOST, linewidth=0.6, label="panne provoquée")
    yield Kind.GHOST_JOB, Patch(facecolor="none", edgecolor=palette.FORECAST, linestyle="--", label="prévision")
    yield Kind.DENSITY, Patch(facecolor=palette.CURVE, label="jobs sur le nœud (plus foncé : plus nombreux)")
    yield Kind.WAIT, Patch(facecolor=palette.DELAY, label="attente d’un job déjà fini")


# -- the drawables ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Look:
    """How the rectangles of one kind and state are painted."""

    face: str
    edge: str
    order: float
    width: float = 0.6
    style: str = "-"
    hatch: str | None = None


@lru_cache(maxsize=64)
def _pale(color: str, by: float = 0.8) -> str:
    """Mix a colour with white: 0 leaves it, 1 gives white."""
    parts = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * by):02x}" for part in parts)


_LOOKS = {
    Kind.FAULT: _Look(_pale(palette.LOST, 0.86), palette.LOST, 0.5),
    Kind.GHOST_BLOCK: _Look("none", palette.FORECAST, 1, 1.0, "--"),
    Kind.GHOST_JOB: _Look("none", palette.FORECAST, 1, 1.0, "--"),
    Kind.BLOCK: _Look(_pale(palette.CONTROLLER), palette.CONTROLLER, 2),
    Kind.DELAY: _Look("white", palette.DELAY, 2.5, hatch="/////"),
    Kind.POLL: _Look(palette.CONTROLLER, palette.CONTROLLER, 4, 0.0),
    Kind.WAIT: _Look(palette.DELAY, "none", 3.5, 0.0),
}


def _look(item: Item, most: int) -> _Look:
    if item.kind is Kind.JOB:
        return _job_look(State(item.state))
    if item.kind is Kind.DENSITY:
        return _Look(_pale(palette.CURVE, 0.75 * (1 - item.count / most)), "none", 3, 0.0)
    if item.kind is Kind.BLOCK and item.state:
        return _Look(_pale(palette.LOST), palette.LOST, 2)
    return _LOOKS[item.kind]


def _job_look(state: State) -> _Look:
    color = palette.STATES[state]
    return _Look("white", color, 3, 1.1, ":") if state is State.UNCONFIRMED else _Look(color, color, 3, 0.4)


def _shapes(axes: Axes, scene: Scene, frame: _Frame) -> None:
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


def _box(item: Item, scene: Scene, frame: _Frame) -> tuple[tuple[float, float], ...]:
    top, bottom = frame.band(item)
    x0, x1 = item.x0, _until(item, scene)
    least = frame.seconds({Kind.POLL: 2.0, Kind.FAULT: 2.5}.get(item.kind, 0.8))
    x0 = min(x0, x1 - least)
    return (x0, top), (x1, top), (x1, bottom), (x0, bottom)


def _until(item: Item, scene: Scene) -> float:
    return max(item.x0, scene.now if item.x1 is None else item.x1)


def _launches(axes: Axes, scene: Scene, frame: _Frame) -> None:
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
    axes.add_collection(LineCollection(hairs, colors=INK, linewidths=0.6, zorder=1.5), autolim=False)
    size = 14 if scene.detail is Detail.FULL else 5
    axes.scatter([x for x, _ in dots], [y for _, y in dots], s=size, color=INK, zorder=4.5, linewidths=0)


def _glyphs(axes: Axes, scene: Scene, frame: _Frame) -> None:
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


def _labels(axes: Axes, scene: Scene, frame: _Frame) -> None:
    for item in scene.items:
        top, bottom = frame.band(item)
        y = (top + bottom) / 2
        if item.kind is Kind.BLOCK and item.label:
            _beside(axes, item.label, (_until(item, scene), y), palette.LOST, frame)
        elif item.kind is Kind.JOB and item.label and scene.detail is Detail.FULL:
            _job_label(axes, item, y, scene, frame)


def _job_label(axes: Axes, item: Item, y: float, scene: Scene, frame: _Frame) -> None:
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
        axes.text(item.x0 + frame.seconds(4), y, text, fontsize=size, color=ink, va="center", zorder=5)
    elif text := shortened(item.label, size, room_after):
        _beside(axes, text, (after, y), INK, frame)


def _beside(axes: Axes, text: str, at: tuple[float, float], color: str, frame: _Frame) -> None:
    note = axes.text(at[0] + frame.seconds(4), at[1], text, fontsize=8, color=color, va="center", zorder=5, clip_on=True)
    note.set_path_effects(HALO)


def _fault_labels(axes: Axes, scene: Scene, frame: _Frame) -> None:
    """Name the faults in the banner of their lane; one that would run into the one before is left to the table and the hover."""
    size = 8.0 if scene.detail is Detail.FULL else 6.5
    taken: dict[int, float] = {}
    for item in sorted((item for item in scene.items if item.kind is Kind.FAULT), key=lambda item: item.x0):
        width = frame.seconds(text_width(item.label, size) + 8)
        at = min(item.x0 + frame.seconds(4), frame.start + frame.span - width)
        if at >= taken.get(item.lane, frame.start):
            top, _ = frame.band(item)
            note = axes.text(at, top + 0.12, item.label, fontsize=size, color=palette.LOST, va="top", zorder=6, fontweight="bold")
            note.set_path_effects(HALO)
            taken[item.lane] = at + width


# -- text -------------------------------------------------------------------------------------------------------------


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


def _wrapped(text: str, size: float, room: float) -> tuple[str, ...]:
    """Fold a sentence made of parts into lines of at most ``room`` points, broken between two parts."""
    lines: list[str] = []
    for part in text.split(" · "):
        if lines and text_width(f"{lines[-1]} · {part}", size) <= room:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return tuple(lines)
