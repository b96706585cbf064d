"""A recorded run played again in the page: as fast as it was, four times faster, or event by event, with no lab at all.

The page is given the whole run at once and plays it alone; the kernel has no part in it afterwards.
"""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from labs.notebook import display, recordings, toolkit
from labs.notebook.live import Frames, LiveView
from labs.notebook.pieces import joined
from labs.timeline import drawables, metrics, story, words
from labs.timeline.layout import layout
from labs.timeline.model import Timeline
from labs.timeline.replay import at
from labs.timeline.scene import Curve, Detail, Kind, Scene

MOST = 600  # frames given to the page: a longer run is cut in that many equal parts
_STATIC = Path(__file__).parent / "static"


def _source(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


class Replay(anywidget.AnyWidget):
    """The widget; it needs nothing but its ``recorded`` run, as ``film`` makes it."""

    # The live view's classes, without its entry, then the player's.
    _esm = _source("chronologie.js").partition("export default")[0] + _source("replay.js")
    _css = f"{LiveView._css}\n{_source('replay.css')}"  # noqa: SLF001 -- anywidget's own name for a style sheet
    recorded = traitlets.Dict().tag(sync=True)

    def __init__(self, timeline: Timeline) -> None:
        super().__init__(recorded=film(timeline))


def replay(name: str) -> None:
    """Show the recorded run ``name`` with a player. Raises LabError when there is no such run."""
    toolkit.place(still(name), toolkit.column(Replay(recordings.load(name))))


def still(name: str) -> dict[str, Any]:
    """What stands in the notebook where no widget can: the run's figure, and how to play it."""
    ask = "Exécutez cette cellule (Maj+Entrée) pour rejouer cette exécution, sans labo."
    return joined(recordings.still(name), {"text/plain": ask, "text/html": f"<p><em>{ask}</em></p>"})


def film(timeline: Timeline) -> dict[str, Any]:
    """All that the page needs of a run: its ``motion``, and what stays of it at the end."""
    final = layout(timeline, live=False)
    return {**motion(timeline, final), "final": {"table": display.table(timeline), "figure": display.picture(timeline, final)}}


def motion(timeline: Timeline, final: Scene) -> dict[str, Any]:
    """A run whose last scene is ``final``: messages of the live view, one a moment at which the picture changes, and the story told."""
    frames = Frames()
    messages = [message for t in _moments(timeline) if (message := frames.take(_scene(timeline, final, t)))]
    return {
        "end": timeline.end,
        "peak": max((count for _, count in final.curve.points), default=0),
        "frames": messages,
        "steps": [{"t": _due(step.t, timeline), "said": step.said} for step in story.steps(timeline)],
    }


def _moments(timeline: Timeline) -> list[float]:
    known = sorted({_due(t, timeline) for t in story.moments(timeline)})
    return known if len(known) <= MOST else [timeline.end * k / MOST for k in range(MOST + 1)]


def _due(t: float, timeline: Timeline) -> float:
    """The millisecond, as messages tell time, at which what happens at ``t`` has happened."""
    return min(timeline.end, math.ceil(t * 1000) / 1000)


def _scene(timeline: Timeline, final: Scene, t: float) -> Scene:
    """The scene of a moment, in the lanes and rows of the whole run: nothing may jump while it is played."""
    if t >= timeline.end:
        return final
    known = at(timeline, t)
    rows = {item.key.partition("/")[2]: item.row for item in final.items if item.kind in {Kind.JOB, Kind.LAUNCH}}
    items = drawables.strips(known) if final.detail is Detail.STRIPS else drawables.items(known, rows, None)
    curve = metrics.concurrency(known)
    summary = words.summary(known).partition(" · ")[2]  # without its first part, the seconds elapsed: the page's clock tells them
    return replace(
        final,
        items=tuple(items),
        curve=Curve(final.curve.label, tuple(zip(curve.t.tolist(), curve.n.tolist(), strict=True))),
        now=t,
        summary=summary,
        label=f"Chronologie{words.NBSP}: {final.title}. {summary}.",
    )
