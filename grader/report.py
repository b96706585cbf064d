"""The report of one grading, and its JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from grader.errors import Exit
from grader.french import typeset

if TYPE_CHECKING:
    from grader.errors import GraderError
    from labs.errors import LabError


class CheckReport(BaseModel):
    """What became of one check. ``hint`` is its first level, for a check that was examined and did not pass."""

    model_config = ConfigDict(frozen=True)

    id: str
    title: str
    passed: bool
    points: int | float
    max: int | float
    message: str
    hint: str | None = None


class Report(BaseModel):
    """One answer to one exercise, judged; or the reason why it could not be.

    ``status`` is ``graded``, or ``error`` when nothing was judged (bad input, infrastructure, a faulty exercise):
    ``score`` is then ``None``, since an answer that was not judged has no mark, not even zero.
    """

    model_config = ConfigDict(frozen=True)

    exercise: str
    score: int | float | None
    max: int | float
    checks: tuple[CheckReport, ...] = ()
    status: Literal["graded", "error"]
    message: str

    @property
    def full(self) -> bool:
        """Whether it was judged, and lost nothing."""
        return self.score == self.max

    @property
    def exit_code(self) -> Exit:
        if self.status == "error":
            return Exit.NO_MARK
        return Exit.FULL_MARKS if self.full else Exit.NOT_FULL

    def to_json(self) -> str:
        return self.model_dump_json(indent=2)


def failure(exercise: str, points: float, error: GraderError | LabError) -> Report:
    """The report of an answer that could not be judged."""
    return Report(exercise=exercise, score=None, max=points, status="error", message=typeset(str(error)))
