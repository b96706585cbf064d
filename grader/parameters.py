"""What varies from one learner to the next: values drawn for each, and put where the exercise's files name them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from grader.errors import ExerciseError

_MARK = re.compile(r"\[\[ ([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*) \]\]")


def draw(exercise_id: str, learner: str | None, choices: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """One value a name: always the same for one learner and one exercise, the first of each for nobody in particular."""
    return {name: values[_place(exercise_id, learner, name) % len(values)] for name, values in choices.items()}


def _place(exercise_id: str, learner: str | None, name: str) -> int:
    if learner is None:
        return 0
    return int.from_bytes(hashlib.sha256(f"{exercise_id}\n{learner}\n{name}".encode()).digest())


def fill(text: str, values: Mapping[str, Any], where: object) -> str:
    """The text with each ``[[ name ]]`` replaced, ``[[ name.key ]]`` for a value that is a table.

    Raises ExerciseError, naming ``where``, for a name that has no value.
    """

    def written(mark: re.Match[str]) -> str:
        value: Any = values
        for key in mark[1].split("."):
            if not isinstance(value, Mapping) or key not in value:
                known = ", ".join(sorted(values)) or "aucun"
                raise ExerciseError(f"{where} : « [[ {mark[1]} ]] » n'est pas un paramètre.", f"Paramètres de l'exercice : {known}.")
            value = value[key]
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    return _MARK.sub(written, text)


def fill_folder(folder: Path, values: Mapping[str, Any]) -> None:
    """The same in every text file of a folder, in place; what is no UTF-8 text is left alone."""
    for file in (found for found in folder.rglob("*") if found.is_file()):
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if _MARK.search(text):
            file.write_text(fill(text, values, file.relative_to(folder)), encoding="utf-8")
