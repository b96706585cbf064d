"""What the exercise widget leaves in the notebook, in the metadata of its outputs: which exercise, for which learner, and the answer last checked.

A notebook that is handed in alone then holds all that is needed to judge it, without being run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEY = "contrepoint"
LEARNER = re.compile(r"[0-9a-f]{32}")  # the ids that progress.py draws


@dataclass(frozen=True, slots=True)
class Trace:
    """``learner`` and ``answer`` are None when they are not known."""

    exercise: str
    learner: str | None = None
    answer: str | None = None


def written(trace: Trace) -> dict[str, Any]:
    """As the metadata of an output."""
    return {KEY: {"exercise": trace.exercise, "learner": trace.learner, "answer": trace.answer}}


def read(metadata: Any) -> Trace | None:
    """What an output's metadata say; None when they say nothing of the kind. Others may have written them: all is checked."""
    said = metadata.get(KEY) if isinstance(metadata, Mapping) else None
    if not isinstance(said, Mapping) or not isinstance(said.get("exercise"), str):
        return None
    learner, answer = said.get("learner"), said.get("answer")
    known = learner if isinstance(learner, str) and LEARNER.fullmatch(learner) else None
    return Trace(said["exercise"], known, answer if isinstance(answer, str) else None)
