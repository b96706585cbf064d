"""Where exercises are, and how one is had by its id."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

from grader.errors import GraderError

if TYPE_CHECKING:
    from grader.spec import Exercise

EXERCISES = Path(__file__).resolve().parent / "exercises"


def ids(root: Path = EXERCISES) -> tuple[str, ...]:
    """The ids of all exercises, in alphabetical order."""
    if not root.is_dir():
        raise GraderError(f"Il n'y a pas de dossier d'exercices à {root}.", "Vérifiez le chemin donné.")
    return tuple(sorted(file.parent.name for file in root.glob("*/exercise.yml")))


def find(exercise_id: str, root: Path = EXERCISES, learner: str | None = None) -> Exercise:
    """The exercise of this id as ``learner`` has it, its conditions and messages checked.

    Raises GraderError when there is none, ExerciseError when it is faulty.
    """
    from grader import judge, spec

    known = ids(root)
    if exercise_id not in known:
        near = difflib.get_close_matches(exercise_id, known, 1)
        remedy = f"Vouliez-vous dire « {near[0]} » ?" if near else "« grader list » les donne tous."
        raise GraderError(f"Il n'y a pas d'exercice « {exercise_id} ».", remedy)
    exercise = spec.load(root / exercise_id, learner)
    judge.verify(exercise)
    return exercise
