"""What holds for every lesson: short cells, and a page that runs from top to bottom."""

import ast

import nbformat
import pytest
from nbclient import NotebookClient

from labs import paths
from labs.notebook import build, magic_cells, magics

MAGICS = {"%%exercice", *(magic.name for magic in magics.MAGICS)}
LESSONS = sorted(paths.NOTEBOOKS.glob("*.ipynb"))


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
