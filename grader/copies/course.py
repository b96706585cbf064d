"""The exercises that copies answer, each loaded once for each draw of its values: loading one takes longer than judging a value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from grader import catalog, parameters
from grader.digest import digest
from grader.lessons import lessons
from grader.material import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from grader.spec import Exercise

_MOST_KEPT = 256  # draws


class Course:
    """Exercises by id, in the order of the lessons, then of the alphabet. One thread at a time asks it."""

    def __init__(self, root: Path = catalog.EXERCISES, only: Sequence[str] = ()) -> None:
        """``only``: the ids that are asked for; all, without any. Raises GraderError for one that is unknown or faulty."""
        self._root = root
        self._only = tuple(dict.fromkeys(only))
        self._first = {exercise_id: catalog.find(exercise_id, root) for exercise_id in _ordered(self._only or catalog.ids(root))}
        self._drawn: dict[tuple[str, str], Exercise] = {}
        self._digests = {exercise_id: digest(exercise.folder, ANSWERS) for exercise_id, exercise in self._first.items()}

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self._first)

    @property
    def asked(self) -> tuple[str, ...]:
        """The exercises that were asked for by name, in order."""
        return self.ids if self._only else ()

    def first(self, exercise_id: str) -> Exercise:
        """With the first of its values."""
        return self._first[exercise_id]

    def of(self, exercise_id: str, learner: str | None) -> Exercise:
        """As this learner has it."""
        first = self._first[exercise_id]
        if learner is None or not first.drawn:
            return first
        key = exercise_id, json.dumps(parameters.draw(exercise_id, learner, first.drawn), sort_keys=True)
        if key not in self._drawn:
            if len(self._drawn) >= _MOST_KEPT:
                self._drawn.clear()
            self._drawn[key] = catalog.find(exercise_id, self._root, learner)
        return self._drawn[key]

    def digest(self, exercise_id: str) -> str:
        """Changes with the exercise's files, its kept answers left out."""
        return self._digests[exercise_id]


def _ordered(ids: Sequence[str]) -> list[str]:
    shown = {exercise_id: place for place, exercise_id in enumerate(name for lesson in lessons() for name in lesson.exercises)}
    return sorted(ids, key=lambda exercise_id: (shown.get(exercise_id, len(shown)), exercise_id))
