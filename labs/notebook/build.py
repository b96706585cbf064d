# mypy: disable-error-code="no-untyped-call, no-any-return"
# (neither jupytext nor nbformat is typed)
"""The lessons: notebooks/sources/*.md -> notebooks/*.ipynb, each cell with the still picture of what it shows.

``python -m labs.notebook.build`` writes them; ``--check`` only proves that they are in step with their sources, with the recorded
runs and with the quizzes; ``--record`` first runs on the lab what the lessons show recorded.
"""

from __future__ import annotations

import ast
import re
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import jupytext
import nbformat
import typer

from labs import paths
from labs.inventory import write_atomically
from labs.notebook import magic_cells, recordings, rerecord

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nbformat import NotebookNode

# Two builds of matplotlib may draw the same run with other bytes.
_PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+")


def sources() -> list[Path]:
    return sorted((paths.NOTEBOOKS / "sources").glob("*.md"))


def target(source: Path) -> Path:
    return paths.NOTEBOOKS / f"{source.stem}.ipynb"


def built(source: Path) -> NotebookNode:
    """The notebook of a source. Same source, runs and quizzes: same notebook, image bytes aside."""
    notebook = jupytext.read(source, fmt="md:myst")
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebook.metadata = {
        "kernelspec": dict(notebook.metadata["kernelspec"]),
        "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
    }
    known: dict[str, Any] = {}
    for place, cell in enumerate(notebook.cells):
        cell.id = f"{source.stem[:2]}-{place:02d}"
        cell.metadata = {}
        if cell.cell_type == "code":
            known |= imported(cell.source)
            _picture(cell, known)
    nbformat.validate(notebook)
    return notebook


def imported(code: str) -> dict[str, Any]:
    """What a cell's ``from … import …`` lines bring."""
    if magic_cells.read(code):
        return {}
    froms = [statement for statement in ast.parse(code).body if isinstance(statement, ast.ImportFrom) and statement.module]
    return {name.name: getattr(import_module(str(line.module)), name.name) for line in froms for name in line.names}


def call(code: str) -> tuple[str, list[Any], dict[str, Any]] | None:
    """The one call that a lesson's cell makes, its arguments being plain values; None for a cell of another kind."""
    if magic_cells.read(code):
        return None
    body = ast.parse(code).body
    if len(body) != 1 or not isinstance(body[0], ast.Expr) or not isinstance(made := body[0].value, ast.Call):
        return None
    arguments = [ast.literal_eval(argument) for argument in made.args]
    options = {option.arg: ast.literal_eval(option.value) for option in made.keywords if option.arg}
    return ast.unparse(made.func), arguments, options


def runs_shown(code: str) -> list[str]:
    """The names of the recorded runs that a cell shows: none for most cells, several for a comparison."""
    magic, made = magic_cells.read(code), call(code)
    if magic and magic.run:
        return [magic.run]
    if made is None:
        return []
    name, arguments, options = made
    if name in {"recorded", "replay"}:
        return [str(arguments[0])]
    if name == "compared":
        return [str(run) for run in arguments[0]]
    if name == "side_by_side":
        return [str(run) for run in arguments[0].values()]
    return [str(options["recorded"])] if options.get("recorded") else []


def _picture(cell: NotebookNode, known: Mapping[str, Any]) -> None:
    """Store what the cell shows before anyone has run it: beside each function that lessons call, its module has a ``still``."""
    cell.execution_count, cell.outputs = None, []
    if made := call(cell.source):
        name, arguments, options = made
        still = import_module(known[name].__module__).still
        cell.outputs = [_output(still(*arguments, **options))]
    elif magic := magic_cells.read(cell.source):
        # An exercise's statement is its widget's to tell: a lesson with such a cell imports it.
        shown = import_module(known["exercise"].__module__).still(magic.line) if magic.name == "%%exercice" else magic_cells.still(magic)
        cell.outputs = [_output(shown)] if shown else []
    if runs := runs_shown(cell.source):
        cell.metadata["contrepoint"] = {"runs": {run: recordings.digest(run) for run in runs}}


def _output(bundle: dict[str, Any]) -> NotebookNode:
    return nbformat.v4.new_output("display_data", data=bundle)


def written(notebook: NotebookNode) -> str:
    return nbformat.writes(notebook) + "\n"


def out_of_step() -> list[str]:
    """Names of the notebooks that do not match their source, and of those that have none."""
    stale = [target(source).name for source in sources() if not _same(target(source), written(built(source)))]
    known = {target(source) for source in sources()}
    return stale + [path.name for path in sorted(paths.NOTEBOOKS.glob("*.ipynb")) if path not in known]


def _same(path: Path, text: str) -> bool:
    return path.is_file() and _PICTURE.sub("", path.read_text(encoding="utf-8")) == _PICTURE.sub("", text)


def main(
    check: Annotated[bool, typer.Option(help="Vérifier sans rien écrire.")] = False,
    record: Annotated[bool, typer.Option(help="Refaire d’abord les exécutions enregistrées, sur le labo.")] = False,
    lab: Annotated[str, typer.Option(help="Le labo où les refaire.")] = "default",
    only: Annotated[str, typer.Option(help="Seulement ce dont le nom commence ainsi, comme « 03 ».")] = "",
) -> None:
    """Fabriquer les notebooks du cours à partir de leurs sources."""
    if check:
        stale = out_of_step()
        for name in stale:
            print(f"{name} n’est plus à jour : lancez « python -m labs.notebook.build ».")
        sys.exit(bool(stale))
    if record:
        rerecord.all_runs(lab, only)
    for source in sources():
        if not source.name.startswith(only):
            continue
        write_atomically(target(source), written(built(source)))
        print(target(source).relative_to(paths.ROOT))


if __name__ == "__main__":
    typer.run(main)
