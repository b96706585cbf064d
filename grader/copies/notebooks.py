# mypy: disable-error-code="no-untyped-call"
# (nbformat has no types)
"""The answers that a notebook holds, read by nbformat: nothing is run, and no kernel is started."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from grader import trace
from grader.copies import texts
from grader.errors import GraderError
from grader.french import listing

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_MAGIC = re.compile(r"[ \t]*%%exercice[ \t]+(\S+)[ \t]*(?:\n|\Z)")
_NEAR = re.compile(r"^[ \t#]*%{1,2}[ \t]*ex[ae]rci[sc]es?\b[ \t]*(\S*)", re.MULTILINE | re.IGNORECASE)
_PANEL = re.compile(r"""^[ \t]*(?:\w+[ \t]*=[ \t]*)?exercise\([ \t]*["']([a-z][a-z0-9-]*)["']""", re.MULTILINE)


MOST_BYTES = 20_000_000


class NotebookError(GraderError):
    """A file that nbformat cannot read as a notebook."""


@dataclass(frozen=True, slots=True)
class Written:
    """An answer found in a notebook. ``cell``: the number of its cell, from 1. ``checked``: kept by the widget when it was last checked.

    ``beside``: what it was checked with, as far as the widget left it there.
    """

    exercise: str
    text: str
    cell: int
    checked: bool = False
    beside: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notebook:
    """``answers`` in the order of the cells; ``learners``: the ids that were met; ``panels``: the exercises shown, answered there or not."""

    answers: tuple[Written, ...]
    learners: tuple[str, ...]
    panels: tuple[str, ...]
    notices: tuple[str, ...]


def read(path: Path, exercises: Collection[str]) -> Notebook:
    """What a notebook says of these exercises. Raises NotebookError when it cannot be read."""
    cells = list(enumerate(_cells(path), start=1))
    answers, notices = [], []
    for number, cell in cells:
        found, told = _cell(number, cell, exercises)
        answers += found
        notices += told
    traces = [found for _, cell in cells for found in _traces(cell)]
    panels = [name for _, cell in cells if cell["cell_type"] == "code" for name in _PANEL.findall(cell["source"])]
    return Notebook(
        tuple(answers),
        tuple(dict.fromkeys(found.learner for found in traces if found.learner)),
        tuple(dict.fromkeys(name for name in panels if name in exercises)),
        tuple(notices),
    )


def _cells(path: Path) -> list[Any]:
    import nbformat

    if path.stat().st_size > MOST_BYTES:
        raise NotebookError("est trop gros pour un notebook.", "Effacez ses sorties, puis enregistrez-le.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # missing and duplicate ids, which change no answer
            cells = nbformat.reads(path.read_bytes().decode("utf-8-sig"), as_version=4).cells
        return [cell for cell in cells if isinstance(cell.get("source"), str) and isinstance(cell.get("cell_type"), str)]
    except Exception as error:  # noqa: BLE001 - whatever nbformat makes of a file that anyone may have written
        raise NotebookError(f"n'est pas un notebook lisible ({type(error).__name__}).", "Demandez-en un autre exemplaire.") from None


def _cell(number: int, cell: Any, exercises: Collection[str]) -> tuple[list[Written], list[str]]:
    """The answers of one cell, and what is odd about it."""
    source = texts.clean(cell["source"].replace("\r\n", "\n"))
    kept = [found for found in _traces(cell) if found.answer is not None and found.exercise in exercises]
    checked = [
        Written(found.exercise, texts.clean(found.answer or ""), number, checked=True, beside=_clean(found.beside)) for found in kept
    ]
    magic = _MAGIC.match(source.lstrip("\n"))
    if magic and cell["cell_type"] == "code":
        if magic[1] not in exercises:
            return checked, [f"la cellule {number} répond à « {magic[1][:60]} », qui n'est pas un exercice demandé : elle n'est pas jugée."]
        beside = next((found.beside for found in checked if found.exercise == magic[1]), {})
        return [*checked, Written(magic[1], source.lstrip("\n")[magic.end() :], number, beside=beside)], []
    return checked, _oddities(number, cell, source, bool(magic))


def _clean(beside: Mapping[str, str]) -> dict[str, str]:
    return {texts.clean(name): texts.clean(text) for name, text in beside.items()}


def _oddities(number: int, cell: Any, source: str, whole: bool) -> list[str]:
    """A cell that was meant to be an answer, and is none any more: told, not guessed at."""
    near = _NEAR.search(source)
    if near is None:
        return []
    if whole:
        return [
            f"la cellule {number} n'est plus une cellule de code ({cell['cell_type']}) : sa réponse à « {near[1][:60]} » n'est pas jugée."
        ]
    return [f"la première ligne de la cellule {number} n'est plus « %%exercice … » : son texte n'est pas pris pour une réponse."]


def _traces(cell: Any) -> Iterator[trace.Trace]:
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        found = trace.read(output.get("metadata")) if isinstance(output, dict) else None
        if found is not None:
            yield found


def unanswered(panels: Collection[str]) -> str:
    """What is said of exercises that a notebook shows, whose answers it does not hold."""
    several = len(panels) > 1
    return (
        f"Le notebook montre {listing(f'« {name} »' for name in sorted(panels))} sans "
        f"{'leurs réponses' if several else 'sa réponse'} : {'elles n’ont' if several else 'elle n’a'} pas été "
        f"{'vérifiées' if several else 'vérifiée'} puis {'enregistrées' if several else 'enregistrée'} dans la page, et la copie ne contient pas "
        "le dossier `travail/reponses`."
    )
