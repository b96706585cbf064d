"""A run under way, whatever happens to its page: reloaded, interrupted, seen twice, cancelled."""

from __future__ import annotations

from itertools import pairwise

import pytest
from accessibility import OUTPUTS, serious_faults
from playwright.sync_api import expect

from labs.lab import Lab

pytestmark = pytest.mark.browser

LESSON = "01_synchrone_asynchrone"
PANEL = 'recorded="01-coupure-asynchrone"'
RUN_MS = 90_000
expect.set_options(timeout=20_000)


def button(place, text):
    return place.locator("button.jupyter-button", has_text=text)


@pytest.fixture
def running(notebook):
    """A lesson whose asynchronous panel has just been launched, and the cell of that panel."""
    lesson = notebook(LESSON)
    assert lesson.run_all() is True
    cell = lesson.cell(PANEL)
    button(cell, "Lancer").click()
    cell.locator(".cp-bar[data-host='node2']").first.wait_for(timeout=RUN_MS)
    return lesson, cell


def width(cell):
    return cell.locator(".cp-bar[data-host='node2']").first.evaluate("bar => bar.getBoundingClientRect().width")


def grows(page, cell):
    """Most of the time: where the axis is drawn anew, for more seconds, the bar is smaller at once."""
    widths = []
    for _ in range(7):
        widths.append(width(cell))
        page.wait_for_timeout(200)
    return sum(later > sooner + 2 for sooner, later in pairwise(widths)) >= 4


def finished(cell):
    expect(cell.get_by_text("✓ Terminé")).to_be_visible(timeout=RUN_MS)


def test_a_page_reloaded_in_mid_run_finds_the_run_again(running):
    lesson, _ = running
    lesson.command("docmanager:save")
    lesson.page.reload()
    lesson.page.wait_for_function(
        "() => window.jupyterapp && window.jupyterapp.shell.currentWidget?.sessionContext?.isReady", timeout=90_000
    )
    cell = lesson.cell(PANEL)
    cell.locator(".cp-bar[data-host='node2']").first.wait_for(timeout=30_000)
    finished(cell)
    expect(cell.locator("figure img").last).to_be_visible()


def test_an_interrupted_kernel_lets_the_run_go_on(running):
    lesson, cell = running
    lesson.command("notebook:interrupt-kernel")
    assert grows(lesson.page, cell)
    finished(cell)
    expect(button(cell, "Lancer")).to_be_enabled()


def test_cancel_ends_the_run_everywhere(running):
    _, cell = running
    cell.locator(".cp-cancel").click()
    expect(button(cell, "Lancer")).to_be_enabled(timeout=30_000)
    lab = Lab()
    for node in lab.nodes:
        assert lab.execute(node, ["pgrep", "-f", "^/bin/sleep 8"]).returncode == 1
    assert list((lab.directory / "runs").iterdir()) == []


def test_axe_finds_nothing_serious_in_what_is_ours(running):
    """JupyterLab's own page has faults of its own: only the outputs of cells are looked at, during a run and after it."""
    lesson, cell = running
    for _ in range(2):
        assert serious_faults(lesson.page, OUTPUTS) == []
        finished(cell)
