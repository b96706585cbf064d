"""Answers read out of notebooks, as nbformat gives them; odd cells are told."""

from __future__ import annotations

import json

import nbformat
import pytest
from packing import notebook

from grader.copies import notebooks
from grader.copies.notebooks import NotebookError
from grader.trace import Trace

IDS = ("deux-nombres", "autre")
LEARNER = "0123456789abcdef" * 2


def read(path):
    return notebooks.read(path, IDS)


def texts(found):
    return [(one.exercise, one.text, one.cell) for one in found.answers]


def test_cells_are_answers_and_nothing_is_run(tmp_path):
    path = notebook(
        tmp_path / "n.ipynb", "raise SystemExit", "\n%%exercice deux-nombres \na: 2\nb: 3", f"open({str(tmp_path / 'x')!r}, 'w')"
    )
    assert texts(read(path)) == [("deux-nombres", "a: 2\nb: 3", 2)]
    assert not (tmp_path / "x").exists()


def test_what_the_widget_left_is_an_answer(tmp_path):
    path = notebook(tmp_path / "n.ipynb", left=[Trace("deux-nombres", LEARNER), Trace("deux-nombres", LEARNER, "a: 5\n")])
    found = read(path)
    assert texts(found) == [("deux-nombres", "a: 5\n", 1)]
    assert found.answers[0].checked
    assert (found.learners, found.panels) == ((LEARNER,), ("deux-nombres",))


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("# ma réponse\n%%exercice deux-nombres\na: 2", "la première ligne de la cellule 1 n'est plus « %%exercice … »"),
        ("%%exercise deux-nombres\na: 2", "la première ligne de la cellule 1 n'est plus"),
        ("%exercice deux-nombres\na: 2", "la première ligne de la cellule 1 n'est plus"),
        ("%%exercice deux-nombre\na: 2", "répond à « deux-nombre », qui n'est pas un exercice demandé"),
        (nbformat.v4.new_markdown_cell("%%exercice deux-nombres\na: 2"), "n'est plus une cellule de code (markdown)"),
    ],
)
def test_a_cell_that_is_no_answer_any_more_is_told(tmp_path, cell, told):
    found = read(notebook(tmp_path / "n.ipynb", cell))
    assert found.answers == ()
    assert told in found.notices[0]


def test_a_cell_that_speaks_of_exercises_is_not_odd(tmp_path):
    assert read(notebook(tmp_path / "n.ipynb", "# Exercice : deux nombres\nexercice = 2", "x = 1")).notices == ()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"null", b'"x"', b"{", b"\xff\xfe\0", b'{"nbformat": 4}', b'{"nbformat": 99, "cells": []}', b'{"nbformat": 4, "cells": 3}',
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": {"a": 1}}', b"[" * 100_000, b'{"nbformat": 3, "worksheets": [7]}',
    ],
)  # fmt: skip
def test_what_is_no_notebook_is_told(tmp_path, content):
    path = tmp_path / "n.ipynb"
    path.write_bytes(content)
    with pytest.raises(NotebookError, match="n'est pas un notebook lisible"):
        read(path)


PLAIN = {"cell_type": "code", "source": "x", "metadata": {}, "outputs": [], "execution_count": None}


@pytest.mark.parametrize(
    ("bent", "read_all_the_same"),
    [
        ({"source": 5}, True),
        ({"cell_type": 3}, False),
        ({"outputs": 7}, False),
        ({"outputs": [3]}, False),
        ({"outputs": [{"metadata": 4}]}, True),
        ({"outputs": [{"output_type": "error", "metadata": {"contrepoint": [1]}}]}, True),
        ({"outputs": [{"output_type": "error", "metadata": {"contrepoint": {"exercise": "autre", "learner": 4, "answer": [1]}}}]}, True),
    ],
)
def test_a_bent_cell_stops_nothing_else(tmp_path, bent, read_all_the_same):
    cells = [PLAIN | bent, PLAIN | {"source": "%%exercice autre\nb: 1"}]
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}))
    if not read_all_the_same:  # nbformat itself refuses it
        with pytest.raises(NotebookError):
            read(path)
        return
    assert [one[:2] for one in texts(read(path))] == [("autre", "b: 1")]


def test_halves_of_characters_can_be_written(tmp_path):
    path = tmp_path / "n.ipynb"
    cell = {"cell_type": "code", "source": "%%exercice autre\na: \ud800", "metadata": {}, "outputs": [], "execution_count": None}
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [cell]}))
    assert texts(read(path)) == [("autre", "a: ?", 1)]


def test_a_notebook_of_another_age_is_read(tmp_path):
    path = tmp_path / "n.ipynb"
    cell = {
        "cell_type": "code",
        "input": ["%%exercice autre\n", "a: 1"],
        "language": "python",
        "outputs": [],
        "metadata": {},
        "collapsed": False,
    }
    document = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": [cell], "metadata": {}}]}
    path.write_text(json.dumps(document))
    assert texts(read(path)) == [("autre", "a: 1", 1)]
