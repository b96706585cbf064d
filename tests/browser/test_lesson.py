"""A learner's first hour: the lesson opens in French, runs, draws itself, survives a cut, is graded, saved and found again."""

from __future__ import annotations

import json
import time

import pytest
from playwright.sync_api import expect

from grader import catalog
from grader.progress import FILE, Progress
from labs.paths import ROOT

pytestmark = pytest.mark.browser

LESSON = "01_synchrone_asynchrone"
expect.set_options(timeout=20_000)
RUN_MS = 90_000
MENUS = ["Fichier", "Édition", "Affichage", "Exécution", "Noyau", "Onglets", "Paramètres", "Aide"]

WRONG = """\
- hosts: all
  gather_facts: false
  tasks:
    - name: Travailler
      ansible.builtin.shell: /bin/sleep 8 && touch /tmp/termine
"""
RIGHT = f"""{WRONG}\
      async: 60
      poll: 2
"""


def button(place, text):
    return place.locator("button.jupyter-button", has_text=text)


def bar_width(cell, host):
    """Width on screen, in pixels, of the node's own bar."""
    return cell.locator(f".cp-bar[data-host='{host}']").first.evaluate("bar => bar.getBoundingClientRect().width")


def launch(notebook, marker):
    """Press « Lancer » in the panel of the cell that holds ``marker`` and wait for node2's bar."""
    cell = notebook.cell(marker)
    button(cell, "Lancer").click()
    cell.locator(".cp-bar[data-host='node2']").first.wait_for(timeout=RUN_MS)
    return cell


def cut_in_the_middle(cell):
    grown = bar_width(cell, "node2")
    expect(button(cell, "Couper le lien de node2")).to_be_enabled(timeout=30_000)
    time.sleep(1.5)
    assert bar_width(cell, "node2") > grown, "the bar grows while the job runs"
    button(cell, "Couper le lien de node2").click()
    cell.locator(".cp-fault").first.wait_for(timeout=30_000)


def wait_for_the_figure(cell):
    """The run is over, and the figure that stays has taken the live view's place."""
    expect(cell.get_by_text("✓ Terminé")).to_be_visible(timeout=RUN_MS)
    expect(cell.locator(".cp-root")).to_have_count(0)


def test_the_first_lesson_opens_in_french_and_runs(notebook):
    lesson = notebook("00_accueil")
    menus = lesson.page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
    assert menus[: len(MENUS)] == MENUS
    assert lesson.run_all() is True
    cell = lesson.cell("lab_status()")
    for node in ("node1", "node2", "node3"):
        expect(cell.get_by_text(node).first).to_be_visible()
    expect(cell.get_by_text("prêt").first).to_be_visible()
    ping = lesson.cell("ansible.builtin.ping")
    button(ping, "Lancer").click()
    expect(ping.get_by_text("✓ Terminé")).to_be_visible(timeout=RUN_MS)
    assert lesson.page.complaints == []


def test_a_cut_loses_the_synchronous_job_and_spares_the_asynchronous_one(notebook):
    lesson = notebook(LESSON)
    assert lesson.run_all() is True

    cell = launch(lesson, 'recorded="01-coupure-synchrone"')
    cut_in_the_middle(cell)
    wait_for_the_figure(cell)
    figure = cell.locator(".jp-OutputArea-output figure").last
    assert "node2" in figure.locator("img").get_attribute("alt")
    expect(cell.get_by_text("/tmp/rapport", exact=False).last).to_be_visible()
    assert states(cell)["node2"] == ["tué"]
    assert "tué" not in states(cell)["node1"]

    cell = launch(lesson, 'recorded="01-coupure-asynchrone"')
    cut_in_the_middle(cell)
    wait_for_the_figure(cell)
    assert {state for told in states(cell).values() for state in told} == {"réussi"}
    assert lesson.page.complaints == []


def states(cell):
    """What the data table under the learner's own figure says of each node's jobs."""
    table = cell.locator(".jp-OutputArea-output table").last
    found = {}
    heads = [head.strip().lower() for head in table.locator("thead th").all_text_contents()]
    for row in table.locator("tbody tr").all():
        values = [value.strip() for value in row.locator("th, td").all_text_contents()]
        found.setdefault(values[heads.index("nœud")], []).append(values[heads.index("état")].split()[0])
    return found


def test_an_exercise_is_judged_wrong_then_right_and_all_of_it_is_found_again(jupyterlab, notebook, course):
    lesson = notebook(LESSON)
    assert lesson.run_all() is True
    cell = lesson.cell('exercise("sync-coupure")')
    answer = cell.locator(".cp-exercise-answer textarea")
    learner = Progress(course.work / FILE).learner()
    file = catalog.find("sync-coupure", learner=learner).parameters["fichier"]  # each learner has one of their own

    answer.fill(WRONG.replace("/tmp/termine", file))
    button(cell, "Vérifier").click()
    report = cell.locator(".jp-OutputArea-output .cp-report")
    expect(report.locator("li[data-check]").first).to_be_visible(timeout=RUN_MS)
    assert report.locator("li.cp-failed").count() > 0
    assert "node2" in report.locator("li.cp-failed").first.inner_text()
    button(cell, "Indice").click()
    expect(cell.locator(".cp-hints")).to_contain_text("Indice 1 sur 3")

    right = RIGHT.replace("/tmp/termine", file)
    answer.fill(right)
    expect(button(cell, "Vérifier")).to_be_enabled()
    button(cell, "Vérifier").click()
    expect(report.locator("li.cp-failed")).to_have_count(0, timeout=RUN_MS)
    expect(report.locator("li.cp-passed").first).to_be_visible(timeout=RUN_MS)

    run_panel = lesson.cell('recorded="01-synchrone"')
    button(run_panel, "Lancer").click()
    expect(run_panel.get_by_text("✓ Terminé")).to_be_visible(timeout=RUN_MS)

    lesson.command("docmanager:save")
    saved = json.loads((course.work / f"{LESSON}.ipynb").read_text(encoding="utf-8"))
    kept = [output for cell in saved["cells"] for output in cell.get("outputs", []) if "text/html" in output.get("data", {})]
    assert sum("<figure" in "".join(output["data"]["text/html"]) for output in kept) >= 2
    assert (course.work / "reponses/sync-coupure/answer.yml").read_text(encoding="utf-8") == right

    jupyterlab.close()
    again = notebook(LESSON)
    cell = again.cell('exercise("sync-coupure")')
    expect(cell.locator(".cp-report li.cp-passed").first).to_be_visible()
    expect(cell.locator("figure img").first).to_be_visible()
    expect(again.cell('recorded="01-synchrone"').locator("figure img").last).to_be_visible()


def test_the_screen_of_the_readme(notebook, chromium, course):
    """Makes docs/images/ecran.png: the lesson, a run under way."""
    lesson = notebook(LESSON)
    lesson.run_all()
    cell = launch(lesson, 'recorded="01-coupure-asynchrone"')
    cell.locator(".cp-poll").first.wait_for(timeout=RUN_MS)
    cell.locator(".cp-root").first.scroll_into_view_if_needed()
    picture = ROOT / "docs/images/ecran.png"
    shot = lesson.page.screenshot()
    assert len(shot) > 20_000
    if not picture.exists():
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_bytes(shot)
    expect(cell.get_by_text("✓ Terminé")).to_be_visible(timeout=RUN_MS)
