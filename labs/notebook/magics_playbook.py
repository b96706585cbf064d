"""``%%playbook``: a cell that is a playbook, kept in a file, run on the lab, its mistakes shown on their own lines."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from labs import paths, yaml_text
from labs.errors import LabError
from labs.inventory import write_atomically
from labs.jobs import command as commands
from labs.jobs.command import Playbook
from labs.notebook import mistakes
from labs.notebook.magics_ansible import run
from labs.notebook.pieces import NBSP
from labs.notebook.rundisplay import RunDisplay

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = re.compile(r"\w[\w.-]*")
_MARK = "# Écrit par une cellule « %%playbook » ; elle le récrit à chaque exécution. "


async def playbook(line: str, cell: str) -> None:
    display = RunDisplay()
    with display.telling():
        name, options = _read(line)
        try:
            _refuse_other_than_plays(cell)
        except yaml_text.YamlError as error:
            display.show(mistakes.told([mistakes.from_yaml(error)], _numbered(cell)))
            return
        if name:
            await _run(_kept(name, cell), options, cell, display)
        else:
            with TemporaryDirectory(prefix="contrepoint-") as folder:
                await _run(_written(Path(folder) / "playbook.yml", cell), options, cell, display)


async def _run(file: Path, options: Sequence[str], cell: str, display: RunDisplay) -> None:
    def explain(output: str) -> dict[str, str]:
        return mistakes.told(mistakes.found(output, file, _numbered(cell)), _numbered(cell))

    words = [str(file), *options]
    await run("ansible-playbook", words, Playbook.parse(shlex.join(words), paths.ROOT), display, explain)


def _read(line: str) -> tuple[str, list[str]]:
    """The name of the playbook, or nothing, and the options for ansible-playbook."""
    words = commands.words(line)
    name = words.pop(0).removesuffix(".yml") if words and not words[0].startswith("-") else ""
    if name and not _NAME.fullmatch(name):
        raise LabError(
            f"«{NBSP}{name}{NBSP}» n’est pas un nom de playbook.",
            "Un nom est fait de lettres, de chiffres, de points et de tirets, sans dossier.",
        )
    return name, words


def _refuse_other_than_plays(cell: str) -> None:
    """Raise YamlError or LabError for a text that is no list of plays, lines counted as in the cell."""
    plays = yaml_text.parse(_numbered(cell), "Le texte de la cellule")
    if plays is None:
        raise LabError(
            "La cellule est vide.", f"Écrivez un playbook sous sa première ligne{NBSP}: il commence par «{NBSP}- hosts: all{NBSP}»."
        )
    if not isinstance(plays, list):
        raise LabError(
            f"Le texte de la cellule n’est pas un playbook{NBSP}: un playbook est une liste de «{NBSP}plays{NBSP}».",
            f"Son premier élément commence par «{NBSP}- hosts:{NBSP}».",
        )


def _numbered(cell: str) -> str:
    """The cell's text with a comment for its first line: lines then have the numbers that the learner sees."""
    return f"#\n{cell}"


def _kept(name: str, cell: str) -> Path:
    """Write ``travail/playbooks/NAME.yml``. LabError when what is there was not written by such a cell, or was changed since."""
    file = paths.WORK / "playbooks" / f"{name}.yml"
    try:
        there = file.read_text(encoding="utf-8") if file.exists() else None
    except (OSError, UnicodeDecodeError):
        there = ""
    if there is not None and not _ours(there):
        raise LabError(
            f"Le fichier {file.name} du dossier {paths.WORK.name}/playbooks existe déjà, et son texte ne vient pas d’une cellule.",
            "Choisissez un autre nom, ou renommez ce fichier.",
        )
    return _written(file, cell)


def _written(file: Path, cell: str) -> Path:
    try:
        write_atomically(file, f"{_MARK}{_digest(cell)}\n{cell}")
    except OSError as error:
        raise LabError(
            f"Le playbook n’a pas pu être écrit dans {file.parent} ({error.strerror}).", "Vérifiez la place et les droits."
        ) from error
    return file


def _ours(text: str) -> bool:
    """Whether a file is as a cell wrote it, to the letter."""
    first, _, body = text.partition("\n")
    return first == f"{_MARK}{_digest(body)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
