"""``labs timeline``: what can be done with chronologies kept in files, without any lab. Imports are late: ``labs --help`` is quick."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labs.cli_french import Program
from labs.errors import LabError

if TYPE_CHECKING:
    from labs.timeline.compare_words import Run
    from labs.timeline.model import Timeline

timeline_app = Program(help="Les chronologies enregistrées : les voir, les comparer, les exporter.")

NBSP = "\u00a0"
File = Annotated[Path, typer.Argument(metavar="FICHIER", help="Un fichier écrit par « labs run --timeline ».")]
Files = Annotated[list[Path], typer.Argument(metavar="FICHIER", help="De deux à six fichiers ; les autres sont comparés au premier.")]
Figure = Annotated[Path | None, typer.Option("--figure", help="Dessiner dans ce fichier (.svg, .png ou .pdf).")]
Csv = Annotated[Path | None, typer.Option("--csv", help="Écrire un tableau, une ligne par job (« - » : à l’écran).")]
Comma = Annotated[bool, typer.Option("--virgule", help="Virgule décimale et points-virgules, comme les tableurs en français.")]
AsJson = Annotated[bool, typer.Option("--json", help="Pour un programme.")]


@timeline_app.command()
def show(file: File) -> None:
    """Montrer une chronologie : ses lignes, son résumé, le tableau de ses jobs."""
    from rich.console import Console

    from labs import terminal
    from labs.timeline import words

    timeline = _read(file)
    console = Console()
    console.print(terminal.Lanes(timeline))
    console.print()
    for said in filter(None, (words.occasion(timeline), words.yields(timeline))):
        console.print(terminal.paragraph(said, console.width))
    console.print()
    console.print(terminal.table(words.HEADINGS, words.table(timeline), words_first=2))


@timeline_app.command()
def compare(files: Files, figure: Figure = None, as_json: AsJson = False) -> None:
    """Comparer de deux à six exécutions sur un même axe, et dire où est passé le temps."""
    from labs.timeline import compare_words
    from labs.timeline.compare_words import Run

    runs = compare_words.checked([Run(name, _read(file)) for name, file in zip(_names(files), files, strict=True)])
    if figure:
        from labs.timeline import compare_figure

        compare_figure.save(runs, figure)
    if as_json:
        print(_json(runs))
    else:
        _tell(runs)


@timeline_app.command()
def export(file: File, figure: Figure = None, csv: Csv = None, virgule: Comma = False) -> None:
    """Faire d’une chronologie une figure, ou un tableau pour un tableur."""
    if not figure and not csv:
        raise LabError("Rien à exporter.", f"Ajoutez --figure chronologie.svg, ou --csv chronologie.csv{NBSP}; ou les deux.")
    timeline = _read(file)
    if figure:
        from labs.timeline.figure import save

        save(timeline, figure)
    if csv:
        from labs.timeline import spreadsheet

        if str(csv) == "-":
            print(spreadsheet.text(timeline, decimal_comma=virgule), end="")
        else:
            spreadsheet.save(timeline, csv, decimal_comma=virgule)


def _read(file: Path) -> Timeline:
    from labs.timeline import store

    return store.read(file)


def _names(files: list[Path]) -> list[str]:
    """What each run is called: its file's name, or its whole path where two files bear the same."""
    stems = [file.stem for file in files]
    return stems if len(set(stems)) == len(files) else [str(file) for file in files]


def _tell(runs: tuple[Run, ...]) -> None:
    from rich.console import Console

    from labs import terminal
    from labs.terminal_compare import Comparison
    from labs.timeline import compare_words

    console = Console()
    console.print(Comparison(runs))
    console.print()
    for sentence in compare_words.sentences(runs):
        console.print(terminal.paragraph(sentence, console.width))
    console.print()
    headings, *lines = zip(compare_words.HEADINGS, *compare_words.table(runs), strict=True)  # a column a run: there are more causes
    console.print(terminal.table(["", *(name[0] for name in headings[1:])], lines))


def _json(runs: tuple[Run, ...]) -> str:
    """Seconds by cause of each run, and what each has more than the first."""
    import json
    from dataclasses import asdict

    from labs.timeline import compare, metrics

    first = runs[0].timeline
    said = [
        {
            "name": run.name,
            "title": run.timeline.title,
            "makespan": metrics.makespan(run.timeline),
            "causes": compare.shares(run.timeline),
            "difference": asdict(compare.difference(first, run.timeline)),
        }
        for run in runs
    ]
    return json.dumps({"runs": said}, ensure_ascii=False, indent=1)
