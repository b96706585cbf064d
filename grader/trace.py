"""What the exercise widget leaves in the notebook, in the metadata of its outputs: which exercise, for which learner, and the answer last checked.

A notebook that is handed in alone then holds all that is needed to judge it, without being run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

KEY = "contrepoint"
LEARNER = re.compile(r"[0-9a-f]{32}")  # the ids that progress.py draws
MOST_BYTES = 100_000  # of one file beside the answer: a notebook is no store
MOST_STEPS, MOST_STEP = 8, 200  # folders in a path, and bytes of one's name


@dataclass(frozen=True, slots=True)
class Trace:
    """``learner`` and ``answer`` are None when they are not known. ``beside``: the texts of the answer's other files, by their path from it."""

    exercise: str
    learner: str | None = None
    answer: str | None = None
    beside: Mapping[str, str] = field(default_factory=dict)


def beside(entry: Path) -> dict[str, str]:
    """The texts that lie beside an answer's file, spare copies of it and what cannot be read left out."""
    return {path.relative_to(entry.parent).as_posix(): text for path in sorted(entry.parent.rglob("*")) if (text := _text(path, entry))}


def _text(path: Path, entry: Path) -> str:
    spare = path.parent == entry.parent and path.stem.startswith(f"{entry.stem}-autre-")
    try:
        kept = path != entry and not spare and path.is_file() and not path.is_symlink() and path.stat().st_size <= MOST_BYTES
        return path.read_bytes().decode() if kept else ""
    except (OSError, UnicodeDecodeError):
        return ""


def written(trace: Trace) -> dict[str, Any]:
    """As the metadata of an output."""
    return {KEY: {"exercise": trace.exercise, "learner": trace.learner, "answer": trace.answer, "beside": dict(trace.beside)}}


def read(metadata: Any) -> Trace | None:
    """What an output's metadata say; None when they say nothing of the kind. Others may have written them: all is checked."""
    said = metadata.get(KEY) if isinstance(metadata, Mapping) else None
    if not isinstance(said, Mapping) or not isinstance(said.get("exercise"), str):
        return None
    learner, answer = said.get("learner"), said.get("answer")
    known = learner if isinstance(learner, str) and LEARNER.fullmatch(learner) else None
    return Trace(said["exercise"], known, answer if isinstance(answer, str) else None, dict(_beside(said.get("beside"))))


def _beside(said: Any) -> Iterator[tuple[str, str]]:
    for name, text in said.items() if isinstance(said, Mapping) else ():
        if isinstance(name, str) and isinstance(text, str) and _leads_down(name):
            yield name, text


def _leads_down(name: str) -> bool:
    """Whether a path means a place under the folder that it starts from."""
    path = PurePosixPath(name)
    short = len(path.parts) <= MOST_STEPS and all(len(step.encode("utf-8", "replace")) <= MOST_STEP for step in path.parts)
    return bool(path.parts) and short and not path.is_absolute() and ".." not in path.parts and name.isprintable()
