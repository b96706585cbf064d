"""The chronologie in a terminal: the same lanes, in characters, while a run goes on and after it."""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.style import Style
from rich.table import Table
from rich.text import Text

from labs.timeline import cells, drawables, palette, words
from labs.timeline.cells import Axis, Row
from labs.timeline.layout import layout
from labs.timeline.model import State, Timeline
from labs.timeline.scene import Detail, Kind, Scene

if TYPE_CHECKING:
    from labs.recording import Recording

PERIOD = 1 / 8  # seconds between two frames
NARROW = 50  # columns: below, the legend is left out
AROUND = 4  # lines beside the lanes and the summary: title, seconds, curve, and the cursor's

ROLES = {
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
    """A Timeline that rich can print. ``live``: it still goes on, and must fit in the height of the terminal.

    ``summary`` replaces the sentence under the lanes.
    """

    def __init__(self, timeline: Timeline, *, live: bool = False, summary: str | None = None) -> None:
        self._timeline, self._live, self._summary = timeline, live, summary

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        scene = layout(self._timeline, live=self._live, summary=self._summary)
        said, key = paragraph(scene.summary, options.max_width), legend([scene], options.max_width)
        room = console.height - AROUND - _lines(said) if self._live else None
        names = names_width([scene], options.max_width)
        along = cells.axis(columns(names, options.max_width), first_moment(scene), scene.now, self._live)
        yield heading(scene.title, f"{words.seconds(scene.now)} …" if scene.running else "")
        lines = [line(name, row, names, console) for name, row in rows(self._timeline, scene, along, room)]
        if room is not None and len(lines) > room:
            left = len(lines) - max(0, room - 1)
            lines = [
                *lines[: max(0, room - 1)],
                Text(f"… et {left} autres nœuds : agrandissez la fenêtre pour les voir", style="dim", no_wrap=True, overflow="ellipsis"),
            ]
        yield from lines
        yield line("", cells.scale(along), names, console)
        yield line("jobs", cells.curve(scene.curve.points, along, scene.now), names, console)
        yield said
        if not self._live:
            yield from (paragraph(note, options.max_width) for note in self._timeline.notes)
        if options.max_width >= NARROW and (room is None or room >= len(lines) + _lines(key)):
            yield key


# -- pieces, which a comparison is made of too --------------------------------------------------------------------------


def height(scene: Scene) -> int:
    """The lines that all lanes take, unfolded."""
    return sum(1 + lane.rows + lane.banner for lane in scene.lanes)


def names_width(scenes: Sequence[Scene], width: int) -> int:
    """The columns that the names of nodes may take, of ``width``."""
    return min(max((len(lane.host) for scene in scenes for lane in scene.lanes), default=0), max(4, width // 4))


def columns(names: int, width: int) -> int:
    """The columns left for the axis beside the names."""
    return max(8, width - names - 1)


def first_moment(scene: Scene) -> float:
    """Where the axis begins, in seconds: at the run's start, or before it for what was already under way."""
    return min([0.0, *(item.x0 for item in scene.items)])


def rows(timeline: Timeline, scene: Scene, along: Axis, room: int | None = None) -> Iterable[tuple[str, Row]]:
    """Rows with the names to write beside them: every lane in full, or folded into one row where ``room`` lines do not hold them."""
    if scene.detail is Detail.STRIPS or (room is not None and height(scene) > room):
        yield from _folded(timeline, scene, along)
        return
    for number, lane in enumerate(scene.lanes):
        items = [item for item in scene.items if item.lane == number]
        painted = cells.lane(items, lane.rows, along, scene.now, lane.banner)
        yield from zip([lane.host, *[""] * (len(painted) - 1)], painted, strict=True)


def _folded(timeline: Timeline, scene: Scene, along: Axis) -> Iterable[tuple[str, Row]]:
    items = drawables.strips(timeline)
    most = max((item.count for item in items), default=0)
    for number, lane in enumerate(scene.lanes):
        yield lane.host, cells.strip([item for item in items if item.lane == number], most, along)


def heading(title: str, aside: str = "") -> Text:
    return Text.assemble((title, "bold"), "  " if aside else "", aside, no_wrap=True, overflow="ellipsis")


def line(name: str, row: Row, width: int, console: Console) -> Text:
    """A name and its cells. Without colours, what is written over a bar is in reverse video, as the bar itself looks."""
    short = name if len(name) <= width else f"{name[: width - 1]}…"
    text = Text(f"{short:>{width}} ", style="bold" if name else "", no_wrap=True)
    plain = console.no_color or console.color_system is None
    for (role, inside), group in groupby(row.cells, lambda cell: (cell.role, cell.inside)):
        style = ROLES[role]
        if inside:
            style = Style(reverse=True) if plain else Style(color="white", bgcolor=style.color, bold=True)
        text.append("".join(cell.text for cell in group), style)
    return text


def paragraph(text: str, width: int) -> Text:
    """Words on lines of ``width`` columns. Rich would break them at the spaces that must not be broken, too."""
    return Text("\n".join(textwrap.wrap(text, width, break_on_hyphens=False)), no_wrap=True)


def _lines(text: Text) -> int:
    return text.plain.count("\n") + 1


def legend(scenes: Sequence[Scene], width: int) -> Text:
    """What the characters stand for, those that are there."""
    shown = {item.kind for scene in scenes for item in scene.items}
    return keys(((mark, ROLES[role], name) for kind, mark, role, name in _LEGEND if kind in shown), width)


def keys(entries: Iterable[tuple[str, Style, str]], width: int) -> Text:
    """Marks and their names, on as many lines of ``width`` columns as they need, none cut from its mark."""
    lines: list[Text] = []
    for mark, style, name in entries:
        entry = Text.assemble((mark, style), f" {name}", no_wrap=True)
        if lines and lines[-1].cell_len + 3 + entry.cell_len <= width:
            lines[-1] = Text.assemble(lines[-1], "   ", entry, no_wrap=True)
        else:
            lines.append(entry)
    return Text("\n", no_wrap=True).join(lines)


def table(headings: Sequence[str], lines: Iterable[Sequence[str]], words_first: int = 1) -> Table:
    """A table: the first ``words_first`` columns, and a last one that holds a state, to the left; figures to the right."""
    made = Table(box=None, padding=(0, 1), pad_edge=False, header_style="bold underline")
    for number, name in enumerate(headings):
        made.add_column(name, justify="left" if number < words_first or name == words.HEADINGS[-1] else "right", vertical="bottom")
    for cells_of_line in lines:
        made.add_row(*(Text(cell) for cell in cells_of_line))
    return made
