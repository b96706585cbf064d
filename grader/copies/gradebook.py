"""The records of a class as a table: a row a copy, a cell an exercise. Everything that is written for a teacher comes from here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from grader.copies.records import Judged, Record, Status

if TYPE_CHECKING:
    from grader.copies.course import Course
    from grader.spec import Exercise

MISSING = "missing"
WORDS = {Status.GRADED: "notée", Status.REFUSED: "refusée", Status.ERROR: "non jugée", MISSING: "absente"}


class State(StrEnum):
    """How a copy stands as a whole."""

    COMPLETE = "complète"
    PARTIAL = "à vérifier"  # something is missing, refused or odd
    UNJUDGED = "non jugée"  # something could not be judged: there is no total


@dataclass(frozen=True, slots=True)
class Cell:
    """One exercise of one copy. ``score`` is 0 for an answer that is missing or refused, None for one that could not be judged."""

    status: str
    score: float | None
    max: float
    judged: Judged | None = None

    @property
    def word(self) -> str:
        return WORDS[self.status]


@dataclass(frozen=True, slots=True)
class Row:
    """One copy. ``cells`` has every exercise of the gradebook."""

    slug: str
    record: Record
    cells: Mapping[str, Cell]

    @property
    def total(self) -> float | None:
        """None when an answer could not be judged: half a total would be taken for one."""
        scores = [cell.score for cell in self.cells.values()]
        return None if any(score is None for score in scores) else sum(score for score in scores if score is not None)

    @property
    def max(self) -> float:
        return sum(cell.max for cell in self.cells.values())

    @property
    def state(self) -> State:
        statuses = {cell.status for cell in self.cells.values()}
        if Status.ERROR in statuses:
            return State.UNJUDGED
        return State.PARTIAL if statuses - {Status.GRADED} or self.record.notices else State.COMPLETE

    @property
    def remarks(self) -> list[str]:
        """What a teacher must know of this copy, in French."""
        odd = [f"{name} : {cell.word}" for name, cell in self.cells.items() if cell.status != Status.GRADED]
        return [*odd, *self.record.notices]


@dataclass(frozen=True, slots=True)
class Gradebook:
    """``exercises``: those that were asked for, or that somebody answered, in the order of the course. ``rows``: in the order of the names."""

    exercises: tuple[Exercise, ...]
    rows: tuple[Row, ...]

    @property
    def max(self) -> float:
        return sum(exercise.points for exercise in self.exercises)

    def to_json(self) -> str:
        """The same for programs; nothing in it tells when or how long anything was graded."""
        document: dict[str, Any] = {
            "format": "contrepoint/notes",
            "version": 1,
            "exercises": [{"id": exercise.id, "title": exercise.title, "max": exercise.points} for exercise in self.exercises],
            "copies": [_told(row) for row in self.rows],
        }
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def gradebook(course: Course, records: Mapping[str, Record]) -> Gradebook:
    """The table of these records, by slug."""
    answered = {name for record in records.values() for name in record.exercises}
    exercises = tuple(course.first(name) for name in course.ids if name in answered or name in course.asked)
    rows = (Row(slug, record, _cells(record, exercises)) for slug, record in records.items())
    return Gradebook(exercises, tuple(sorted(rows, key=lambda row: (row.record.name.casefold(), row.slug))))


def _cells(record: Record, exercises: Iterable[Exercise]) -> dict[str, Cell]:
    return {exercise.id: _cell(record.exercises.get(exercise.id), exercise) for exercise in exercises}


def _cell(judged: Judged | None, exercise: Exercise) -> Cell:
    if judged is None:
        return Cell(MISSING, 0, exercise.points)
    score = 0 if judged.status is Status.REFUSED else judged.report.score
    return Cell(judged.status, score, judged.report.max, judged)


def _told(row: Row) -> dict[str, Any]:
    return {
        "name": row.record.name,
        "participant": row.record.participant,
        "file": row.slug,
        "total": row.total,
        "max": row.max,
        "state": str(row.state),
        "exercises": {name: {"status": cell.status, "score": cell.score, "max": cell.max} for name, cell in row.cells.items()},
        "notices": list(row.record.notices),
    }
