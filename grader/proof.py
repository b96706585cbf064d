"""Proves an exercise: every answer that it keeps is graded, on real nodes or by its kept run, and has to get what is expected of it."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from grader import kept, parameters, spec
from grader.answer import ENTRIES
from grader.errors import GraderError
from grader.french import figure, listing
from grader.report import Report
from grader.run import Graded, grade, mark, unjudged
from grader.spec import Exercise, Kind
from labs.errors import LabError

LEAST_RIGHT = 2
LEAST_WRONG = 4
START = "start"
EMPTY = "vide"
OTHERS = 200  # learners among whom one is looked for, whose drawn values all differ from the first ones


class Expected(StrEnum):
    """What an answer has to get."""

    FULL = "tous les points"
    CAUGHT = "perdre le point qui doit l'attraper"
    NOT_FULL = "ne pas avoir tous les points"
    REFUSED = "être refusée, sans note"


@dataclass(frozen=True, slots=True)
class Case:
    """One answer to prove. ``folder`` is None for the empty one, which is made for the occasion."""

    exercise: Exercise
    name: str
    expected: Expected
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of a case: ``problem`` is empty when it got what was expected. ``judged``: whether anything could be told at all."""

    case: Case
    report: Report
    problem: str
    judged: bool
    seconds: float


def cases(exercise: Exercise) -> tuple[Case, ...]:
    """The answers that ``exercise`` keeps, its solution for another learner as well when values are drawn, and an empty one."""
    found = [Case(exercise, "solution", Expected.FULL, exercise.folder / "solution")]
    if other := _another_learner(exercise):
        found.append(Case(spec.load(exercise.folder, other), f"solution ({other})", Expected.FULL, exercise.folder / "solution"))
    found += [Case(exercise, f"right/{folder.name}", Expected.FULL, folder) for folder in _folders(exercise, "right")]
    found += [Case(exercise, f"wrong/{name}", Expected.CAUGHT, exercise.folder / "wrong" / name) for name in exercise.wrong]
    if (exercise.folder / START).is_dir():
        found.append(Case(exercise, START, Expected.NOT_FULL, exercise.folder / START))
    return (*found, Case(exercise, EMPTY, Expected.REFUSED))


def sample(exercise: Exercise) -> tuple[Case, ...]:
    """Few of its ``cases``, where time is short: the solution, the first wrong answer, and the empty one."""
    chosen = {"solution", EMPTY, *(f"wrong/{name}" for name in list(exercise.wrong)[:1])}
    return tuple(case for case in cases(exercise) if case.name in chosen)


def gaps(exercise: Exercise) -> list[str]:
    """What an exercise still lacks, seen without running anything; one French sentence each."""
    right, kept = _folders(exercise, "right"), {folder.name for folder in _folders(exercise, "wrong")}
    told = []
    if len(right) < LEAST_RIGHT:
        told.append(f"right/ garde {len(right)} réponse(s) ; il en faut au moins {LEAST_RIGHT}, qui s'y prennent autrement que solution/.")
    if len(exercise.wrong) < LEAST_WRONG:
        told.append(f"wrong : {len(exercise.wrong)} réponse(s) fausse(s) ; il en faut au moins {LEAST_WRONG}.")
    if undeclared := kept - set(exercise.wrong):
        told.append(f"wrong : {listing(sorted(undeclared))} n'est pas dans exercise.yml.")
    return told


def prove(case: Case, stop: Event | None = None, *, keep: bool = False) -> Proof:
    """Grade the case's answer, and say what does not hold. ``keep``: whether the run of what holds is kept, to be judged again."""
    started = time.monotonic()
    with _answer(case) as folder:
        graded = grade(case.exercise, folder, stop=stop)
        done = Proof(case, graded.report, _problem(case, graded), graded.judged, time.monotonic() - started)
        if keep and not done.problem and graded.observed and graded.observed.runs:
            kept.save(case, folder, graded.observed)
    return done


def prove_all(chosen: Iterable[Case], jobs: int, *, keep: bool = False) -> Generator[Proof]:
    """The proofs as they come, ``jobs`` at a time: gradings mostly wait. Closed early, it gives up those under way."""
    stop = Event()
    pool = ThreadPoolExecutor(jobs)
    try:
        for done in as_completed([pool.submit(prove, case, stop, keep=keep) for case in chosen]):
            yield done.result()
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def replay(case: Case) -> Proof:
    """The same by the run that is kept: at once, and without a lab."""
    started = time.monotonic()
    with _answer(case) as folder:
        graded = _judged_again(case, folder)
    return Proof(case, graded.report, _problem(case, graded), graded.judged, time.monotonic() - started)


def replay_all(chosen: Iterable[Case]) -> Generator[Proof]:
    """The proofs of these by their kept runs, in order."""
    yield from (replay(case) for case in chosen)


def _judged_again(case: Case, folder: Path) -> Graded:
    if case.exercise.kind is Kind.VALUE or case.expected is Expected.REFUSED:  # nothing is ever run of it
        return grade(case.exercise, folder)
    try:
        return mark(case.exercise, kept.load(case, folder))
    except (GraderError, LabError) as error:
        return unjudged(case.exercise, error)


@contextmanager
def _answer(case: Case) -> Iterator[Path]:
    if case.folder is not None:
        yield case.folder
        return
    with TemporaryDirectory(prefix="contrepoint-vide-") as scratch:
        (Path(scratch) / ENTRIES[case.exercise.kind]).touch()
        yield Path(scratch)


def _folders(exercise: Exercise, kind: str) -> list[Path]:
    return sorted(folder for folder in (exercise.folder / kind).glob("*") if folder.is_dir())


def _another_learner(exercise: Exercise) -> str | None:
    """Somebody for whom every drawn value is another than the first."""
    first = parameters.draw(exercise.id, None, exercise.drawn)
    names = (f"apprenant-{number}" for number in range(1, OTHERS)) if exercise.drawn else ()
    draws = ((name, parameters.draw(exercise.id, name, exercise.drawn)) for name in names)
    return next((name for name, drawn in draws if all(drawn[key] != first[key] for key in first)), None)


def _problem(case: Case, graded: Graded) -> str:
    report = graded.report
    if not graded.judged:
        return f"n'a pas pu être jugée : {report.message}"
    if case.expected is Expected.FULL:
        return "" if report.full else f"devait avoir tous les points : {_told(report)}"
    if case.expected is Expected.CAUGHT:
        return _escaped(case, report)
    if case.expected is Expected.NOT_FULL:
        return "a déjà tous les points, sans que rien y soit fait" if report.full else ""
    return "" if report.status == "error" else f"devait être refusée : {_told(report)}"


def _escaped(case: Case, report: Report) -> str:
    catcher = case.exercise.wrong[case.name.removeprefix("wrong/")].caught_by
    if any(entry.id == catcher and entry.hint for entry in report.checks):  # a hint: it was examined, and not passed
        return ""
    return f"devait être attrapée par « {catcher} » : {_told(report)}"


def _told(report: Report) -> str:
    if report.score is None:
        return f"elle est refusée ({report.message})"
    lost = "".join(f"\n  « {entry.id} » : {entry.message}" for entry in report.checks if not entry.passed)
    return f"elle a {figure(report.score)} sur {figure(report.max)}{lost}"
