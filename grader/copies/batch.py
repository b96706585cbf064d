"""Many copies graded: what is already known is kept, what needs no node is judged at once, the rest as the machine has room for it.

Each verdict is written as soon as it is known: whatever stops a grading, the next one takes up where it was.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from enum import StrEnum
from threading import Event
from typing import TYPE_CHECKING, Protocol

from grader import answer
from grader.answer import ENTRIES
from grader.copies import texts
from grader.copies.judging import Verdict, once
from grader.copies.records import RUNS, Judged, Record, Status, Store
from grader.errors import AnswerError
from grader.spec import Kind
from labs.inventory import write_atomically

if TYPE_CHECKING:
    from grader.copies.course import Course
    from grader.copies.engines import Engine
    from grader.copies.intake import Copy, Handed
    from grader.spec import Exercise

TICK = 0.25  # seconds between two looks at the load
MOST_SHOWN = 100_000  # bytes of an answer that are kept for its page


class LearnerFrom(StrEnum):
    """For whom an answer's values were drawn."""

    KIT = "kit"  # the id that the copy holds, else the name of the copy
    NAME = "nom"  # the name of the copy
    NOBODY = "aucun"  # the first of each list


@dataclass(frozen=True, slots=True)
class Task:
    """One answer to judge."""

    copy: Copy
    exercise: Exercise
    handed: Handed
    learner: str | None
    trusted: bool = False  # whether it runs with one's own rights, and not behind walls


class Watcher(Protocol):
    """Who follows the grading; called from the thread that grades."""

    def odd(self, sentence: str) -> None:
        """Something about what was handed in that concerns no copy in particular, in French."""

    def planned(self, copies: int, answers: int, kept: int) -> None:
        """So many copies and answers; ``kept`` of these are known from before."""

    def waiting(self, reason: str) -> None:
        """One more answer waits for this; ``""``: none does."""

    def judged(self, task: Task, judged: Judged) -> None: ...


class Batch:
    """The copies of one grading. ``stop``, once set, ends it: what is under way is given up, and not recorded.

    ``trusted``: whether the answers run with one's own rights, and not behind walls.
    """

    def __init__(self, course: Course, store: Store, watcher: Watcher, stop: Event, engine: Engine, *, trusted: bool = False) -> None:
        self._course = course
        self._store = store
        self._watcher = watcher
        self._stop = stop
        self._engine = engine
        self._trusted = trusted
        self._records: dict[str, Record] = {}

    def grade(self, copies: list[Copy], learner_from: LearnerFrom) -> dict[str, Record]:
        """The record of each copy, by slug. Raises OSError when the results cannot be written."""
        tasks = [task for copy in copies for task in self._begin(copy, learner_from)]
        answers = sum(len(copy.answers) for copy in copies)
        self._watcher.planned(len(copies), answers, answers - len(tasks))
        slow = [task for task in tasks if not self._stop.is_set() and not self._at_once(task)]
        for task, verdict in self._side_by_side(slow):
            self._keep(task, verdict)
        return self._records

    def _begin(self, copy: Copy, learner_from: LearnerFrom) -> list[Task]:
        """Keep of a copy's record what still holds; gives what there is to judge."""
        known = self._store.read(copy.slug)
        held, tasks = {}, []
        if known is not None:
            held = {name: judged for name, judged in known.exercises.items() if name not in self._course.ids}  # not asked for this time
        for exercise_id, handed in copy.answers.items():
            learner = _learner(copy, learner_from) if self._course.first(exercise_id).drawn else None
            judged = known.exercises.get(exercise_id) if known else None
            if judged and self._holds(judged, exercise_id, handed, learner):
                held[exercise_id] = judged
            else:
                tasks.append(Task(copy, self._course.of(exercise_id, learner), handed, learner, self._trusted))
        record = Record(
            name=copy.sender.name,
            source=copy.source,
            participant=copy.sender.participant,
            learner=copy.learner,
            notices=(*copy.notices, *_by_name(copy, learner_from, self._course)),
            exercises=dict(sorted(held.items())),
        )
        self._records[copy.slug] = record
        if record != known:
            self._store.write(copy.slug, record)
        return tasks

    def _holds(self, judged: Judged, exercise_id: str, handed: Handed, learner: str | None) -> bool:
        """Whether a verdict from before is that of this very answer, to this very exercise."""
        same = (judged.answer_digest, judged.exercise_digest, judged.learner) == (handed.digest, self._course.digest(exercise_id), learner)
        return same and judged.status is not Status.ERROR and self._store.has_runs(judged)

    # -- judging

    def _at_once(self, task: Task) -> bool:
        """Judge what no node is needed for: values, and what is no answer at all."""
        if task.exercise.kind is not Kind.VALUE and _is_one(task):
            return False
        self._keep(task, once(task.exercise, task.handed.folder, self._stop, trusted=task.trusted))
        return True

    def _side_by_side(self, tasks: list[Task]) -> Iterator[tuple[Task, Verdict]]:
        """Verdicts as they come. Once all is stopped nothing more is begun, and what is under way is given up."""
        waiting, running = deque(tasks), dict[Future[Verdict], Task]()
        while (waiting or running) and not self._stop.is_set():
            if waiting and self._admitted(len(running)):
                task = waiting.popleft()
                running[self._engine.submit(task, self._stop)] = task
            done, _ = wait(running, TICK, FIRST_COMPLETED) if running else (set(), self._stop.wait(TICK))
            for future in done:
                yield running.pop(future), future.result()

    def _admitted(self, under_way: int) -> bool:
        reason = self._engine.refusal(under_way)
        self._watcher.waiting(reason)
        return not reason

    def _keep(self, task: Task, verdict: Verdict) -> None:
        """Write a verdict. What was given up is none; nor is what failed while all was being stopped."""
        if verdict.status is Status.ERROR and self._stop.wait(0.2):
            return
        runs = tuple(f"{RUNS}/{task.copy.slug}/{task.exercise.id}-{place}.json" for place in range(1, len(verdict.runs) + 1))
        for run, document in zip(runs, verdict.runs, strict=True):
            write_atomically(self._store.out / run, document)
        judged = Judged(
            status=verdict.status,
            answer=_text(task),
            answer_digest=task.handed.digest,
            exercise_digest=self._course.digest(task.exercise.id),
            learner=task.learner,
            report=verdict.report,
            runs=runs,
        )
        record = self._records[task.copy.slug]
        exercises = dict(sorted({**record.exercises, task.exercise.id: judged}.items()))
        self._records[task.copy.slug] = record.model_copy(update={"exercises": exercises})
        self._store.write(task.copy.slug, self._records[task.copy.slug])
        self._watcher.judged(task, judged)


def _learner(copy: Copy, learner_from: LearnerFrom) -> str | None:
    if learner_from is LearnerFrom.NOBODY:
        return None
    return (copy.learner if learner_from is LearnerFrom.KIT else None) or copy.sender.name


def _by_name(copy: Copy, learner_from: LearnerFrom, course: Course) -> tuple[str, ...]:
    """What a teacher must know of values that may not be those that the learner saw."""
    if learner_from is not LearnerFrom.KIT or copy.learner or not any(course.first(name).drawn for name in copy.answers):
        return ()
    return (f"La copie ne porte pas l'identifiant de son apprenant : elle est jugée avec les valeurs tirées pour « {copy.sender.name} ».",)


def _is_one(task: Task) -> bool:
    """Whether it can be read as an answer to its exercise."""
    try:
        with answer.opened(task.handed.folder, task.exercise):
            return True
    except (AnswerError, OSError):
        return False  # grading will say why


def _text(task: Task) -> str:
    with (task.handed.folder / ENTRIES[task.exercise.kind]).open("rb") as file:
        return texts.decoded(file.read(MOST_SHOWN))[0]
