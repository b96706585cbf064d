"""Which text answers an exercise, when a copy holds several: the most trustworthy one is judged, and the others are told."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from grader.french import listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


class Origin(IntEnum):
    """Where an answer was found; the smallest is judged. The kit keeps in ``reponses/`` whatever is checked, in a panel or in a cell."""

    FOLDER = 0  # the exercise's own folder, such as travail/reponses/lots-deux/
    CELL = 1  # a cell « %%exercice »
    CHECKED = 2  # what the widget left in the notebook when it was last checked
    LOOSE = 3  # a file that bears the exercise's name, or the only one that there is


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that may be the answer to an exercise. ``where`` names its place in French; ``folder``: where what goes with it lies, if anywhere.

    ``whole``: the folder can be judged as it is, its entry having the right name and encoding. ``beside``: texts that go with it, by path.
    """

    exercise: str
    origin: Origin
    text: str
    where: str
    folder: Path | None = None
    whole: bool = False
    beside: Mapping[str, str] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """The text as far as its spaces at the ends of lines do not matter."""
        return "\n".join(line.rstrip() for line in self.text.strip().splitlines())


def chosen(candidates: Iterable[Candidate]) -> tuple[dict[str, Candidate], list[str]]:
    """The candidate that is judged for each exercise, and a French sentence for each exercise that has several different ones."""
    by_exercise: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_exercise[candidate.exercise].append(candidate)
    best, notices = {}, []
    for exercise_id, rivals in by_exercise.items():
        least = min(rival.origin for rival in rivals)
        best[exercise_id] = [rival for rival in rivals if rival.origin is least][-1]  # among cells, the last one: it ran last
        others = [rival for rival in rivals if rival.said != best[exercise_id].said]
        if others:
            notices.append(_several(exercise_id, best[exercise_id], others))
    return best, notices


def _several(exercise_id: str, best: Candidate, others: list[Candidate]) -> str:
    where = listing(dict.fromkeys(other.where for other in others))
    return f"Plusieurs réponses différentes à « {exercise_id} » : est jugée celle de {best.where}, et non celle de {where}."
