"""The command line: ``grader check``, ``list``, ``show``, ``test``, ``new``, ``progress``. Imports wait until they are needed: help is quick."""

from __future__ import annotations

import sys
import textwrap
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from grader import catalog, interruption
from grader.errors import Exit, GraderError
from grader.french import NBSP, figure, typeset
from labs.cli_french import Program, UsageError, told
from labs.errors import LabError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from rich.console import Console

    from grader.report import Report
    from grader.spec import Exercise
    from labs.recording import Recording

app = Program(
    help="Le correcteur de Contrepoint : il juge une réponse par ce qui s'est vraiment passé sur les nœuds.",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Exercises = Annotated[
    Path, typer.Option("--exercices", metavar="DOSSIER", envvar="CONTREPOINT_EXERCICES", help="Dossier des exercices.", show_default=False)
]
Identifier = Annotated[
    str, typer.Argument(metavar="ID", help="L'identifiant de l'exercice ; « grader list » les donne.", show_default=False)
]
Identifiers = Annotated[
    list[str] | None, typer.Argument(metavar="ID…", help="Les exercices à éprouver ; tous, sans aucun.", show_default=False)
]
NewIdentifier = Annotated[str, typer.Argument(metavar="ID", help="Minuscules, chiffres et tirets.", show_default=False)]
KindOption = Annotated[str, typer.Option("--kind", metavar="GENRE", help="playbook, adhoc, config ou value.")]
Jobs = Annotated[int, typer.Option("--jobs", min=1, max=16, metavar="N", help="Combien de réponses corriger à la fois.")]
AnswerPath = Annotated[
    Path,
    typer.Argument(
        metavar="RÉPONSE", help="Un fichier, ou un dossier contenant answer.yml, answer.txt ou ansible.cfg.", show_default=False
    ),
]
Learner = Annotated[
    str | None,
    typer.Option(
        "--learner",
        metavar="NOM",
        help="Prendre les paramètres tirés pour cet apprenant. Par défaut : les vôtres pour ce qui est dans travail/, sinon les premiers.",
        show_default=False,
    ),
]
Trusted = Annotated[
    bool,
    typer.Option(
        "--confiance",
        help="Exécuter les réponses avec vos droits, sans murs. Vos propres réponses (travail/) et celles du kit le sont déjà.",
    ),
]
Keep = Annotated[bool, typer.Option("--garder", help="Garder l'exécution de chaque réponse à côté d'elle, pour --rejouer.")]
Replay = Annotated[bool, typer.Option("--rejouer", help="N'exécuter rien : juger de nouveau les exécutions gardées, en un instant.")]
AsJson = Annotated[bool, typer.Option("--json", help="Écrire le résultat en JSON sur la sortie standard.")]
Export = Annotated[
    Path | None,
    typer.Option("--export", metavar="FICHIER", help="Écrire la progression dans ce fichier, .csv ou .json.", show_default=False),
]
CopiesPath = Annotated[
    Path,
    typer.Argument(
        metavar="COPIES",
        help="Un dossier de copies, leur archive .zip ou .tar (celle de Moodle aussi), ou une seule copie.",
        show_default=False,
    ),
]
Out = Annotated[
    Path, typer.Option("--out", metavar="DOSSIER", help="Où écrire les résultats ; relancé, le même dossier continue.", show_default=False)
]
Only = Annotated[
    list[str] | None,
    typer.Option("--exercise", metavar="ID", help="Ne corriger que cet exercice ; peut être répété.", show_default=False),
]
CopyJobs = Annotated[
    int, typer.Option("--jobs", min=1, max=32, metavar="N", help="Combien de réponses à la fois, tant que la machine le permet.")
]
LearnerFrom = Annotated[
    str,
    typer.Option(
        "--learner-from",
        metavar="SOURCE",
        help="Pour qui les valeurs ont été tirées : kit (l'identifiant gardé dans la copie, sinon son nom), nom (celui de la copie), aucun.",
    ),
]
DecimalComma = Annotated[bool, typer.Option("--decimal-comma", help="Écrire 12,5 dans les tableurs, comme en français.")]
Worksheet = Annotated[
    Path | None,
    typer.Option("--moodle", metavar="FEUILLE", help="La feuille d'évaluation téléchargée de Moodle, à remplir.", show_default=False),
]
OutOf = Annotated[
    float | None,
    typer.Option(
        "--moodle-sur",
        min=0.01,
        metavar="N",
        help="La note maximale du devoir dans Moodle ; les totaux y sont ramenés.",
        show_default=False,
    ),
]
ClusterAddress = Annotated[
    str,
    typer.Option(
        "--cluster", metavar="ADRESSE", help="Un ordonnanceur Dask, dont les machines jugent à la place de celle-ci.", show_default=False
    ),
]


@app.command()
def check(
    exercise_id: Identifier,
    answer: AnswerPath,
    as_json: AsJson = False,
    learner: Learner = None,
    exercises: Exercises = catalog.EXERCISES,
    *,
    trusted: Trusted = False,
) -> None:
    """Corriger une réponse. Code de retour : 0 tous les points, 1 une partie, 2 rien n'a pu être jugé."""
    from grader import cli_learner

    mine = cli_learner.owns(answer)
    exercise = _found(exercise_id, exercises, learner or (cli_learner.known() if mine else None), as_json)
    from grader.run import grade

    started = time.monotonic()
    try:
        with interruption.heeded(interruption.interrupt) as stop, _progress(exercise) as watcher:
            graded = grade(exercise, answer, watcher, stop, trusted=trusted or mine or exercise.keeps(answer))
            if stop.is_set():
                interruption.interrupt(stop)
    except KeyboardInterrupt:
        _complain(f"correction interrompue{NBSP}; le labo qu'elle occupait a été retiré.")
        raise typer.Exit(interruption.EXIT_CODE) from None
    report = graded.report
    if mine and not learner and graded.judged:
        cli_learner.record(report, time.monotonic() - started)
    if as_json:
        print(report.to_json())
    if report.status == "error":
        _complain(report.message)
    elif not as_json:
        _show(report)
    raise typer.Exit(report.exit_code)


@app.command("grade")
def grade_(
    copies: CopiesPath,
    *,
    out: Out,
    only: Only = None,
    jobs: CopyJobs = 4,
    learner_from: LearnerFrom = "kit",
    decimal_comma: DecimalComma = False,
    moodle: Worksheet = None,
    out_of: OutOf = None,
    cluster: ClusterAddress = "",
    exercises: Exercises = catalog.EXERCISES,
    trusted: Trusted = False,
) -> None:
    """Corriger des copies. Code de retour : 0 toutes ont un total, 2 quelque chose n'a pas pu être jugé. Relancer continue."""
    from grader import cli_grade
    from grader.copies.batch import LearnerFrom as Source
    from grader.copies.course import Course
    from grader.copies.results import Plan

    if learner_from not in list(Source):
        raise GraderError(f"--learner-from : « {learner_from} » n'est pas une source.", f"Sources : {', '.join(Source)}.")
    plan = Plan(copies, out, jobs, Source(learner_from), decimal_comma, moodle, out_of, cluster, trusted)
    raise typer.Exit(cli_grade.run(plan, Course(exercises, only or ())))


@app.command("list")
def list_(exercises: Exercises = catalog.EXERCISES) -> None:
    """Donner la liste des exercices et leurs points."""
    from rich.console import Console
    from rich.table import Table

    table = Table("Exercice", "Titre", "Réponse", "Points", box=None)
    for exercise_id in catalog.ids(exercises):
        exercise = catalog.find(exercise_id, exercises)
        table.add_row(exercise.id, exercise.title, exercise.kind, figure(exercise.points))
    Console().print(table)


@app.command()
def show(exercise_id: Identifier, learner: Learner = None, exercises: Exercises = catalog.EXERCISES) -> None:
    """Montrer l'énoncé d'un exercice et ce qui y est jugé."""
    from rich.console import Console
    from rich.markdown import Markdown

    from grader import cli_learner
    from grader.french import points

    exercise = catalog.find(exercise_id, exercises, learner or cli_learner.known())
    judged = "\n".join(f"- {check.title} ({points(check.points)})" for check in exercise.checks)
    Console().print(Markdown(typeset(f"# {exercise.title}\n\n{exercise.statement}\n\n## Ce qui est jugé\n\n{judged}")))


@app.command("test")
def prove(
    exercise_ids: Identifiers = None,
    *,
    jobs: Jobs = 2,
    as_json: AsJson = False,
    learner: Learner = None,
    exercises: Exercises = catalog.EXERCISES,
    keep: Keep = False,
    replay: Replay = False,
) -> None:
    """Éprouver des exercices par leurs réponses gardées. Code de retour : 0 tout tient, 1 quelque chose ne tient pas, 2 pas jugé."""
    if keep and replay:
        raise UsageError("« --garder » exécute les réponses, « --rejouer » n'en exécute aucune : choisissez")
    chosen = [catalog.find(exercise_id, exercises, learner) for exercise_id in exercise_ids or catalog.ids(exercises)]
    from grader import cli_author, proof

    try:
        proving = proof.replay_all if replay else partial(proof.prove_all, jobs=jobs, keep=keep)
        with interruption.heeded(interruption.interrupt):
            code = cli_author.prove(chosen, proving, as_json=as_json)
    except KeyboardInterrupt:
        _complain(f"épreuve interrompue{NBSP}; les labos qu'elle occupait ont été retirés.")
        raise typer.Exit(interruption.EXIT_CODE) from None
    raise typer.Exit(code)


@app.command()
def new(exercise_id: NewIdentifier, kind: KindOption = "playbook", exercises: Exercises = catalog.EXERCISES) -> None:
    """Créer un exercice, à adapter ensuite."""
    from grader import cli_author

    cli_author.new(exercises / exercise_id, kind)


@app.command("schema")
def schema_() -> None:
    """Écrire le schéma JSON de exercise.yml, pour les éditeurs qui complètent et vérifient."""
    import json

    from grader import schema as spec

    print(json.dumps(spec.schema(), ensure_ascii=False, indent=2))


@app.command()
def progress(as_json: AsJson = False, file: Export = None) -> None:
    """Montrer où vous en êtes, leçon par leçon."""
    from grader import cli_learner

    cli_learner.tell(as_json=as_json, file=file)


def _found(exercise_id: str, exercises: Path, learner: str | None, as_json: bool) -> Exercise:
    """The exercise; a JSON reader is told of a missing or faulty one as well."""
    try:
        return catalog.find(exercise_id, exercises, learner)
    except GraderError as error:
        if as_json:
            from grader.report import failure

            print(failure(exercise_id, 0, error).to_json())
        raise


def _progress(exercise: Exercise) -> AbstractContextManager[Any]:
    """What is being done, on standard error: a live line in a terminal, nothing in a file."""
    if not sys.stderr.isatty():
        return nullcontext()
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    return _Line(Progress(*columns, console=Console(stderr=True), transient=True), exercise.id)


class _Line:
    """One live line, a grading's Watcher."""

    def __init__(self, progress: Any, title: str) -> None:
        self._progress = progress
        self._title = title

    def __enter__(self) -> Self:
        self._progress.start()
        self._task = self._progress.add_task(self._title)
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def step(self, text: str) -> None:
        self._progress.update(self._task, description=f"{self._title}{NBSP}: {text}")

    def running(self, recording: Recording) -> None: ...


def _show(report: Report) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for entry in report.checks:
        mark, colour = ("✓", "green") if entry.passed else ("✕", "red")
        marks = f" ({figure(entry.points)}/{figure(entry.max)})"
        console.print(Text.assemble((f"{mark} ", colour), (entry.title, "bold"), marks), soft_wrap=True)
        _paragraph(console, entry.message)
    console.print(Text(report.message, style="bold"), soft_wrap=True)
    if hint := next((entry.hint for entry in report.checks if entry.hint), None):
        _paragraph(console, f"Indice{NBSP}: {hint}")


def _paragraph(console: Console, text: str) -> None:
    """Lines as wide as the terminal; textwrap, unlike rich, never breaks at a non-breaking space."""
    for line in text.splitlines():
        wrapped = textwrap.fill(line, console.width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
        console.print(wrapped, markup=False, soft_wrap=True)


def _complain(message: str) -> None:
    print(f"grader{NBSP}: {message}", file=sys.stderr)


def main() -> None:
    """The entry point: what a user can cause is one French sentence and exit code 2."""
    try:
        code = app(sys.argv[1:] or ["--help"], prog_name="grader", standalone_mode=False)
    except (GraderError, LabError) as error:
        _complain(typeset(str(error)))
        code = Exit.NO_MARK
    except UsageError as error:
        _complain(typeset(told(error)))
        code = Exit.NO_MARK
    sys.exit(code)


if __name__ == "__main__":
    main()
