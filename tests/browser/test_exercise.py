"""An exercise of named values and « Ma progression », as a hand, an eye and a screen reader meet them; no lab is needed."""

from __future__ import annotations

import json

import nbformat
import pytest
from accessibility import serious_faults
from playwright.sync_api import expect

from grader import catalog
from grader.copies import notebooks
from grader.progress import FILE, Progress

pytestmark = pytest.mark.browser

CELLS = (
    'from grader.notebook import exercise\nexercise("sync-lire")',
    "from grader.dashboard import progress\nprogress()",
)


@pytest.fixture
def page_of_two(notebook, course):
    """A learner's notebook with both, run."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code) for code in CELLS])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, course.work / "exercice.ipynb")
    opened = notebook("exercice")
    assert opened.run_all() is True
    return opened


def test_values_are_given_by_keyboard_hints_are_noted_and_progress_says_so(page_of_two, course):
    page = page_of_two.page
    learner = Progress(course.work / FILE).learner()
    exercise = catalog.find("sync-lire", learner=learner)
    cell = page_of_two.cell("exercise(")
    expect(cell.locator(".cp-exercise-statement")).to_contain_text(exercise.run.removesuffix(".json"))  # this learner's
    expect(cell.locator(".cp-exercise figure img")).to_be_visible()

    cell.get_by_label(exercise.fields["duree"].label).fill("1,5")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    cell.get_by_label(exercise.fields["noeud"].label).select_option("node1")
    check = cell.locator(".cp-exercise-check")
    check.focus()
    page.keyboard.press("Space")
    report = cell.locator(".jp-OutputArea-output .cp-report")
    expect(report.locator("li[data-check='duree'].cp-failed")).to_be_visible()
    expect(report).to_contain_text("1,5\u00a0s")

    hint = cell.locator(".cp-exercise-hint")
    for level in (1, 2, 3):
        hint.click()
        expect(cell.locator(".cp-hints")).to_contain_text(f"Indice {level} sur 3")
        if level == 1:
            expect(cell.locator(".cp-hints")).to_contain_text("ils ne coûtent aucun point")

    assert serious_faults(page, ".cp-exercise") == []

    table = page_of_two.cell("progress()")
    table.locator(".cp-progress-panel-refresh").click()
    row = table.locator(".jp-OutputArea-output .cp-progress tr", has_text=exercise.title)
    expect(row).to_contain_text("en cours")
    assert row.locator("td").all_inner_texts()[2:4] == ["1", "2"]
    assert serious_faults(page, ".cp-progress") == []
    table.locator(".cp-progress-panel-export").click()
    expect(table).to_contain_text("Écrit dans travail/")
    kept = json.loads((course.work / "progression.json").read_text(encoding="utf-8"))
    assert [(hint["point"], hint["level"]) for hint in kept["hints"]] == [("duree", 2), ("duree", 3)]
    assert page.complaints == []

    page_of_two.command("docmanager:save")  # the notebook alone is then enough to judge the answer
    handed = notebooks.read(course.work / "exercice.ipynb", [exercise.id])
    assert handed.learners == (learner,)
    assert [(found.exercise, found.text) for found in handed.answers] == [
        (exercise.id, (course.work / "reponses" / exercise.id / "answer.yml").read_text(encoding="utf-8"))
    ]
