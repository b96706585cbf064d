"""A magic typed by hand: coloured, drawn as it runs, and found again in the saved notebook."""

from __future__ import annotations

import json

import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

RUN_MS = 120_000
CELLS = [
    "from labs.notebook import launcher",
    "",
    "%%playbook essai\n- hosts: all  # tous\n  gather_facts: false\n  tasks:\n    - ansible.builtin.comand: id",
]


@pytest.fixture
def page_of_cells(course, notebook):
    """A notebook of the learner's own, with an empty cell to type in."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    made.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(made, course.work / "essai.ipynb")
    return notebook("essai")


def test_a_typed_magic_is_drawn_and_found_again(page_of_cells, jupyterlab, notebook, course):
    lesson = page_of_cells
    page = lesson.page
    mimes = "[...window.jupyterapp.shell.currentWidget.content.model.cells].map(cell => cell.mimeType)"
    page.wait_for_function(f"() => {mimes}.join(' ') === 'text/x-ipython text/x-ipython text/x-yaml'")

    cells = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell")
    cells.nth(0).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    cells.nth(1).locator(".cm-content").click()
    page.keyboard.insert_text('%ansible all -B 60 -P 0 -a "/bin/sleep 5"')
    lesson.command("notebook:run-cell")
    cells.nth(1).locator(".cp-bar[data-host='node2']").first.wait_for(timeout=RUN_MS)
    expect(cells.nth(1).locator("figure img")).to_be_visible(timeout=RUN_MS)
    expect(cells.nth(1).get_by_text("ansible_job_id").first).to_be_visible()

    cells.nth(2).locator(".cm-content").click()
    lesson.command("notebook:run-cell")
    expect(cells.nth(2).get_by_text("Ansible ne connaît pas le module")).to_be_visible(timeout=RUN_MS)
    assert page.complaints == []

    lesson.command("docmanager:save")
    saved = json.loads((course.work / "essai.ipynb").read_text(encoding="utf-8"))
    (kept,) = saved["cells"][1]["outputs"]
    assert "<figure" in "".join(kept["data"]["text/html"])
    assert set(kept["data"]) == {"text/html", "text/plain"}
    jupyterlab.close()
    again = notebook("essai")
    expect(again.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) figure img")).to_be_visible()
