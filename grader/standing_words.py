"""Where a learner stands, in French: the cells of a table and the sentence under it, shared by the terminal and the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grader.french import NBSP, figure, points, typeset
from labs.timeline import words

if TYPE_CHECKING:
    from datetime import datetime

    from grader.standing import ExerciseRow, LessonRow

HEADINGS = ("Leçon, exercice", "État", "Points", "Essais", "Indices", "Temps passé", "Dernière fois")
NOTHING = "–"


def lesson(row: LessonRow) -> tuple[str, ...]:
    """The cells of a lesson's line."""
    state = f"{row.done} sur {len(row.exercises)}"
    return (typeset(row.title), state, _marks(row.best, row.max), str(row.attempts), str(row.hints), _spent(row.seconds), "")


def exercise(row: ExerciseRow) -> tuple[str, ...]:
    """The cells of an exercise's line."""
    marks = NOTHING if row.best is None else _marks(row.best, row.max)
    return (typeset(row.title), state(row), marks, str(row.attempts), str(row.hints), _spent(row.seconds), _day(row.last))


def state(row: ExerciseRow) -> str:
    """A glyph and a word."""
    if row.done:
        return f"✓{NBSP}réussi"
    if row.attempts or row.hints:
        return f"…{NBSP}en cours"
    return f"○{NBSP}ouvert" if row.first else f"○{NBSP}à faire"


def total(lessons: Sequence[LessonRow]) -> str:
    """« 12 points sur 150, 1 exercice réussi sur 15, 4 essais, 2 indices, 1 h 05. »."""
    rows = [row for each in lessons for row in each.exercises]
    done = sum(row.done for row in rows)
    marks = f"{points(sum(each.best for each in lessons))} sur {figure(sum(each.max for each in lessons))}"
    counts = [_count(sum(row.attempts for row in rows), "essai"), _count(sum(row.hints for row in rows), "indice")]
    return typeset(f"{marks} ; {_count(done, 'exercice réussi', 'exercices réussis')} sur {len(rows)} ; {', '.join(counts)}.")


def _count(number: int, one: str, many: str = "") -> str:
    """In French the plural starts at two."""
    return f"{number}{NBSP}{one if number < 2 else many or one + 's'}"


def _marks(best: float, most: float) -> str:
    return f"{figure(best)}/{figure(most)}"


def _spent(seconds: float) -> str:
    return words.duration(round(seconds)) if seconds else NOTHING


def _day(moment: datetime | None) -> str:
    return moment.astimezone().strftime(f"%d/%m/%Y à{NBSP}%H{NBSP}h{NBSP}%M") if moment else NOTHING
