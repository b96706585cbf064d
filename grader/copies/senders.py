"""Who handed a copy in: read in the names that Moodle gives, and in what the kit keeps of its learner."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader import trace
from grader.copies import texts

if TYPE_CHECKING:
    from pathlib import Path

_MOODLE = re.compile(r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_(?P<plugin>file|onlinetext)(?:_(?P<rest>.*))?", re.DOTALL)
_MOST_STEPS = 100_000  # of SQLite's machine: one row of one table takes a few
_MOST_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Sender:
    """``participant`` is Moodle's number for them in this assignment, None elsewhere."""

    name: str
    participant: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A file or folder of « Télécharger tous les travaux ». ``rest``: the file's own name, when Moodle was asked for no folders."""

    sender: Sender
    plugin: str
    rest: str


def moodle(name: str) -> Submission | None:
    """What Moodle says in the name of a folder or file; None when it is not one of its names."""
    found = _MOODLE.fullmatch(texts.name(name))
    if found is None:
        return None
    return Submission(Sender(found["name"], found["number"]), found["plugin"], found["rest"] or "")


def learner_of(progress: Path) -> str | None:
    """The id in a learner's ``progression.sqlite``, a file that anyone may have written: opened read-only, and trusted for nothing else."""
    if progress.stat().st_size > _MOST_BYTES:
        return None
    try:
        with closing(sqlite3.connect(f"{progress.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            database.set_progress_handler(lambda: 1, _MOST_STEPS)
            if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'learner' AND type = 'table'").fetchone() is None:
                return None
            row = database.execute("SELECT id FROM learner LIMIT 1").fetchone()
    except sqlite3.Error:
        return None
    known = row[0] if row else None
    return known if isinstance(known, str) and trace.LEARNER.fullmatch(known) else None
