"""What ``grader test`` and ``grader new`` do, for those who write exercises."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from grader import proof
from grader.errors import Exit
from grader.french import figure, typeset
from labs.timeline import words

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from grader.spec import Exercise


def prove(exercises: list[Exercise], proving: Callable[[list[proof.Case]], Generator[proof.Proof]], *, as_json: bool) -> Exit:
    """Prove these exercises, telling each answer's fate as it is known; the exit code says how it went as a whole."""
    console = Console(highlight=False, quiet=as_json)
    gaps = {exercise.id: proof.gaps(exercise) for exercise in exercises}
    for exercise_id, missing in gaps.items():
        for sentence in missing:
            console.print(_line("✕", exercise_id, sentence), soft_wrap=True)
    proofs = []
    with closing(proving([case for exercise in exercises for case in proof.cases(exercise)])) as coming:
        for done in coming:
            proofs.append(done)
            console.print(_told(done), soft_wrap=True)
    held = sum(not done.problem for done in proofs)
    console.print(Text(typeset(f"{held} sur {len(proofs)} : ce qui était attendu."), style="bold"))
    if as_json:
        print(json.dumps([_document(exercise, gaps[exercise.id], proofs) for exercise in exercises], ensure_ascii=False, indent=2))
    if not all(done.judged for done in proofs):
        return Exit.NO_MARK
    return Exit.FULL_MARKS if held == len(proofs) and not any(gaps.values()) else Exit.NOT_FULL


def _told(done: proof.Proof) -> Text:
    score = "sans note" if done.report.score is None else f"{figure(done.report.score)}/{figure(done.report.max)}"
    mark = "✕" if done.problem else "✓"
    name = f"{done.case.exercise.id} {done.case.name}"
    return _line(mark, name, f"{score}, {words.duration(round(done.seconds))}", done.problem)


def _line(mark: str, name: str, said: str, problem: str = "") -> Text:
    colour = "green" if mark == "✓" else "red"
    parts: list[Any] = [(f"{mark} ", colour), (name, "bold"), typeset(f" : {said}")]
    return Text.assemble(*parts, typeset(f"\n  {problem}") if problem else "")


def _document(exercise: Exercise, gaps: list[str], proofs: list[proof.Proof]) -> dict[str, Any]:
    mine = [done for done in proofs if done.case.exercise.id == exercise.id]
    answers = [
        {
            "answer": done.case.name,
            "held": not done.problem,
            "problem": typeset(done.problem) or None,
            "score": done.report.score,
            "max": done.report.max,
            "seconds": round(done.seconds, 1),
        }
        for done in sorted(mine, key=lambda done: done.case.name)
    ]
    return {"exercise": exercise.id, "gaps": [typeset(gap) for gap in gaps], "answers": answers}


def new(folder: Path, kind: str) -> None:
    """Make an exercise's folder, and say what comes next."""
    from grader import skeleton

    skeleton.write(folder, kind)
    lines = (f"Exercice créé : {folder}", f"Adaptez ses fichiers, puis lancez « grader test {folder.name} ».")
    print(typeset("\n".join(lines)))
