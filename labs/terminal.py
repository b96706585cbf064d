"""The chronologie in a terminal: the same lanes, in characters, while a run goes on and after it."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.style import Style
from rich.text import Text

from labs.timeline import cells, drawables, palette, words
from labs.timeline.cells import Axis, Row
from labs.timeline.layout import layout
from labs.timeline.model import State, Timeline
from labs.timeline.scene import Detail, Kind, Scene

if TYPE_CHECKING:
    from labs.recording import Recording

PERIOD = 1 / 8  # seconds between two frames
NARROW = 60  # columns: below, the legend is left out
AROUND = 5  # lines beside the lanes: title, seconds, curve, and two of summary

_ROLES = {
    cells.INK: Style(),
    cells.DIM: Style(dim=True),
    cells.CONTROLLER: Style(color=palette.CONTROLLER),
    cells.LATE: Style(color=palette.DELAY),
    cells.LOST: Style(color=palette.LOST, bold=True),
    cells.CURVE: Style(color=palette.CURVE),
    **{state.value: Style(color=color) for state, color in palette.STATES.items()},
}
_LEGEND = (
    (Kind.BLOCK, cells.BUSY * 2, cells.CONTROLLER, "contrôleur occupé"),
    (Kind.LAUNCH, cells.LAUNCH, cells.INK, "lancement"),
    (Kind.POLL, cells.POLL, cells.CONTROLLER, "sondage"),
    (Kind.POLL, cells.FOUND, cells.CONTROLLER, "fin trouvée"),
    (Kind.JOB, cells.FULL * 2, State.SUCCEEDED.value, "job sur son nœud"),
    (Kind.DELAY, cells.DELAY * 2, cells.LATE, "délai de détection"),
)


def drawable(console: Console) -> bool:
    """Whether lanes can be drawn there: a terminal that can move its cursor and knows our characters."""
    return sys.stdout.isatty() and console.is_terminal and not console.is_dumb_terminal and console.encoding.lower().startswith("utf")


def follow(recording: Recording, console: Console) -> None:
    """Draw a run until it is over, then leave the terminal as it was. KeyboardInterrupt goes through."""
    with Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop") as live:
        while recording.alive:
            live.update(Lanes(recording.timeline(), live=True), refresh=True)
            time.sleep(PERIOD)


class Lanes:
    """A Timeline that rich can print. ``live``: it still goes on, and must fit in the height of the terminal."""

    def __init__(self, timeline: Timeline, *, live: bool = False) -> None:
        self._timeline, self._live = timeline, live

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        scene = layout(self._timeline, live=self._live)
        yield _heading(scene)
        room = console.height - AROUND - 1 if self._live else None
        yield from self._lanes(scene, console, options.max_width, room)
        yield Text(scene.summary)
        if not self._live:
            yield from (Text(note) for note in self._timeline.notes)
        if options.max_width >= NARROW and (room is None or room > self._full_height(scene)):
            yield _legend(scene)

    def _full_height(self, scene: Scene) -> int:
        return sum(1 + lane.rows + lane.banner for lane in scene.lanes)

    def _lanes(self, scene: Scene, console: Console, width: int, room: int | None) -> Iterator[Text]:
        names = min(max((len(lane.host) for lane in scene.lanes), default=0), max(4, width // 4))
        along = cells.axis(max(8, width - names - 1), min([0.0, *(item.x0 for item in scene.items)]), scene.now, self._live)
        fits = room is None or self._full_height(scene) <= room
        rows = self._full(scene, along) if fits and scene.detail is not Detail.STRIPS else self._folded(scene, along)
        lines = [_line(name, row, names, console) for name, row in rows]
        if room is not None and len(lines) > room:
            left = len(lines) - max(0, room - 1)
            lines = [*lines[: max(0, room - 1)], Text(f"… et {left} autres nœuds : agrandissez la fenêtre pour les voir", style="dim")]
        yield from lines
        yield _line("", cells.scale(along), names, console)
        yield _line("jobs", cells.curve(scene.curve.points, along, scene.now), names, console)

    def _full(self, scene: Scene, along: Axis) -> Iterable[tuple[str, Row]]:
        for number, lane in enumerate(scene.lanes):
            items = [item for item in scene.items if item.lane == number]
            rows = cells.lane(items, lane.rows, along, scene.now, lane.banner)
            yield from zip([lane.host, *[""] * (len(rows) - 1)], rows, strict=True)

    def _folded(self, scene: Scene, along: Axis) -> Iterable[tuple[str, Row]]:
        items = drawables.strips(self._timeline)
        most = max((item.count for item in items), default=0)
        for number, lane in enumerate(scene.lanes):
            yield lane.host, cells.strip([item for item in items if item.lane == number], most, along)


def _heading(scene: Scene) -> Text:
    clock = f"{words.seconds(scene.now)} …" if scene.running else ""
    return Text.assemble((scene.title, "bold"), "  ", clock, no_wrap=True, overflow="ellipsis")


def _line(name: str, row: Row, width: int, console: Console) -> Text:
    """A node's name and its cells. Without colours, what is written over a bar is in reverse video, as the bar itself looks."""
    short = name if len(name) <= width else f"{name[: width - 1]}…"
    line = Text(f"{short:>{width}} ", style="bold" if name else "", no_wrap=True, end="\n")
    plain = console.no_color or console.color_system is None
    for (role, inside), group in groupby(row.cells, lambda cell: (cell.role, cell.inside)):
        text, style = "".join(cell.text for cell in group), _ROLES[role]
        if inside:
            style = Style(reverse=True) if plain else Style(color="white", bgcolor=style.color, bold=True)
        line.append(text, style)
    return line


def _legend(scene: Scene) -> Text:
    shown = {item.kind for item in scene.items}
    entries: Sequence[Text] = [
        Text.assemble((mark, _ROLES[role]), f" {name}".replace(" ", words.NBSP)) for kind, mark, role, name in _LEGEND if kind in shown
    ]
    return Text("   ").join(entries)
