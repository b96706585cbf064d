"""What an answer that nobody vouches for may not hold: refused by its sight alone, before anything runs."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from grader.errors import AnswerError

if TYPE_CHECKING:
    from grader.answer import Answer

# Code for the controller itself. A playbook of this course needs none, and a learner who adds some hardly does it by mistake.
CODE_SUFFIXES = {".py", ".pyc", ".so", ".egg", ".whl"}
CODE_FOLDERS = {"collections", "ansible_collections", "library", "module_utils"}
PLUGINS_ENDING = "_plugins"


def screen_path(path: Path) -> None:
    """Raise AnswerError for a path that leads elsewhere: what is there is nobody's answer."""
    if path.is_symlink():
        raise AnswerError(f"{path.name} est un lien symbolique.", "Donnez le fichier lui-même.")


def screen(answer: Answer) -> None:
    """Raise AnswerError for an answer that brings code of its own to Ansible."""
    for file in sorted(path.relative_to(answer.folder) for path in answer.folder.rglob("*")):
        if _is_code(file):
            raise AnswerError(
                f"La réponse apporte du code à Ansible lui-même ({file}).",
                "Retirez-le : un playbook et ses fichiers suffisent à l'exercice.",
            )


def _is_code(file: PurePath) -> bool:
    name = file.name.lower()
    return file.suffix.lower() in CODE_SUFFIXES or name in CODE_FOLDERS or name.endswith(PLUGINS_ENDING)
