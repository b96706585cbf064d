"""One answer on one lab of its own -> Report. The command line and the exercise widget both come here."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from grader import judge, material, nodes
from grader.answer import Answer, opened
from grader.checks import AnswerRun, NodeFile, Observed
from grader.errors import AnswerError, GraderError
from grader.faults import Injector, MissedFaultError, fell_on_a_visit
from grader.french import figure, points, typeset
from grader.report import CheckReport, Report, failure
from grader.screen import screen, screen_path
from grader.spec import Exercise, Kind
from labs.effective import SHOWN_AS, effective, effective_behind_walls
from labs.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from threading import Event

    from labs.jobs.command import Command
    from labs.lab import Lab
    from labs.recording import Recording
    from labs.timeline.model import Timeline

TICK = 0.05  # seconds between two looks at the run: a fault is never later than that by our doing
ATTEMPTS = 3
READER = Path(__file__).with_name("on_node.py")
MOST_READ = 65536  # bytes of a node's file that a check can see
READ_SECONDS = "10"


class GivenUpError(GraderError):
    """The one who asked for a grading does not want it any more."""

    def __init__(self) -> None:
        super().__init__("La correction a été interrompue.", "Relancez-la quand vous voudrez.")


@dataclass(frozen=True, slots=True)
class Graded:
    """The report, and what it speaks of. ``error``: why nothing was judged, and there is nothing to speak of."""

    report: Report
    observed: Observed | None = None
    error: GraderError | LabError | None = None

    @property
    def timelines(self) -> tuple[Timeline, ...]:
        """Those of its runs, in order: none when nothing was run."""
        return tuple(run.recorded for run in self.observed.runs) if self.observed else ()

    @property
    def judged(self) -> bool:
        """Whether something was said of the answer: it got its mark, or was refused for what it is."""
        return self.error is None or isinstance(self.error, AnswerError)


class Watcher(Protocol):
    """Who wants to follow a grading; called from the thread that grades."""

    def step(self, text: str) -> None:
        """What is being done now, in French."""

    def running(self, recording: Recording) -> None:
        """The answer runs: ``recording.timeline()`` tells where it stands."""


class Silent:
    """A watcher that shows nothing."""

    def step(self, text: str) -> None: ...

    def running(self, recording: Recording) -> None: ...


def grade(exercise: Exercise, path: Path, watcher: Watcher | None = None, stop: Event | None = None, *, trusted: bool = True) -> Graded:
    """Judge the answer at ``path``; the report says why when it cannot be judged. ``stop``, once set, gives the run up.

    ``trusted``: whether the answer is one's own, or vouched for, and may run with one's own rights. Any other runs behind walls, or not at all.
    Blocks for as long as the run lasts. Nothing is left behind: neither lab nor file.
    """
    try:
        if not trusted:
            screen_path(path)
        with opened(path, exercise) as answer:
            if not trusted:
                screen(answer)
            observed = _observe_fairly(_Case(exercise, answer, watcher or Silent(), stop, walled=not trusted))
        return mark(exercise, observed)
    except (GraderError, LabError) as error:
        return unjudged(exercise, error)
    except OSError as error:
        return unjudged(exercise, _refused(error))
    except Exception as error:
        if trusted:
            raise
        return unjudged(exercise, _unread(error))


def mark(exercise: Exercise, observed: Observed) -> Graded:
    """The mark of what was observed. Raises ExerciseError when a check cannot be evaluated."""
    return Graded(_report(exercise, judge.judge(exercise, observed), observed), observed)


def unjudged(exercise: Exercise, error: GraderError | LabError) -> Graded:
    """No mark, and why."""
    return Graded(failure(exercise.id, exercise.points, error), error=error)


def _unread(error: Exception) -> GraderError:
    """What an answer has done that nobody thought of must harm no other."""
    return GraderError(f"Cette réponse n'a pas pu être jugée ({type(error).__name__}).", "Regardez-la vous-même.")


def _refused(error: OSError) -> GraderError:
    """A full disk, a folder that cannot be written."""
    where = f" ({error.filename})" if error.filename else ""
    return GraderError(
        f"Le système a refusé une opération sur un fichier : {error.strerror}{where}.", "Vérifiez la place sur le disque et les droits."
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """An answer to be judged, and for whom."""

    exercise: Exercise
    answer: Answer
    watcher: Watcher
    stop: Event | None
    walled: bool


def _observe_fairly(case: _Case) -> Observed:
    """What a run shows; another run when a fault fell badly, so that chance gives and takes no point."""
    for _ in range(ATTEMPTS - 1):
        try:
            observed = _observe(case)
        except MissedFaultError:
            continue
        if not fell_on_a_visit(observed, case.exercise.lab.faults):
            return observed
    return _observe(case)


def _observe(case: _Case) -> Observed:
    exercise, answer = case.exercise, case.answer
    said = {"text": answer.text, "data": answer.data}
    if exercise.kind is Kind.VALUE:
        return Observed(said, exercise.parameters, reading=exercise.recorded())
    if exercise.kind is Kind.CONFIG:
        case.watcher.step("Lecture de la configuration")
        said |= _effective(answer, walled=case.walled)
    with material.copied(exercise) as folder:
        commands = _commands(exercise, answer, folder)
        case.watcher.step(f"Démarrage de {exercise.lab.nodes} nœuds neufs")
        with nodes.fresh(exercise.lab.nodes, isolated=exercise.lab.needs_containers, walled=case.walled) as lab:
            if exercise.lab.prepare:
                case.watcher.step("Préparation des nœuds")
                material.prepare(exercise, folder / exercise.lab.prepare, lab, lambda: _heed(case.stop))
            series = _Series(exercise, lab, commands, case.watcher, case.stop)
            return Observed(said, exercise.parameters, tuple(series.observed(place) for place in range(len(commands))))


def _effective(answer: Answer, *, walled: bool) -> dict[str, Any]:
    """The settings that Ansible has under the answer's ansible.cfg, or why it refuses to have any."""
    found = effective_behind_walls(answer.entry) if walled else effective(answer.entry)
    refusal = found.refusal.replace(f"{SHOWN_AS}/" if walled else f"{answer.folder}/", "")
    return {"effective": {name: setting.value for name, setting in found.settings.items()}, "refusal": refusal}


def _commands(exercise: Exercise, answer: Answer, folder: Path) -> tuple[Command, ...]:
    """What is run, in order. Raises AnswerError for a line that Ansible would not understand."""
    from labs.jobs.command import AdHoc, Playbook

    if exercise.kind is Kind.ADHOC:
        try:
            return tuple(AdHoc.parse(line) for line in answer.data)
        except LabError as error:
            raise AnswerError(error.message, error.remedy) from None
    if exercise.kind is Kind.CONFIG:
        once = Playbook(folder / str(exercise.playbook), extra_vars=exercise.parameters, config=answer.entry)
    else:
        once = Playbook(answer.entry, extra_vars=exercise.parameters)
    return (once,) * exercise.lab.runs


@dataclass(frozen=True, slots=True)
class _Series:
    """The runs of one answer, in a row on the same nodes. Faults are done in the first."""

    exercise: Exercise
    lab: Lab
    commands: tuple[Command, ...]
    watcher: Watcher
    stop: Event | None

    def observed(self, place: int) -> AnswerRun:
        """Run the command at ``place`` to its end, and see what it left."""
        self.watcher.step(f"Exécution {place + 1} sur {len(self.commands)}" if len(self.commands) > 1 else "Exécution de votre réponse")
        recording = self._recorded(place)
        timeline = recording.timeline()
        self.watcher.step("Lecture de ce qui est resté sur les nœuds")
        command = self.commands[place].line if self.exercise.kind is Kind.ADHOC else ""
        return AnswerRun(timeline, recording.processes(), _files(self.exercise, self.lab, timeline.started.timestamp()), command)

    def _recorded(self, place: int) -> Recording:
        from labs.recording import record

        recording = record(self.lab, self.commands[place], linger=self._linger(place))
        self.watcher.running(recording)
        try:
            faults = () if place else self.exercise.lab.faults
            injector = Injector(self.lab, faults, recording.timeline().started.timestamp())
            deadline = time.monotonic() + self.exercise.limits.wall
            too_long = False
            while recording.alive and not too_long and not (self.lab.walled and recording.unseen):
                injector.tick(recording.processes())
                _heed(self.stop)
                too_long = time.monotonic() > deadline
                time.sleep(TICK)
            if recording.alive:
                recording.cancel()
            _require_evidence(recording.wait())
            _heed_cancel(recording.timeline(), too_long)
            injector.settle(recording.processes())
        except BaseException:
            recording.cancel()
            recording.wait()
            raise
        return recording

    def _linger(self, place: int) -> float:
        """A command line is followed at once by the next, as in a terminal: only after the last does one wait for what still runs."""
        last = place == len(self.commands) - 1
        return self.exercise.limits.linger if last or self.exercise.kind is not Kind.ADHOC else 0.0


def _require_evidence(timeline: Timeline) -> None:
    """Nothing is judged on a node that was not watched to the end."""
    if timeline.notes:
        raise LabError(" ".join(timeline.notes), "Rien n'a été noté : recommencez.")
    if timeline.status == "error":
        raise LabError("Ce que dit Ansible de cette exécution ne peut pas être lu.", "Rien n'a été noté : recommencez.")


def _heed(stop: Event | None) -> None:
    if stop is not None and stop.is_set():
        raise GivenUpError


def _heed_cancel(timeline: Timeline, too_long: bool) -> None:
    """A run that was cancelled by others, from the live view say, is given up too."""
    if timeline.status == "canceled" and not too_long:
        raise GivenUpError


def _files(exercise: Exercise, lab: Lab, origin: float) -> dict[str, dict[str, NodeFile | None]]:
    """By node, then by path; None where there is no regular file."""
    return {node: _files_of(lab, node, exercise.lab.files, origin) for node in lab.nodes} if exercise.lab.files else {}


def _files_of(lab: Lab, node: str, paths: Sequence[str], origin: float) -> dict[str, NodeFile | None]:
    """All of a node's at once: to go into a container costs more than to read a file."""
    program = READER.read_text(encoding="utf-8")
    places = [f"{lab.root}{path}" for path in paths]
    done = lab.execute(node, ["timeout", READ_SECONDS, "python3", "-I", "-S", "-c", program, str(MOST_READ), *places])
    if done.returncode:
        raise LabError(f"Les fichiers de {node} n'ont pas pu être lus.", "Vérifiez le labo avec « labs doctor », puis recommencez.")
    return {path: None if told is None else _node_file(told, origin) for path, told in zip(paths, json.loads(done.text), strict=True)}


def _node_file(told: tuple[float, str], origin: float) -> NodeFile:
    modified, content = told
    return NodeFile(base64.b64decode(content).decode("utf-8", "replace"), modified - origin)


def _report(exercise: Exercise, checks: tuple[CheckReport, ...], observed: Observed) -> Report:
    score = sum(check.points for check in checks)
    return Report(
        exercise=exercise.id,
        score=score,
        max=exercise.points,
        checks=checks,
        status="graded",
        message=typeset(_summary(exercise, checks, score, observed)),
    )


def _summary(exercise: Exercise, checks: tuple[CheckReport, ...], score: float, observed: Observed) -> str:
    too_long = any(run.recorded.status == "canceled" for run in observed.runs)
    stopped = f" Le play a été arrêté au bout de {figure(exercise.limits.wall)} s, la durée permise." if too_long else ""
    marks = f"{points(score)} sur {figure(exercise.points)}."
    first = next((check for check in checks if not check.passed), None)
    return f"Bravo : {marks}" if first is None else f"{marks}{stopped} À revoir d'abord : « {first.title} »."
