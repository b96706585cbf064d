"""What ``grader grade`` does: many copies, their progress in the terminal, and at the end where to look."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.text import Text

from grader import interruption
from grader.copies.records import Status
from grader.copies.results import GRADEBOOK, MOODLE, PEOPLE, grade_copies
from grader.errors import Exit
from grader.french import NBSP, counted, figure, typeset

if TYPE_CHECKING:
    from threading import Event

    from rich.progress import Task as Line

    from grader.copies.batch import Task
    from grader.copies.course import Course
    from grader.copies.gradebook import Gradebook
    from grader.copies.records import Judged
    from grader.copies.results import Plan

_MARKS = {Status.GRADED: ("✓", "green"), Status.REFUSED: ("✕", "red"), Status.ERROR: ("⚠", "yellow")}


def run(plan: Plan, course: Course) -> int:
    """Grade, and say how it went: the exit code."""
    with interruption.heeded(_give_up) as stop, _Show() as show:
        book = grade_copies(plan, course, show, stop, show.drawing)
    if book is None:
        print(
            typeset(f"grader : correction interrompue. Verdicts déjà écrits : {show.count}. Relancez la même commande pour la continuer."),
            file=sys.stderr,
        )
        return interruption.EXIT_CODE
    _summary(plan, book)
    return Exit.NO_MARK if any(row.total is None for row in book.rows) else Exit.FULL_MARKS


def _give_up(stop: Event) -> None:
    """What is under way is given up in order; that is told once."""
    if not stop.is_set():
        print(typeset("\ngrader : arrêt demandé ; les labos en cours sont retirés…"), file=sys.stderr)


class _Rate(ProgressColumn):
    """Answers judged a minute, since the first one."""

    def render(self, task: Line) -> Text:
        if not task.completed or not task.elapsed:
            return Text("")
        return Text(typeset(f"{figure(round(60 * task.completed / task.elapsed, 1))} par minute"))


class _Show:
    """The progress: a bar in a terminal, one line an answer everywhere."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        columns = (
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeElapsedColumn(),
            TextColumn(f"reste{NBSP}:"), TimeRemainingColumn(),
        )  # fmt: skip
        self._progress = Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal)
        self._line = self._progress.add_task("Lecture des copies", total=None)
        self.count = 0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def odd(self, sentence: str) -> None:
        self._console.print(Text(typeset(f"⚠ {sentence}")), soft_wrap=True)

    def planned(self, copies: int, answers: int, kept: int) -> None:
        told = f"{counted(copies, 'copie')}, {counted(answers, 'réponse')}" + (f", dont {kept} déjà jugées" if kept else "")
        self._console.print(typeset(told), soft_wrap=True)
        self.count = kept
        self._progress.reset(self._line, total=answers - kept, description="Correction")

    def waiting(self, reason: str) -> None:
        said = f"Correction (attend {reason})" if reason else "Correction"
        self._progress.update(self._line, description=said)

    def judged(self, task: Task, judged: Judged) -> None:
        self.count += 1
        mark, colour = _MARKS[judged.status]
        report = judged.report
        told = f"{figure(report.score)}/{figure(report.max)}" if report.score is not None else report.message
        name = f"{task.copy.sender.name}, {task.exercise.id}"
        self._console.print(Text.assemble((f"{mark} ", colour), (name, "bold"), typeset(f" : {told}")), soft_wrap=True)
        self._progress.advance(self._line)

    def drawing(self, done: int, count: int) -> None:
        if done == 1:
            self._progress.reset(self._line, total=count, description="Rédaction des retours")
        self._progress.update(self._line, completed=done)


def _summary(plan: Plan, book: Gradebook) -> None:
    console = Console(highlight=False)
    graded = [row for row in book.rows if row.total is not None]
    unjudged = len(book.rows) - len(graded)
    odd = sum(bool(row.record.notices) for row in book.rows)
    lines = [f"{counted(len(book.rows), 'copie')}, dont {len(graded)} avec un total."]
    if unjudged:
        lines.append(f"{unjudged} sans total : une réponse n'a pas pu être jugée. Relancez la même commande pour la reprendre.")
    if odd:
        lines.append(f"{odd} avec une remarque : la page de la classe les donne.")
    lines.append(f"Page de la classe : {plan.out / 'classe.html'}")
    lines.append(f"Notes : {plan.out / PEOPLE}, {plan.out / GRADEBOOK}")
    if (plan.out / MOODLE).exists():
        lines.append(f"Feuille d'évaluation pour Moodle : {plan.out / MOODLE}")
    console.print(Text(typeset("\n".join(lines))), soft_wrap=True)
