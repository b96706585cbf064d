"""One page a copy, for who wrote it: the mark, what was judged and the messages, the answer, and its own chronologie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from grader import page
from grader.copies import pages
from labs.errors import LabError
from labs.timeline import store as timelines

if TYPE_CHECKING:
    from pathlib import Path

    from grader.copies.course import Course
    from grader.copies.gradebook import Cell, Row
    from grader.spec import Exercise


_NOTHING = Markup()


@dataclass(frozen=True, slots=True)
class Part:
    """One exercise on the page."""

    exercise: Exercise
    cell: Cell
    statement: Markup = _NOTHING
    report: Markup = _NOTHING
    figures: Markup = _NOTHING


def write(row: Row, course: Course, out: Path) -> Path:
    """Write the page of a copy, unless it stands already: a figure takes some time. Raises OSError."""
    path = out / pages.FEEDBACK / f"{row.slug}.html"
    digest = pages.source(row.record.model_dump_json(), *(f"{name} {course.digest(name)}" for name in row.cells))
    if not pages.stands(path, digest):
        parts = [_part(course.of(name, cell.judged.learner if cell.judged else None), cell, out) for name, cell in row.cells.items()]
        pages.render(path, "copy.html", source=digest, row=row, record=row.record, parts=parts)
    return path


def _part(exercise: Exercise, cell: Cell, out: Path) -> Part:
    if cell.judged is None:
        return Part(exercise, cell)
    # All of it is HTML that the grader makes from texts it has escaped.
    return Part(
        exercise,
        cell,
        Markup(page.markdown(exercise.statement)),  # noqa: S704
        Markup(page.report(cell.judged.report, f"Résultat de « {exercise.title} »")),  # noqa: S704
        Markup("".join(_figures(out, cell.judged.runs))),  # noqa: S704
    )


def _figures(out: Path, runs: tuple[str, ...]) -> list[str]:
    """A run whose file was taken away has no figure: its marks stand without it."""
    try:
        return [page.figures([timelines.read(out / run) for run in runs])]
    except LabError:
        return []
