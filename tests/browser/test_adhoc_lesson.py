"""Lesson 03 in a browser: an answer opened field by field, a job followed and cleaned up, its file seen changing."""

from __future__ import annotations

import re

import pytest
from accessibility import OUTPUTS, serious_faults
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

LESSON = "03_ad_hoc"
RUN_MS = 120_000
expect.set_options(timeout=30_000)


def button(place, text):
    return place.locator("button.jupyter-button", has_text=text)


def finished(cell):
    expect(cell.get_by_text("✓ Terminé")).to_be_visible(timeout=RUN_MS)


def test_a_job_is_launched_followed_and_cleaned_up(notebook):
    lesson = notebook(LESSON)
    assert lesson.run_all() is True
    launch = lesson.cell('recorded="03-suivre"')
    button(launch, "Lancer").click()
    expect(launch.get_by_text("a rendu la main")).to_be_visible(timeout=RUN_MS)
    answer = launch.locator("details.cp-answer").first
    field = answer.locator("summary", has_text='"finished": false')
    field.focus()
    field.press("Enter")
    expect(answer.locator("details[open] > p", has_text="booléen")).to_be_visible()
    jid = re.search(r"j\d+\.\d+", answer.inner_text())[0]
    assert serious_faults(lesson.page, OUTPUTS) == []

    ask = lesson.cell('forecast="03-tous"')
    ask.get_by_label("Le job").select_option(label=f"node1 · {jid}")
    ask.get_by_label("Le nœud interrogé").select_option(label="tous (all)")
    expect(ask.locator("pre").first).to_contain_text(f"all -m ansible.builtin.async_status -a 'jid={jid}'")
    button(ask, "Demander").click()
    expect(ask.locator("details.cp-answer")).to_have_count(3, timeout=RUN_MS)
    expect(ask.get_by_text("FAILED!").first).to_be_visible()
    finished(launch)
    finished(ask)

    clean = lesson.cell('recorded="03-ranger"')
    clean.get_by_label("Le job").select_option(label=f"node1 · {jid}")
    clean.get_by_label("La demande").select_option(label="Efface son fichier (mode=cleanup)")
    button(clean, "Demander").click()
    expect(clean.locator("details.cp-answer")).to_contain_text("erased", timeout=RUN_MS)
    expect(clean.get_by_label("Le job")).to_contain_text(f"{jid} (effacé)")
    finished(clean)
    assert serious_faults(lesson.page, OUTPUTS) == []
    assert lesson.page.complaints == []


def test_the_file_of_the_job_changes_under_the_learners_eyes(notebook):
    lesson = notebook(LESSON)
    assert lesson.run_all() is True
    cell = lesson.cell('recorded="03-fichier-sonde"')
    button(cell, "Lancer").click()
    expect(cell.get_by_text("Le job tourne.")).to_be_visible(timeout=RUN_MS)
    finished(cell)
    expect(cell.get_by_text("le fichier n’existe plus")).to_be_visible()
    assert serious_faults(lesson.page, OUTPUTS) == []
    assert lesson.page.complaints == []
