"""Each lesson as a page: it opens, all its cells run, nothing complains; and its quieter widgets, each used once, by hand or keyboard."""

from __future__ import annotations

import json

import pytest
from accessibility import OUTPUTS, serious_faults
from playwright.sync_api import expect

from labs import paths

pytestmark = pytest.mark.browser

LESSONS = sorted(path.stem for path in paths.NOTEBOOKS.glob("*.ipynb"))
WHOLE = """() => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    notebook.notebookConfig = { ...notebook.notebookConfig, windowingMode: 'none' };
}"""


def button(place, text):
    return place.locator("button.jupyter-button", has_text=text)


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_opens_and_axe_finds_nothing_serious_in_it(notebook, name):
    lesson = notebook(name)
    lesson.page.evaluate(WHOLE)  # else only the cells near the eye are in the page
    assert lesson.run_all() is True
    lesson.cell("quiz(").locator("details").first.wait_for()
    assert lesson.page.locator(".jp-RenderedHTMLCommon .jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert serious_faults(lesson.page, OUTPUTS) == []
    assert lesson.page.complaints == []


def test_a_forecast_a_setting_a_simulation_and_the_quiz_are_used_by_keyboard(notebook, course):
    lesson = notebook("02_polling")
    assert lesson.run_all() is True
    page = lesson.page

    cell = lesson.cell("predict(")
    field = cell.get_by_label("Ma prévision")
    field.fill("13")
    page.keyboard.press("ArrowUp")
    button(cell, "Noter ma prévision").press("Enter")
    expect(cell.get_by_text("C’est noté")).to_be_visible()
    kept = [json.loads(file.read_text(encoding="utf-8")) for file in (course.work / "previsions").glob("*.json")]
    assert {"value": 14, "unit": "sondages"} in kept

    cell = lesson.cell("setting(")
    button(cell, "Demander à Ansible").press("Enter")
    expect(cell.get_by_text("15 est la valeur d’origine d’Ansible")).to_be_visible()
    cell.get_by_label("ANSIBLE_POLL_INTERVAL").fill("4")
    button(cell, "Demander à Ansible").press("Enter")
    expect(cell.get_by_text("4 vient de la variable ANSIBLE_POLL_INTERVAL")).to_be_visible()

    cell = lesson.cell("what_if(")
    slider = cell.get_by_role("slider").last
    before = cell.locator("svg").first.get_attribute("aria-label")
    slider.focus()
    slider.press("ArrowRight")
    expect(cell.locator("svg").first).not_to_have_attribute("aria-label", before)

    cell = lesson.cell("quiz(")
    choice = cell.locator("summary").first
    choice.focus()
    choice.press("Enter")
    expect(cell.locator("details[open] > p").first).to_be_visible()
    assert page.complaints == []
