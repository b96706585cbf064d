"""What all figures share: the axis of seconds, the lanes' ground, the legend's entries, and the files they are written to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MultipleLocator

from labs.errors import LabError
from labs.timeline import paint, palette, words
from labs.timeline.frame import Frame, host_size
from labs.timeline.model import State
from labs.timeline.paint import INK
from labs.timeline.scene import Detail, Kind, Scene

DPI = 150
STEPS = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)  # seconds between two ticks
FORMATS = (".png", ".svg", ".pdf")


def write(path: str | os.PathLike[str], draw: Callable[[], Figure]) -> None:
    """Draw into a .png, .svg or .pdf file. Raises LabError in French, for another format before anything is drawn."""
    target = Path(path)
    refuse_format(target)
    try:
        draw().savefig(target, dpi=DPI)
    except OSError as error:
        raise LabError(f"Impossible d’écrire {target} : {error.strerror}.", "Vérifiez le dossier, les droits et la place libre.") from error


def refuse_format(path: Path) -> None:
    """Raise LabError unless the name of a file ends as a picture's."""
    if path.suffix.lower() not in FORMATS:
        raise LabError(f"Format d’image inconnu : « {path.suffix or path.name} ».", f"Choisissez {', '.join(FORMATS)}.")


def tick_step(span: float, most: int = 15) -> float:
    """The seconds between two ticks of an axis ``span`` seconds long: the first of STEPS that gives at most ``most`` ticks."""
    return next((step for step in STEPS if span / step <= most), float(STEPS[-1]))


def ground(axes: Axes, frame: Frame) -> None:
    """The seconds of a frame, as a grid without numbers, in a thin border."""
    axes.set_xlim(frame.start, frame.start + frame.span)
    axes.xaxis.set_major_locator(MultipleLocator(tick_step(frame.span)))
    axes.tick_params(axis="both", length=0)
    border(axes)


def border(axes: Axes) -> None:
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set(color="#888888", linewidth=0.7)


def numbered(axes: Axes) -> None:
    """Write the seconds under an axis."""
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: words.number(value, 0 if value == int(value) else 1)))
    axes.set_xlabel("secondes depuis le départ", fontsize=8.5, color=INK)


def lanes(axes: Axes, scene: Scene, frame: Frame) -> None:
    """The lanes of a scene, named, with all that goes in them."""
    ground(axes, frame)
    axes.set_ylim(frame.tops[-1] or 1.0, 0.0)
    axes.tick_params(axis="x", labelbottom=False)
    middles = [(top + bottom) / 2 for top, bottom in zip(frame.tops, frame.tops[1:], strict=False)]
    axes.set_yticks(middles, [lane.host for lane in scene.lanes], fontsize=host_size(scene), color=INK)
    strips = scene.detail is Detail.STRIPS
    axes.hlines(frame.tops[1:-1], *axes.get_xlim(), color="#f2f2f2" if strips else "#bbbbbb", linewidth=0.4 if strips else 0.7, zorder=0.2)
    paint.shapes(axes, scene, frame)
    paint.labels(axes, scene, frame)
    if not strips:
        paint.fault_labels(axes, scene, frame)


def legend(scenes: Sequence[Scene]) -> list[Patch | Line2D]:
    """An entry for each kind of drawable that some scene shows."""
    shown = {item.kind for scene in scenes for item in scene.items}
    if all(scene.detail is Detail.STRIPS for scene in scenes):
        shown.discard(Kind.JOB)
    return [entry for kind, entry in _entries() if kind in shown]


def _entries() -> Iterable[tuple[Kind, Patch | Line2D]]:
    yield (
        Kind.BLOCK,
        Patch(facecolor=palette.pale(palette.CONTROLLER), edgecolor=palette.CONTROLLER, linewidth=0.6, label="contrôleur occupé"),
    )
    yield Kind.LAUNCH, Line2D([], [], color=INK, marker="o", markersize=4, linewidth=0, label="lancement")
    yield Kind.POLL, Line2D([], [], color=palette.CONTROLLER, marker="|", markersize=9, markeredgewidth=2.5, linewidth=0, label="sondage")
    yield Kind.JOB, Patch(facecolor=palette.STATES[State.SUCCEEDED], label="job sur son nœud")
    yield Kind.DELAY, Patch(facecolor="white", edgecolor=palette.DELAY, hatch="/////", linewidth=0.6, label="délai de détection")
    yield Kind.FAULT, Patch(facecolor=palette.pale(palette.LOST), edgecolor=palette.LOST, linewidth=0.6, label="panne provoquée")
    yield Kind.GHOST_JOB, Patch(facecolor="none", edgecolor=palette.FORECAST, linestyle="--", label="prévision")
    yield Kind.DENSITY, Patch(facecolor=palette.CURVE, label="jobs sur le nœud (plus foncé : plus nombreux)")
    yield Kind.WAIT, Patch(facecolor=palette.DELAY, label="attente d’un job déjà fini")
