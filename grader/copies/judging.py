"""One answer judged to the end: again on a new lab when something else than the answer failed. What comes back can travel between machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.copies.records import Status
from grader.errors import ExerciseError
from grader.french import typeset
from grader.run import Graded, grade
from labs.timeline import store

if TYPE_CHECKING:
    from pathlib import Path
    from threading import Event

    from grader.report import Report
    from grader.spec import Exercise

ATTEMPTS = 3  # on a new lab each, before an answer is said not to have been judged
PAUSE = 2.0  # seconds between two of them


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of an answer. ``runs``: its timelines, as the documents that ``labs.timeline.store`` reads."""

    status: Status
    report: Report
    runs: tuple[str, ...] = ()


def once(exercise: Exercise, folder: Path, stop: Event, *, trusted: bool) -> Verdict:
    """The verdict on the answer in ``folder``; ``stop``, once set, gives it up."""
    return _verdict(_graded(exercise, folder, stop, trusted=trusted), folder)


def stubbornly(exercise: Exercise, folder: Path, stop: Event, *, trusted: bool) -> Verdict:
    """The same, tried again as long as another lab may change the outcome."""
    graded = _graded(exercise, folder, stop, trusted=trusted)
    for _ in range(ATTEMPTS - 1):
        if graded.judged or not _may_pass(graded, exercise) or stop.wait(PAUSE):
            break
        graded = _graded(exercise, folder, stop, trusted=trusted)
    return _verdict(graded, folder)


def _graded(exercise: Exercise, folder: Path, stop: Event, *, trusted: bool) -> Graded:
    return grade(exercise, folder, stop=stop, trusted=trusted)


def _may_pass(graded: Graded, exercise: Exercise) -> bool:
    """A faulty exercise stays so, unless preparing the nodes is what failed."""
    return not isinstance(graded.error, ExerciseError) or exercise.lab.prepare is not None


def _verdict(graded: Graded, folder: Path) -> Verdict:
    status = Status.GRADED if graded.error is None else Status.REFUSED if graded.judged else Status.ERROR
    report = graded.report.model_copy(update={"message": _without(folder, graded.report.message)})
    return Verdict(status, report, tuple(store.dump(timeline) for timeline in graded.timelines))


def _without(folder: Path, message: str) -> str:
    """The message as whoever handed the answer in may read it: where it lay while it was judged is nobody's business."""
    for shown in (str(folder), typeset(str(folder))):
        message = message.replace(f"{shown}/", "").replace(shown, "la réponse")
    return message
