"""What is kept of each copy: one JSON a copy, replaced in one step, from which everything else is written."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from grader.report import Report
from labs.inventory import write_atomically

FORMAT: Literal["contrepoint/copie"] = "contrepoint/copie"
VERSION = 1
RUNS = "chronologies"
COPIES = "copies"


class Status(StrEnum):
    """What became of an answer."""

    GRADED = "graded"  # it has its mark
    REFUSED = "refused"  # it is no answer (not YAML, too large…): nothing was run, no point is earned
    ERROR = "error"  # nothing could be told of it: no mark, and the next time it is tried again


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True)


class Judged(_Kept):
    """One answer of a copy. ``answer`` is its text; ``runs`` are the files of its timelines, from the folder of all results.

    ``answer_digest``, ``exercise_digest`` and ``learner`` say what was judged: when one of them is another, it is judged again.
    """

    status: Status
    answer: str
    answer_digest: str
    exercise_digest: str
    learner: str | None
    report: Report
    runs: tuple[str, ...] = ()


class Record(_Kept):
    """One copy. ``notices`` are French sentences on what was odd about it; ``learner`` is the kit's id of who wrote it, when that is known."""

    format: Literal["contrepoint/copie"] = FORMAT
    version: int = VERSION
    name: str
    source: str
    participant: str | None = None
    learner: str | None = None
    notices: tuple[str, ...] = ()
    exercises: Mapping[str, Judged] = Field(default_factory=dict)


class Store:
    """The records in the folder of all results."""

    def __init__(self, out: Path) -> None:
        self.out = out

    def path(self, slug: str) -> Path:
        return self.out / COPIES / f"{slug}.json"

    def read(self, slug: str) -> Record | None:
        """What is kept of a copy; None when there is nothing, or nothing that can be read: it is then judged anew."""
        try:
            record = Record.model_validate_json(self.path(slug).read_bytes())
        except (OSError, ValidationError):
            return None
        return record if record.version == VERSION else None

    def write(self, slug: str, record: Record) -> None:
        """Raises OSError."""
        write_atomically(self.path(slug), record.model_dump_json(indent=1) + "\n")

    def has_runs(self, judged: Judged) -> bool:
        return all((self.out / run).is_file() for run in judged.runs)
