"""The chronologie as a matplotlib Figure: print quality, on white, for notebooks, files and feedback pages.

Only ``Figure`` objects and the Agg canvas: pyplot keeps global state and breaks in threads.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

from labs.errors import LabError
from labs.timeline import paint, palette, words
from labs.timeline.frame import BOTTOM, CURVE_HEIGHT, LINE, ROW, WIDTH, Frame, host_size, measure, text_width, vertical
from labs.timeline.layout import layout
from labs.timeline.model import State, Timeline
from labs.timeline.paint import HALO, INK
from labs.timeline.scene import Curve, Detail, Kind, Limit, Scene

DPI = 150
STEPS = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)  # seconds between two ticks
FORMATS = (".png", ".svg", ".pdf")


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
    frame = measure(scene)
    fig = Figure(figsize=(WIDTH, frame.height), facecolor="white")
    FigureCanvasAgg(fig)
    lanes = fig.add_axes(frame.box(frame.lanes_bottom, frame.lanes_height))
    below = fig.add_axes(frame.box(BOTTOM, CURVE_HEIGHT), sharex=lanes)
    _heading(fig, scene, frame)
    _ground(lanes, scene, frame)
    paint.shapes(lanes, scene, frame)
    paint.labels(lanes, scene, frame)
    if scene.detail is not Detail.STRIPS:
        paint.fault_labels(lanes, scene, frame)
    _curve(below, scene.curve, scene, frame)
    _markers(lanes, scene, frame)
    _legend(fig, scene)
    return fig


def _heading(fig: Figure, scene: Scene, frame: Frame) -> None:
    x, top = frame.left / WIDTH, frame.height - 0.22
    fig.text(x, top / frame.height, scene.title, fontsize=11, fontweight="bold", color=INK, va="center")
    for number, line in enumerate(frame.summary):
        fig.text(x, (top - LINE * (number + 1)) / frame.height, line, fontsize=9, color=INK, va="center")


def _ground(axes: Axes, scene: Scene, frame: Frame) -> None:
    axes.set_xlim(frame.start, frame.start + frame.span)
    axes.set_ylim(frame.tops[-1] or 1.0, 0.0)
    axes.xaxis.set_major_locator(MultipleLocator(tick_step(frame.span)))
    axes.tick_params(axis="x", length=0, labelbottom=False)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    middles = [(top + bottom) / 2 for top, bottom in zip(frame.tops, frame.tops[1:], strict=False)]
    axes.set_yticks(middles, [lane.host for lane in scene.lanes], fontsize=host_size(scene), color=INK)
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


def _curve(axes: Axes, curve: Curve, scene: Scene, frame: Frame) -> None:
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


def _markers(axes: Axes, scene: Scene, frame: Frame) -> None:
    """Draw the lines across all lanes, each named on a line of its own above them."""
    for number, (at, name, color, style, order) in enumerate(vertical(scene)):
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
    yield (
        Kind.BLOCK,
        Patch(facecolor=palette.pale(palette.CONTROLLER), edgecolor=palette.CONTROLLER, linewidth=0.6, label="contrôleur occupé"),
    )
    yield Kind.LAUNCH, Line2D([], [], color=INK, marker="o", markersize=4, linewidth=0, label="lancement")
    yield Kind.POLL, Line2D([], [], color=palette.CONTROLLER, marker="|", markersize=9, markeredgewidth=2.5, linewidth=0, label="sondage")
    if scene.detail is not Detail.STRIPS:
        yield Kind.JOB, Patch(facecolor=palette.STATES[State.SUCCEEDED], label="job sur son nœud")
    yield Kind.DELAY, Patch(facecolor="white", edgecolor=palette.DELAY, hatch="/////", linewidth=0.6, label="délai de détection")
    yield Kind.FAULT, Patch(facecolor=palette.pale(palette.LOST), edgecolor=palette.LOST, linewidth=0.6, label="panne provoquée")
    yield Kind.GHOST_JOB, Patch(facecolor="none", edgecolor=palette.FORECAST, linestyle="--", label="prévision")
    yield Kind.DENSITY, Patch(facecolor=palette.CURVE, label="jobs sur le nœud (plus foncé : plus nombreux)")
    yield Kind.WAIT, Patch(facecolor=palette.DELAY, label="attente d’un job déjà fini")
