"""The drawables of a Scene painted as characters, for a terminal: rows of cells, each a character and what it stands for.

Nothing depends on colour: a bar's end bears the glyph of its state, detection delays are shaded, polls cross the controller's line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from labs.timeline import words
from labs.timeline.model import State
from labs.timeline.scene import CONTROLLER_ROW, Item, Kind

EIGHTHS = " ▏▎▍▌▋▊▉"
LEVELS = "▁▂▃▄▅▆▇█"
FULL, DELAY, DASH, BUSY, POLL, FOUND, LAUNCH, FAULT, GRID = "█", "▒", "┄", "─", "┼", "╋", "●", "▼", "┊"
STEPS = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)  # seconds between two ticks
SPANS = (5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 450, 600, 900, 1800, 3600, 7200)  # seconds shown while a run goes on
ROOM = 1.06  # times the seconds elapsed: the axis of a run under way always has some room left
APART = 9  # columns between two ticks at the least

# Roles of a cell, beside the states of jobs: the colour of its ink ...
INK, DIM, CONTROLLER, LATE, LOST, CURVE = "ink", "dim", "controller", "late", "lost", "curve"


@dataclass(frozen=True, slots=True)
class Cell:
    """A character and its role: one of those above, or a State. ``inside``: written over a bar of that state."""

    text: str = " "
    role: str = INK
    inside: bool = False


EMPTY = Cell()


@dataclass(frozen=True, slots=True)
class Axis:
    """Seconds along ``columns`` cells, from ``start`` to ``start + span``."""

    columns: int
    start: float
    span: float

    def at(self, t: float) -> float:
        """Where a moment falls, in columns from the left edge; within the axis."""
        return min(max(0.0, (t - self.start) / self.span * self.columns), float(self.columns))

    def column(self, t: float) -> int:
        return min(int(self.at(t)), self.columns - 1)

    def ticks(self) -> Iterable[float]:
        """The moments to name: round numbers of seconds, far enough apart."""
        most = max(1, self.columns // APART)
        step = next((step for step in STEPS if self.span / step <= most), float(STEPS[-1]))
        return (k * step for k in range(int(self.start / step), int((self.start + self.span) / step) + 1))


def axis(columns: int, first: float, now: float, running: bool) -> Axis:
    """The axis of a run: all of it, or, while it goes on, a round number of seconds that changes seldom."""
    until = next((span for span in SPANS if span >= now * ROOM), now * ROOM) if running else max(1.0, now)
    return Axis(columns, first, until - first)


@dataclass(slots=True)
class Row:
    """One line of cells along an axis."""

    axis: Axis
    cells: list[Cell] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cells = [EMPTY] * self.axis.columns

    def put(self, column: int, text: str, role: str, *, inside: bool = False) -> None:
        for k, character in enumerate(text[: max(0, self.axis.columns - column)], column):
            self.cells[k] = Cell(character, role, inside)

    def room(self, column: int) -> int:
        """How many free cells follow from a column on."""
        busy = (k for k in range(column, self.axis.columns) if self.cells[k] is not EMPTY)
        return max(0, next(busy, self.axis.columns) - column)

    def grid(self) -> None:
        """Faint marks at the ticks, where nothing stands."""
        for t in self.axis.ticks():
            if (column := self.axis.column(t)) > 0 and self.cells[column] is EMPTY:
                self.cells[column] = Cell(GRID, DIM)

    @property
    def text(self) -> str:
        return "".join(cell.text for cell in self.cells)


# -- the rows of a lane -------------------------------------------------------------------------------------------------


def lane(items: Sequence[Item], rows: int, along: Axis, now: float, banner: bool) -> list[Row]:
    """The rows of one node, from its own items: what was done to it, the controller's row, the rows of its jobs."""
    painted = [_faults([item for item in items if item.kind is Kind.FAULT], along)] if banner else []
    painted.append(_controller([item for item in items if item.row == CONTROLLER_ROW or item.kind is Kind.LAUNCH], along, now))
    shapes = [item for item in items if item.kind in {Kind.JOB, Kind.DELAY}]
    painted += [_jobs([item for item in shapes if item.row == number], along, now) for number in range(rows)]
    for row in painted:
        row.grid()
    return painted


def strip(items: Sequence[Item], most: int, along: Axis) -> Row:
    """One row for a whole node, from the items of ``drawables.strips``: the higher, the more jobs at once."""
    row = Row(along)
    for item in items:
        if item.kind is Kind.WAIT and item.x1 is not None:
            row.put(along.column(item.x0), DELAY * _width(item.x0, item.x1, along), LATE)
    for item in items:
        if item.kind is Kind.DENSITY and item.x1 is not None:
            row.put(along.column(item.x0), _level(item.count, most) * _width(item.x0, item.x1, along), CURVE)
    for item in items:
        if item.kind is Kind.JOB:
            row.put(along.column(item.x0), words.GLYPHS[State(item.state)], item.state)
    row.grid()
    return row


def curve(points: Sequence[tuple[float, int]], along: Axis, now: float) -> Row:
    """How many jobs at once, the most in each column."""
    row, most = Row(along), max((count for _, count in points), default=0)
    ends = [t for t, _ in points[1:]] + [now]
    levels = [0] * along.columns
    for (start, count), end in zip(points, ends, strict=True):
        for k in range(along.column(start), along.column(max(start, end)) + 1):
            levels[k] = max(levels[k], count)
    for k, count in enumerate(levels):
        if count:
            row.put(k, _level(count, most), CURVE)
    return row


def scale(along: Axis) -> Row:
    """The names of the ticks, in seconds."""
    row = Row(along)
    for t in along.ticks():
        name = words.number(t, 0 if t == int(t) else 1)
        column = along.column(t)
        if row.room(column) >= len(name):
            row.put(column, name, DIM)
    if row.room(along.columns - 2) == 2:
        row.put(along.columns - 1, "s", DIM)
    return row


def _level(count: int, most: int) -> str:
    return LEVELS[max(0, -(-count * len(LEVELS) // max(1, most)) - 1)]


def _width(start: float, end: float, along: Axis) -> int:
    return max(1, along.column(end) - along.column(start))


def _faults(items: Sequence[Item], along: Axis) -> Row:
    row = Row(along)
    for item in items:
        text = f"{FAULT} {item.label}"
        column = max(0, min(along.column(item.x0), along.columns - len(text)))
        if row.room(column) >= len(text):
            row.put(column, text, LOST)
    return row


def _controller(items: Sequence[Item], along: Axis, now: float) -> Row:
    row = Row(along)
    blocks = [item for item in items if item.kind is Kind.BLOCK]
    for item in blocks:
        row.put(along.column(item.x0), BUSY * _width(item.x0, _until(item, now), along), LOST if item.state else CONTROLLER)
    for item in items:
        if item.kind is Kind.POLL:
            row.put(along.column(item.x0), (FOUND if item.tall else POLL) * _width(item.x0, _until(item, now), along), CONTROLLER)
    for item in items:
        if item.kind is Kind.LAUNCH:
            row.put(along.column(item.x0), LAUNCH, INK)
    for item in blocks:
        after = along.column(_until(item, now)) + 1
        if item.label and row.room(after) >= len(item.label):
            row.put(after, item.label, LOST)
    return row


def _jobs(items: Sequence[Item], along: Axis, now: float) -> Row:
    row = Row(along)
    for item in items:
        if item.kind is Kind.DELAY:
            row.put(along.column(item.x0), DELAY * _width(item.x0, _until(item, now), along), LATE)
    jobs = [item for item in items if item.kind is Kind.JOB]
    for item in jobs:
        _bar(row, item, _until(item, now))
    for item in jobs:
        _label(row, item, _until(item, now))
    return row


def _bar(row: Row, item: Item, end: float) -> None:
    """Paint a bar to the eighth of a cell; at its end, the glyph of its state."""
    first, last = row.axis.column(item.x0), row.axis.at(end)
    whole = max(1, int(last) - first)
    row.put(first, (DASH if item.state == State.UNCONFIRMED else FULL) * whole, item.state)
    glyph = words.GLYPHS[State(item.state)]
    if glyph:
        row.put(first + whole - 1, glyph, item.state, inside=item.state != State.UNCONFIRMED)
    elif part := EIGHTHS[int((last - int(last)) * 8)].strip():
        row.put(first + whole, part, item.state)


def _label(row: Row, item: Item, end: float) -> None:
    """Write a bar's name: in it if it fits whole, else after it, else cut short in it."""
    first = row.axis.column(item.x0)
    width = max(1, int(row.axis.at(end)) - first)
    inside = width - 2 - len(words.GLYPHS[State(item.state)])
    after = first + width
    while after < row.axis.columns and row.cells[after].role == LATE:
        after += 1
    if len(item.label) > inside and row.room(after) >= len(item.label) + 2:
        row.put(after + 1, item.label, INK)
    elif inside >= min(len(item.label), 4):
        text = item.label if len(item.label) <= inside else f"{item.label[: inside - 1]}…"
        row.put(first + 1, text, item.state, inside=item.state != State.UNCONFIRMED)


def _until(item: Item, now: float) -> float:
    return max(item.x0, now if item.x1 is None else item.x1)
