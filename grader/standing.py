"""Where a learner stands: what was done on each exercise and in each lesson, as rows, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from grader import catalog
from grader.errors import GraderError
from grader.lessons import Lesson, lessons
from grader.progress import Attempt, Hint, Opened, Progress
from grader.spec import Exercise
from labs.inventory import write_atomically


@dataclass(frozen=True, slots=True)
class ExerciseRow:
    """One exercise. ``best`` is None as long as no answer was judged; times are in UTC, ``seconds`` is the time spent."""

    lesson: str
    exercise: str
    title: str
    best: float | None
    max: float
    attempts: int
    hints: int
    first: datetime | None
    last: datetime | None
    seconds: float

    @property
    def done(self) -> bool:
        """Whether full marks were had once."""
        return self.best is not None and self.best >= self.max


@dataclass(frozen=True, slots=True)
class LessonRow:
    """One lesson: the sums of its exercises, of which ``done`` have full marks."""

    lesson: str
    title: str
    exercises: tuple[ExerciseRow, ...]

    @property
    def best(self) -> float:
        return sum(row.best or 0 for row in self.exercises)

    @property
    def max(self) -> float:
        return sum(row.max for row in self.exercises)

    @property
    def done(self) -> int:
        return sum(row.done for row in self.exercises)

    @property
    def attempts(self) -> int:
        return sum(row.attempts for row in self.exercises)

    @property
    def hints(self) -> int:
        return sum(row.hints for row in self.exercises)

    @property
    def seconds(self) -> float:
        return sum(row.seconds for row in self.exercises)


ELSEWHERE = Lesson("", "Autres exercices", ())  # those that no lesson shows


def summary(
    progress: Progress, exercises: Iterable[Exercise] | None = None, course: Sequence[Lesson] | None = None
) -> tuple[LessonRow, ...]:
    """One row a lesson that has exercises, in the order of the course. Raises ProgressError when the progress cannot be read."""
    rows = _Rows(progress)
    known = {exercise.id: exercise for exercise in (_catalog() if exercises is None else exercises)}
    plan = {lesson: lesson.exercises for lesson in (lessons() if course is None else course)}
    shown = {exercise_id for ids in plan.values() for exercise_id in ids}
    plan[ELSEWHERE] = tuple(exercise_id for exercise_id in known if exercise_id not in shown)
    made = (
        LessonRow(lesson.name, lesson.title, tuple(rows.of(known[exercise_id], lesson) for exercise_id in ids if exercise_id in known))
        for lesson, ids in plan.items()
    )
    return tuple(row for row in made if row.exercises)


def to_json(progress: Progress) -> str:
    """All there is: the learner, where they stand, and each fact with its moment."""
    document = {
        "learner": progress.learner(),
        "lessons": [_told(row) for row in summary(progress)],
        "opened": [asdict(fact) for fact in progress.openings()],
        "attempts": [asdict(fact) for fact in progress.attempts()],
        "hints": [asdict(fact) for fact in progress.hints()],
    }
    return json.dumps(document, ensure_ascii=False, indent=2, default=datetime.isoformat) + "\n"


def to_csv(progress: Progress) -> str:
    """One line an exercise, with the names of ``ExerciseRow`` as headings."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    names = [field.name for field in fields(ExerciseRow)]
    table.writerow(names)
    for row in (row for lesson in summary(progress) for row in lesson.exercises):
        table.writerow([_cell(getattr(row, name)) for name in names])
    return text.getvalue()


def export(progress: Progress, path: Path) -> None:
    """Write all to a file: CSV or JSON, as its name ends. Raises GraderError when it is neither, or cannot be written."""
    writers = {".csv": to_csv, ".json": to_json}
    if path.suffix not in writers:
        raise GraderError(f"« {path.name} » ne finit ni par .csv ni par .json.", "Donnez au fichier l'un de ces deux suffixes.")
    try:
        write_atomically(path, writers[path.suffix](progress))
    except OSError as error:
        raise GraderError(f"{path} ne peut pas être écrit : {error.strerror}.", "Vérifiez le dossier, les droits et la place.") from error


def _catalog() -> list[Exercise]:
    """The exercises of the course; one whose file is faulty has no row, and hides no other."""
    found = []
    for exercise_id in catalog.ids():
        try:
            found.append(catalog.find(exercise_id))
        except GraderError:
            continue
    return found


class _Rows:
    """The facts of a progress, read once."""

    def __init__(self, progress: Progress) -> None:
        self._openings, self._attempts, self._hints = progress.openings(), progress.attempts(), progress.hints()

    def of(self, exercise: Exercise, lesson: Lesson) -> ExerciseRow:
        attempts = [fact for fact in self._attempts if fact.exercise == exercise.id]
        hints = [fact for fact in self._hints if fact.exercise == exercise.id]
        openings = [fact for fact in self._openings if fact.exercise == exercise.id]
        facts: list[Attempt | Hint | Opened] = [*attempts, *hints, *openings]
        moments = sorted(fact.time for fact in facts)
        return ExerciseRow(
            lesson=lesson.name,
            exercise=exercise.id,
            title=exercise.title,
            best=max((fact.score for fact in attempts if fact.score is not None), default=None),
            max=exercise.points,
            attempts=len(attempts),
            hints=len(hints),
            first=moments[0] if moments else None,
            last=moments[-1] if moments else None,
            seconds=sum(fact.seconds for fact in attempts),
        )


def _told(row: LessonRow) -> dict[str, Any]:
    sums = {name: getattr(row, name) for name in ("best", "max", "done", "attempts", "hints", "seconds")}
    return {"lesson": row.lesson, "title": row.title, **sums, "exercises": [asdict(exercise) for exercise in row.exercises]}


def _cell(value: Any) -> Any:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
