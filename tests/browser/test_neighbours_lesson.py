"""Lesson 06 in a browser: the same work in two ways, by keyboard, each kept and put beside the other."""

from __future__ import annotations

import pytest
from accessibility import OUTPUTS, serious_faults
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LESSON = "06_pieges_et_voisins"
RUN_MS = 120_000


def test_two_ways_are_run_and_compared(notebook):
    lesson = notebook(LESSON)
    assert lesson.run_all() is True
    cell = lesson.cell("side_by_side(")
    launch = cell.locator("button.jupyter-button", has_text="Lancer")
    launch.focus()
    launch.press("Enter")
    # The panel has gone on to the next way by itself.
    expect(cell.get_by_label("Façon")).to_have_value("forks", timeout=RUN_MS)
    cell.get_by_label("Façon").select_option(label="strategy: free")
    expect(cell.locator("pre").first).to_contain_text("strategy: free")
    launch.click()
    expect(cell.get_by_text("Vos exécutions, sur un même axe").first).to_be_visible(timeout=RUN_MS)
    expect(cell.get_by_text("B par rapport à A").first).to_be_visible()
    expect(cell.locator("table").first).to_contain_text("(B ci-dessous)")
    assert serious_faults(lesson.page, OUTPUTS) == []
    assert lesson.page.complaints == []
