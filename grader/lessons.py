"""Which lesson each exercise belongs to: read in the lessons' own sources, where they are shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from labs import paths

SOURCES = paths.NOTEBOOKS / "sources"
_SHOWN = re.compile(r"""^\s*(?:exercise\(\s*["']|%%exercice\s+)([a-z][a-z0-9-]*)""", re.MULTILINE)
_HEADING = re.compile(r"^# (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A notebook of the course and the exercises that it shows, in order. ``name`` is its file's, without the suffix."""

    name: str
    title: str
    exercises: tuple[str, ...]


def lessons(folder: Path = SOURCES) -> tuple[Lesson, ...]:
    """The lessons in the order of the course, those without exercises included."""
    return tuple(_lesson(file) for file in sorted(folder.glob("[0-9]*.md")))


def _lesson(file: Path) -> Lesson:
    text = file.read_text(encoding="utf-8")
    heading = _HEADING.search(text)
    return Lesson(file.stem, heading[1].strip() if heading else file.stem, tuple(dict.fromkeys(_SHOWN.findall(text))))
