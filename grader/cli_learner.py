"""The learner behind the command line: whose answers lie in ``travail/``, and where they stand."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from grader.french import typeset
from grader.progress import Progress, ProgressError
from labs import paths

if TYPE_CHECKING:
    from grader.report import Report
    from grader.standing import LessonRow


def owns(answer: Path) -> bool:
    """Whether an answer is the learner's own, for which their parameters were drawn."""
    return answer.resolve().is_relative_to(paths.WORK.resolve())


def known() -> str | None:
    """The learner's id; None when there is none yet, or when it cannot be read: exercises then have their first values."""
    progress = Progress()
    if not progress.path.exists():
        return None
    with suppress(ProgressError):
        return progress.learner()
    return None


def record(report: Report, seconds: float) -> None:
    """Note an attempt; a progress that fails is told, and changes no mark."""
    try:
        Progress().record_attempt(report, seconds)
    except ProgressError as error:
        print(typeset(str(error)), file=sys.stderr)


def tell(*, as_json: bool, file: Path | None) -> None:
    """Write where the learner stands to a file, as JSON, or as a table."""
    from grader import standing

    progress = Progress()
    if file is not None:
        standing.export(progress, file)
        print(typeset(f"Progression écrite dans {file}."), file=sys.stderr)
    if as_json:
        print(standing.to_json(progress), end="")
    elif file is None:
        _table(standing.summary(progress))


def _table(lessons: tuple[LessonRow, ...]) -> None:
    from rich.console import Console
    from rich.table import Table

    from grader import standing_words as said

    table = Table(*said.HEADINGS, box=None)
    for lesson in lessons:
        table.add_row(*said.lesson(lesson), style="bold")
        for row in lesson.exercises:
            table.add_row(*said.exercise(row))
    console = Console()
    console.print(table)
    console.print(said.total(lessons))
