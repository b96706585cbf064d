"""What holds for every lesson: short cells, and a page that runs from top to bottom, answered or not."""

import ast
import asyncio
import os
import re
import shutil
import sqlite3
from contextlib import closing

import nbformat
import pytest
from nbclient import NotebookClient

from grader import catalog, parameters
from grader.answer import ENTRIES
from grader.progress import FILE, Progress
from labs import paths
from labs.notebook import build, magic_cells, magics

MAGICS = {"%%exercice", *(magic.name for magic in magics.MAGICS)}
LESSONS = sorted(paths.NOTEBOOKS.glob("*.ipynb"))
EXERCISE = re.compile(r'exercise\("([\w-]+)"\)')
LEARNER = "apprenante-7"  # the values drawn for her are never the first ones
AT_ONCE = 2  # gradings mostly wait


def lesson(path):
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_cell_is_imports_or_one_call_or_one_magic(path):
    for cell in lesson(path).cells:
        if cell.cell_type == "code" and not is_one_magic(cell.source):
            imports = all(isinstance(statement, ast.ImportFrom) for statement in ast.parse(cell.source).body)
            assert imports or build.call(cell.source), cell.source


def is_one_magic(source):
    """One of ours, alone in its cell: a line, or a cell's body under its first line."""
    magic = magic_cells.read(source)
    return magic and magic.name in MAGICS and (magic.name.startswith("%%") or not magic.body)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_code_fits_a_narrow_page(path):
    for cell in lesson(path).cells:
        if cell.cell_type == "code":
            assert max(map(len, cell.source.splitlines())) <= 80, cell.source


def test_lessons_lead_from_one_to_the_next():
    texts = ["\n".join(cell.source for cell in lesson(path).cells) for path in LESSONS]
    for text, following in zip(texts, LESSONS[1:], strict=False):
        assert following.name in text


@pytest.mark.lab
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_runs_from_top_to_bottom(path, tmp_path, monkeypatch):
    """As a learner who runs all cells and answers nothing: a copy in a folder of its own, no cell fails, each shows something."""
    monkeypatch.setenv("CONTREPOINT_TRAVAIL", str(tmp_path))
    notebook = lesson(path)
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code" and not cell.source.startswith("from "):
            assert cell.outputs, cell.source
            assert all(output.output_type == "display_data" for output in cell.outputs), cell.outputs


def exercises(path):
    return [found[1] for cell in lesson(path).cells if (found := EXERCISE.match(cell.source))]


def answered(path, work):
    """A lesson in which each exercise's cell holds the learner's own answer, the solution; files that go with one are put in ``work``."""
    notebook = lesson(path)
    for cell in notebook.cells:
        if found := EXERCISE.match(cell.source):
            exercise = catalog.find(found[1], learner=LEARNER)
            kept = work / "reponses" / exercise.id
            shutil.copytree(exercise.folder / "solution", kept)
            parameters.fill_folder(kept, exercise.parameters)
            cell.source = f"%%exercice {exercise.id}\n{(kept / ENTRIES[exercise.kind]).read_text(encoding='utf-8')}"
    return notebook


def named(work):
    """Give the learner of ``work`` a name that chance has not drawn."""
    progress = Progress(work / FILE)
    progress.learner()
    with closing(sqlite3.connect(progress.path)) as database, database:
        database.execute("UPDATE learner SET id = ?", (LEARNER,))
    return progress


async def solve(path, work, slots):
    """What the learner's progress says once a lesson has run with all its solutions: exercise -> (points, most)."""
    progress, notebook = named(work), answered(path, work)
    client = NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(work)}})
    async with slots:
        await client.async_execute(env=os.environ | {"CONTREPOINT_TRAVAIL": str(work)})
    return {fact.exercise: (fact.score, fact.max) for fact in progress.attempts()}


@pytest.fixture(scope="session")
def solved(request, tmp_path_factory):
    """The marks of each lesson that the session asks for: they run side by side, the longest first, for it would keep all waiting."""
    asking = [item for item in request.session.items if "solved" in getattr(item, "fixturenames", ())]
    wanted = sorted((item.callspec.params["path"] for item in asking), key=lambda path: -len(exercises(path)))

    async def all_of_them():
        slots = asyncio.Semaphore(AT_ONCE)
        return await asyncio.gather(*(solve(path, tmp_path_factory.mktemp(path.stem), slots) for path in wanted))

    return dict(zip(wanted, asyncio.run(all_of_them()), strict=True))


@pytest.mark.lab
@pytest.mark.parametrize("path", [path for path in LESSONS if exercises(path)], ids=lambda path: path.stem)
def test_a_lesson_with_its_solutions_gets_all_the_points(solved, path):
    marks = solved[path]
    assert list(marks) == exercises(path)
    assert [name for name, (score, most) in marks.items() if score != most] == []


def test_the_lessons_hold_all_the_exercises():
    assert sorted(name for path in LESSONS for name in exercises(path)) == sorted(catalog.ids())
