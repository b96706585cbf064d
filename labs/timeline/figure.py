"""The chronologie as a matplotlib Figure: print quality, on white, for notebooks, files and feedback pages.

Only ``Figure`` objects and the Agg canvas: pyplot keeps global state and breaks in threads.
"""

from __future__ import annotations

import os

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from labs.timeline import palette, plot, words
from labs.timeline.frame import BOTTOM, CURVE_HEIGHT, LINE, ROW, WIDTH, Frame, measure, text_width, vertical
from labs.timeline.layout import layout
from labs.timeline.model import Timeline
from labs.timeline.paint import HALO, INK
from labs.timeline.scene import Curve, Limit, Scene


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
    plot.write(path, lambda: figure(timeline, **options))  # type: ignore[arg-type]


def draw(scene: Scene) -> Figure:
    """Draw a Scene on a new Figure, sized to its lanes."""
    frame = measure(scene)
    fig = Figure(figsize=(WIDTH, frame.height), facecolor="white")
    FigureCanvasAgg(fig)
    lanes = fig.add_axes(frame.box(frame.lanes_bottom, frame.lanes_height))
    below = fig.add_axes(frame.box(BOTTOM, CURVE_HEIGHT), sharex=lanes)
    _heading(fig, scene, frame)
    plot.lanes(lanes, scene, frame)
    _curve(below, scene.curve, scene, frame)
    _markers(lanes, scene, frame)
    _legend(fig, scene)
    return fig


def _heading(fig: Figure, scene: Scene, frame: Frame) -> None:
    x, top = frame.left / WIDTH, frame.height - 0.22
    fig.text(x, top / frame.height, scene.title, fontsize=11, fontweight="bold", color=INK, va="center", parse_math=False)
    for number, line in enumerate(frame.summary):
        fig.text(x, (top - LINE * (number + 1)) / frame.height, line, fontsize=9, color=INK, va="center", parse_math=False)


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
    plot.numbered(axes)
    axes.tick_params(labelsize=8.5, color="#888888", labelcolor=INK)
    plot.border(axes)


def _markers(axes: Axes, scene: Scene, frame: Frame) -> None:
    """Draw the lines across all lanes, each named on a line of its own above them."""
    for number, (at, name, color, style, order) in enumerate(vertical(scene)):
        axes.axvline(at, color=color, linestyle=style, linewidth=1.6, zorder=order)
        text = f"{name}{words.NBSP}: {words.duration(at)}"
        late = at + frame.seconds(text_width(text, 8)) > frame.start + frame.span
        y = -0.08 - number * LINE / ROW
        axes.text(at, y, text, fontsize=8, color=color, va="bottom", ha="right" if late else "left")


def _legend(fig: Figure, scene: Scene) -> None:
    handles = plot.legend([scene])
    fig.legend(
        handles=handles, loc="lower center", ncols=max(1, len(handles)), fontsize=8, frameon=False,
        handlelength=1.6, columnspacing=1.6, borderaxespad=0.25, labelcolor=INK,
    )  # fmt: skip
