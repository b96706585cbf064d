# mypy: disable-error-code="no-untyped-call"
# (jupytext has no types)
"""Cells of the lessons that are magics, read without running them: what they type, and the recorded run that they show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jupytext

from labs import paths
from labs.jobs import command as commands
from labs.notebook import recordings, status
from labs.notebook.pieces import joined
from labs.notebook.rundisplay import answer

if TYPE_CHECKING:
    from collections.abc import Iterator

_FIRST = re.compile(r"(%%?[\w-]+)[ \t]*(.*)")
_RUNNING = {"%ansible": "ansible", "%ansible-playbook": "ansible-playbook"}


@dataclass(frozen=True, slots=True)
class MagicCell:
    """``name`` with its percent signs, the rest of its ``line``, and under it the ``body`` of a cell magic."""

    name: str
    line: str
    body: str = ""

    @property
    def run(self) -> str | None:
        """The name of the recorded run that this cell shows, if any: that of the same command, or of the playbook of this name."""
        words = commands.words(self.line)
        if self.name == "%%playbook" and words:
            return recordings.of_cell(words[0])
        return recordings.of_command([_RUNNING[self.name], *words]) if self.name in _RUNNING else None


def read(source: str) -> MagicCell | None:
    """The magic that a cell is; None for a cell of Python."""
    first, _, body = source.replace("\\\n", " ").partition("\n") if not source.startswith("%%") else source.partition("\n")
    found = _FIRST.fullmatch(first)
    return MagicCell(found[1], found[2].strip(), body) if found else None


def still(cell: MagicCell) -> dict[str, Any] | None:
    """What the cell shows before anyone has run it: its recorded run, with what Ansible printed when that was kept."""
    if cell.name == "%lab" and not cell.line:
        return status.still()
    if cell.run is None:
        return None
    run = recordings.still(cell.run)
    return joined(run, answer(recordings.printed(cell.run))) if recordings.printed_path(cell.run).is_file() else run


def playbook(name: str) -> MagicCell:
    """The ``%%playbook`` cell of this name, wherever it is in the lessons. KeyError when there is none."""
    for cell in _cells():
        if cell.name == "%%playbook" and commands.words(cell.line)[:1] == [name]:
            return cell
    raise KeyError(name)


def _cells() -> Iterator[MagicCell]:
    for source in sorted((paths.NOTEBOOKS / "sources").glob("*.md")):
        for cell in jupytext.read(source, fmt="md:myst").cells:
            if cell.cell_type == "code" and (magic := read(cell.source)):
                yield magic
