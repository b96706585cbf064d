"""The exercise widget: statement, answer, « Vérifier », « Indice », and under it the report of the last grading and its chronologie.

Two outputs in one cell. The panel is widgets, and lives as long as its kernel. The result under it ends as plain HTML, which is what
stays in the saved notebook. Grading goes on in a worker thread; only the kernel's own loop writes to widgets.
"""

from __future__ import annotations

import asyncio
import time
from threading import Event
from typing import TYPE_CHECKING, Any

from grader import catalog, page, trace
from grader.answer import ENTRIES
from grader.draft import Draft
from grader.errors import Exit, GraderError
from grader.forms import form
from grader.french import NBSP, typeset
from grader.magics import MAGIC
from grader.outcome import Result
from grader.progress import Progress, ProgressError
from grader.run import Graded, grade
from labs import paths
from labs.errors import LabError
from labs.inventory import write_atomically
from labs.notebook import background, toolkit
from labs.notebook.display import show
from labs.notebook.magics import teach
from labs.notebook.pieces import note, problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from grader.report import Report
    from grader.spec import Check, Exercise
    from labs.recording import Recording

MOST_SPENT = 1800.0  # seconds between two attempts beyond which one was doing something else
_MARKS = {Exit.FULL_MARKS: "✓", Exit.NOT_FULL: "✕", Exit.NO_MARK: "⚠"}
_IN_CELL = "Votre réponse est le texte de cette cellule. Modifiez-la, puis exécutez-la de nouveau (Maj+Entrée) pour la faire vérifier."


class ExercisePanel:
    """The widget. ``check``, ``stop`` and ``hint`` are what its buttons start; a failure is told in the panel, never raised.

    ``answer.value`` is the text of the answer, kept as soon as it changes. ``in_cell``: it is a cell's, and is not shown a second time.
    """

    def __init__(self, exercise: Exercise, *, in_cell: bool = False, learner: str | None = None) -> None:
        """``learner``: for whom its values were drawn, kept in the notebook with the answer.

        Raises LabError when the recorded run of the exercise cannot be read, OSError when the kept answer cannot.
        """
        self.exercise = exercise
        self._in_cell = in_cell
        self._learner = learner
        self._progress = Progress()
        self._since = time.monotonic()  # when this attempt began
        name = ENTRIES[exercise.kind]
        self._draft = Draft(paths.WORK / "reponses" / exercise.id / name, exercise.start(name))
        _supply(self._draft.entry.parent, exercise.beside(name))
        self._stop = Event()
        self._hinted: dict[str, int] = {}  # check -> how many of its hints were given
        self.report: Report | None = None
        self.result = Result()

        self.answer = form(exercise, name, self._draft.text)
        self.message = toolkit.html(note(""))
        self.trouble = toolkit.html(note(""))  # with the progress, which never stops a grading
        self.hints = toolkit.html()
        self.check_button = toolkit.button("Vérifier", self.check, main=True)
        self.hint_button = toolkit.button("Indice", self.hint)
        self.stop_button = toolkit.button("Arrêter", self.stop, disabled=True)
        written = [toolkit.html(note(_IN_CELL))] if in_cell else [self.answer]
        buttons = [self.hint_button, self.stop_button] if in_cell else [self.check_button, self.hint_button, self.stop_button]
        self.widget = toolkit.column(
            toolkit.html(_asked(exercise)), *written, toolkit.row(*buttons), self.message, self.trouble, self.hints
        )
        self.answer.observe(lambda _: self._save(), "value")
        self._name_for_tests()

    async def check(self) -> None:
        """Grade the answer as it stands; a second call while one is under way does nothing."""
        if self.check_button.disabled or not self._settle_answer():
            return
        self._set_busy(True)
        self._stop.clear()
        self.result.wait()
        try:
            watcher = _Follower(asyncio.get_running_loop(), self)
            graded = await asyncio.to_thread(grade, self.exercise, self._draft.entry.parent, watcher, self._stop)
            await self._tell(graded)
            if graded.judged:
                await self._note(lambda: self._progress.record_attempt(graded.report, self._spent()))
        except Exception as error:  # noqa: BLE001 - whatever it is, the learner reads it here and nowhere else
            self.message.value = problem(error)
            self.result.clear()
        finally:
            self._set_busy(False)

    async def stop(self) -> None:
        """Give the grading up: no mark, and nothing left running."""
        self.stop_button.disabled = True
        self.message.value = note("Arrêt en cours…")
        self._stop.set()

    async def hint(self) -> None:
        """One more hint on the first check that is not acquired."""
        check = self._in_question()
        levels = (check.hints.orient, check.hints.point, check.hints.show)
        given = min(self._hinted.get(check.id, 0) + 1, len(levels))
        self._hinted[check.id] = given
        self.hints.value = page.hints(check.title, levels[:given], len(levels))
        if given > 1:
            await self._note(lambda: self._progress.record_hint(self.exercise.id, check.id, given))

    def say(self, text: str) -> None:
        self.message.value = note(text)

    def tell_trouble(self, error: ProgressError) -> None:
        self.trouble.value = note(typeset(f"{error.message}\n{error.remedy}"), "⚠")

    async def _note(self, fact: Callable[[], None]) -> None:
        """Note a fact in the progress; what fails there is told, and changes nothing else."""
        try:
            await asyncio.to_thread(fact)
            self.trouble.value = note("")
        except ProgressError as error:
            self.tell_trouble(error)

    def _spent(self) -> float:
        """Seconds since the attempt before, or since the exercise was opened."""
        now = time.monotonic()
        spent, self._since = min(now - self._since, MOST_SPENT), now
        return spent

    def _settle_answer(self) -> bool:
        """Make the file and the field agree before grading."""
        if not self._in_cell and self._draft.text == self.answer.value and self._draft.refresh():
            self.answer.value = self._draft.text
        return self._save()

    def _save(self) -> bool:
        try:
            self._draft.save(self.answer.value)
        except OSError as error:
            lost = f"Votre réponse n'a pas pu être enregistrée : {error.strerror}."
            self.message.value = note(typeset(f"{lost}\nCopiez-la ailleurs, puis vérifiez la place sur le disque."), "⚠")
            return False
        return True

    async def _tell(self, graded: Graded) -> None:
        self.report = graded.report
        self.message.value = note(graded.report.message, _MARKS[graded.report.exit_code])
        figure = await asyncio.to_thread(page.figures, graded.timelines)
        beside = await asyncio.to_thread(trace.beside, self._draft.entry)
        self.result.settle(graded.report, figure, trace.Trace(self.exercise.id, self._learner, self._draft.text, beside))

    def _in_question(self) -> Check:
        """The check to hint at: the first that was examined and failed, else the first of all."""
        failed = {entry.id for entry in self.report.checks if entry.hint} if self.report else set()
        return next((check for check in self.exercise.checks if check.id in failed), self.exercise.checks[0])

    def _set_busy(self, busy: bool) -> None:
        self.check_button.disabled = busy
        self.stop_button.disabled = not busy

    def _name_for_tests(self) -> None:
        """Class names that stay the same, for style sheets and browser tests."""
        named = {
            "": self.widget,
            "-answer": self.answer,
            "-check": self.check_button,
            "-hint": self.hint_button,
            "-stop": self.stop_button,
            "-message": self.message,
            "-hints": self.hints,
        }
        for name, widget in named.items():
            widget.add_class(f"cp-exercise{name}")  # type: ignore[no-untyped-call]


class _Follower:
    """Brings what the grading thread tells to the kernel's loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, panel: ExercisePanel) -> None:
        self._loop = loop
        self._panel = panel

    def step(self, text: str) -> None:
        self._loop.call_soon_threadsafe(self._panel.say, f"{text}…")

    def running(self, recording: Recording) -> None:
        self._loop.call_soon_threadsafe(self._panel.result.live, recording)


def exercise(exercise_id: str, answer: str | None = None) -> None:
    """Show an exercise: its statement, a place to answer, and a button that has the answer judged on a lab of its own.

    With ``answer``, the text of a cell: it is kept as the learner's answer in the place of the one before, and judged at once.
    """
    panel = opened(exercise_id, in_cell=answer is not None)
    if panel is not None and answer is not None:
        panel.answer.value = answer
        background.start(panel.check())


def opened(exercise_id: str, *, in_cell: bool = False) -> ExercisePanel | None:
    """Show the panel of an exercise, as this learner has it, in the current cell; None when it cannot be, which is told in the cell."""
    learner, trouble = _learner(exercise_id)
    try:
        panel = ExercisePanel(catalog.find(exercise_id, learner=learner), in_cell=in_cell, learner=learner)
    except (GraderError, LabError) as error:
        toolkit.place({"text/plain": str(error), "text/html": note(typeset(f"{error.message}\n{error.remedy}"), "⚠")})
        return None
    except OSError as error:
        said = f"Votre réponse gardée ne peut pas être lue : {error.filename} ({error.strerror})."
        toolkit.place({"text/plain": said, "text/html": note(typeset(said), "⚠")})
        return None
    if trouble:
        panel.tell_trouble(trouble)
    toolkit.place(_shown(panel.exercise), panel.widget, trace.written(trace.Trace(exercise_id, learner)))
    panel.result.open()
    return panel


def _learner(exercise_id: str) -> tuple[str | None, ProgressError | None]:
    """Who learns here, and notes that the exercise was opened; nobody in particular when the progress fails."""
    progress = Progress()
    try:
        if exercise_id in catalog.ids():
            progress.opened(exercise_id)
        return progress.learner(), None
    except ProgressError as error:
        return None, error


def _supply(folder: Path, files: Mapping[str, str]) -> None:
    """Put there, beside the answer, the files of the exercise's beginning that are not there yet. Raises OSError."""
    for name, text in files.items():
        if not (folder / name).exists():
            write_atomically(folder / name, text)


def still(exercise_id: str, answer: str | None = None) -> dict[str, Any]:
    """What stands in the notebook before anyone has run it: the statement, with the first of the values that are drawn."""
    del answer
    found = catalog.find(exercise_id)
    return _shown(found, " Vos propres valeurs prendront alors la place de celles de l’énoncé." if found.drawn else "")


def first_hints(exercise_id: str) -> str:
    """HTML of the first hints of an exercise, for pages that stand without a kernel."""
    return page.first_hints(catalog.find(exercise_id))


def _shown(exercise: Exercise, more: str = "") -> dict[str, Any]:
    """What stands where no widget can: the statement."""
    ask = f"Exécutez cette cellule (Maj+Entrée) pour répondre et faire vérifier votre réponse.{more}"
    return {"text/plain": f"Exercice{NBSP}: {exercise.title}\n{ask}", "text/html": f"{_asked(exercise)}<p><em>{ask}</em></p>"}


def _asked(exercise: Exercise) -> str:
    """The statement, and under it the recorded run that it is about, if any."""
    run = exercise.recorded()
    return page.statement(exercise) + (show(run).html if run else "")


teach((MAGIC,))
