"""What was done to a lab's nodes on purpose, written down by whoever did it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """A line of the journal; times are epoch seconds. ``end`` is None for what lasts until someone undoes it, and may be yet to come."""

    host: str
    kind: str
    start: float
    end: float | None = None


def note(journal: Path, fault: FaultRecord) -> None:
    with journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(fault)) + "\n")


def read(journal: Path, since: float = 0.0) -> list[FaultRecord]:
    """What was noted since a moment (epoch seconds); nothing where there is no journal."""
    try:
        lines = journal.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    records = [FaultRecord(**json.loads(line)) for line in lines]
    return [fault for fault in records if fault.start >= since]
