"""Two to six runs on one time axis, as a matplotlib Figure: the lanes of each, the first on top, and under them where its time went."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from labs.timeline import metrics, palette, plot, words
from labs.timeline.compare import Cause
from labs.timeline.compare_words import CAUSES, LETTERS, Run, checked, rounded, title
from labs.timeline.frame import LINE, RIGHT, WIDTH, Frame, measure, text_width, wrapped
from labs.timeline.layout import layout
from labs.timeline.paint import HALO, INK
from labs.timeline.scene import Detail, Scene

ROOMY = 26  # job rows in all; above, every run is drawn compact
HEAD, HEADING, BETWEEN = 0.42, 0.26, 0.16  # inches: the figure's title, a run's name, the space under its lanes
BAR, AXIS, LEGEND = 0.3, 0.55, 0.55
GAP = 0.45  # between the lanes and the bars, where the name of the bars stands
SUMMARY, NUMBERS = 8.5, 8.0  # points
BOLD = 1.13  # times as wide as the plain text that ``text_width`` measures


@dataclass(frozen=True, slots=True)
class _Look:
    face: str
    edge: str
    ink: str
    hatch: str | None = None


LOOKS = {
    Cause.WORK: _Look(palette.CURVE, palette.CURVE, "white"),
    Cause.SLOWEST: _Look(palette.pale(palette.CURVE, 0.72), palette.CURVE, INK, "...."),
    Cause.LAUNCH: _Look("#5A5A5A", "#5A5A5A", "white"),
    Cause.WAIT: _Look("white", palette.DELAY, INK, "/////"),
    Cause.POLL: _Look(palette.CONTROLLER, palette.CONTROLLER, "white"),
    Cause.REST: _Look("#ececec", "#8a8a8a", INK),
}


def figure(runs: Sequence[Run]) -> Figure:
    """Draw two to six runs. Raises LabError for another number."""
    scenes, frames = _measured(checked(runs))
    bars = BAR * len(runs)
    height = HEAD + sum(_height(frame) for frame in frames) + GAP + bars + AXIS + LEGEND
    fig = Figure(figsize=(WIDTH, height), facecolor="white")
    FigureCanvasAgg(fig)
    fig.text(
        frames[0].left / WIDTH, 1 - 0.2 / height, title(runs), fontsize=12, fontweight="bold", color=INK, va="center", parse_math=False
    )
    bottom, shared = AXIS + LEGEND, None
    below = fig.add_axes(_box(frames[0], height, bottom, bars))
    top = height - HEAD
    for letter, run, scene, frame in zip(LETTERS, runs, scenes, frames, strict=False):
        _heading(fig, f"{letter} · {run.name}", frame, top)
        top -= HEADING + LINE * len(frame.summary) + frame.lanes_height
        shared = fig.add_axes(_box(frame, height, top, frame.lanes_height), sharex=below)
        _lanes(shared, scene, frame, metrics.makespan(run.timeline))
        top -= BETWEEN
    _bars(below, runs, frames[0])
    _legend(fig, scenes)
    return fig


def save(runs: Sequence[Run], path: str | os.PathLike[str]) -> None:
    """Draw runs into a .png, .svg or .pdf file. Raises LabError in French."""
    plot.write(path, lambda: figure(runs))


def _measured(runs: Sequence[Run]) -> tuple[list[Scene], list[Frame]]:
    """The scene of each run, and frames that agree on the axis: the same left edge, the same seconds."""
    scenes = [layout(run.timeline, live=False) for run in runs]
    if sum(lane.rows for scene in scenes for lane in scene.lanes) > ROOMY:
        scenes = [replace(scene, detail=Detail.COMPACT) if scene.detail is Detail.FULL else scene for scene in scenes]
    frames = [measure(scene) for scene in scenes]
    left, start = max(frame.left for frame in frames), min(frame.start for frame in frames)
    room = (WIDTH - left - RIGHT) * 72
    end = max(frame.start + frame.span for frame in frames)
    for run in runs:  # how long it was is written after its bar
        share = (BOLD * text_width(_total(run, runs[0]), NUMBERS) + 14) / room
        end = max(end, start + (metrics.makespan(run.timeline) - start) / (1 - share))
    return scenes, [
        replace(frame, left=left, start=start, span=end - start, summary=wrapped(scene.summary, SUMMARY, room))
        for scene, frame in zip(scenes, frames, strict=True)
    ]


def _height(frame: Frame) -> float:
    return HEADING + LINE * len(frame.summary) + frame.lanes_height + BETWEEN


def _box(frame: Frame, total: float, bottom: float, height: float) -> tuple[float, float, float, float]:
    return frame.left / WIDTH, bottom / total, (WIDTH - frame.left - RIGHT) / WIDTH, height / total


def _heading(fig: Figure, name: str, frame: Frame, top: float) -> None:
    x, height = frame.left / WIDTH, fig.get_figheight()
    fig.text(x, (top - HEADING / 2) / height, name, fontsize=10, fontweight="bold", color=INK, va="center", parse_math=False)
    for number, line in enumerate(frame.summary):
        fig.text(x, (top - HEADING - LINE * (number + 0.4)) / height, line, fontsize=SUMMARY, color=INK, va="center", parse_math=False)


def _lanes(axes: Axes, scene: Scene, frame: Frame, over: float) -> None:
    """The lanes of one run, which was ``over`` at that second."""
    plot.lanes(axes, scene, frame)
    axes.axvline(over, color="#555555", linewidth=1.0, linestyle=(0, (1, 2)), zorder=4.8)


def _bars(axes: Axes, runs: Sequence[Run], frame: Frame) -> None:
    """One bar a run, as long as it lasted, cut by cause."""
    plot.ground(axes, frame)
    axes.set_ylim(len(runs) - 0.45, -0.55)
    axes.set_yticks(range(len(runs)), LETTERS[: len(runs)], fontsize=9.5, color=INK)
    axes.tick_params(axis="x", labelsize=8.5, labelcolor=INK)
    plot.numbered(axes)
    axes.set_title("Ce qui a retenu l’exécution, additionné", fontsize=9, color=INK, loc="left", pad=5)
    for row, run in enumerate(runs):
        x = 0.0
        for cause, length in rounded(run.timeline).items():
            _segment(axes, cause, (x, row), length, frame)
            x += length
        total = _total(run, runs[0])
        axes.text(x + frame.seconds(6), row, total, fontsize=NUMBERS, fontweight="bold", color=INK, va="center", zorder=6)


def _segment(axes: Axes, cause: Cause, at: tuple[float, int], length: float, frame: Frame) -> None:
    look, (x, row) = LOOKS[cause], at
    axes.barh(row, length, left=x, height=0.62, color=look.face, edgecolor=look.edge, linewidth=0.6, hatch=look.hatch, zorder=3)
    text = words.number(length)
    if frame.points(length) > text_width(text, NUMBERS) + 5:
        note = axes.text(x + length / 2, row, text, fontsize=NUMBERS, color=look.ink, ha="center", va="center", zorder=5)
        if look.ink == INK:
            note.set_path_effects(HALO)


def _total(run: Run, first: Run) -> str:
    """How long a run was, and how far from the first."""
    length, base = (round(metrics.makespan(one.timeline), 1) for one in (run, first))
    gap = round(length - base, 1)
    return f"{words.seconds(length)} ({words.seconds(abs(gap))} de {'plus' if gap > 0 else 'moins'})" if gap else words.seconds(length)


def _legend(fig: Figure, scenes: Sequence[Scene]) -> None:
    """Two lines: what the lanes show, and what the bars are cut into."""
    height = fig.get_figheight()
    causes: list[Patch | Line2D] = [
        Patch(facecolor=look.face, edgecolor=look.edge, linewidth=0.6, hatch=look.hatch, label=CAUSES[cause])
        for cause, look in LOOKS.items()
    ]
    for number, handles in enumerate((causes, plot.legend(scenes))):
        fig.legend(
            handles=handles, loc="center", bbox_to_anchor=(0.5, (0.14 + 0.24 * number) / height), ncols=len(handles), fontsize=8,
            frameon=False, handlelength=1.6, columnspacing=1.4, borderaxespad=0, labelcolor=INK,
        )  # fmt: skip
