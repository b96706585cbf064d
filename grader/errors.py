"""What a teacher or a learner can cause, told in French."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of ``grader check``."""

    FULL_MARKS = 0
    NOT_FULL = 1
    NO_MARK = 2  # bad input or infrastructure: nobody was judged


class GraderError(Exception):
    """A failure told in one French sentence, with what to do about it.

    ``message`` says what is wrong; ``remedy`` says what to do. Neither is a traceback.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.message = message
        self.remedy = remedy


class AnswerError(GraderError):
    """The answer cannot be read as one: it is refused before any lab is started, and gets no mark."""


class ExerciseError(GraderError):
    """The exercise itself is at fault: its file, or a condition that cannot be evaluated. Nobody's answer is blamed."""
