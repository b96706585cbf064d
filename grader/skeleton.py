"""A new exercise to begin with: a copy of a small one that holds, of the kind that is wanted."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from grader.errors import GraderError
from grader.spec import FILE, Kind

SKELETONS = Path(__file__).resolve().parent / "skeletons"  # an exercise for each kind, named for it
_ID = re.compile(r"[a-z][a-z0-9-]*")


def write(folder: Path, kind: str) -> None:
    """Make the exercise ``folder``, named for itself.

    Raises GraderError when it is there already, or when its name or kind is none.
    """
    if kind not in {known.value for known in Kind}:
        raise GraderError(f"« {kind} » n'est pas un genre d'exercice.", f"Genres : {', '.join(Kind)}.")
    if not _ID.fullmatch(folder.name):
        raise GraderError(f"« {folder.name} » n'est pas un identifiant d'exercice.", "Utilisez des minuscules, des chiffres et des tirets.")
    if folder.exists():
        raise GraderError(f"{folder} existe déjà.", "Choisissez un autre identifiant, ou retirez ce dossier.")
    shutil.copytree(SKELETONS / kind, folder)
    file = folder / FILE
    file.write_text(file.read_text(encoding="utf-8").replace(f"id: {kind}", f"id: {folder.name}", 1), encoding="utf-8")
