"""What `grader grade` writes for learners and teachers, opened from its folder with no network at all."""

from __future__ import annotations

import subprocess
import sys

import pytest
from accessibility import serious_faults
from playwright.sync_api import expect

from grader.copies import classroom, feedback
from grader.copies.course import Course
from grader.copies.gradebook import gradebook
from grader.copies.records import RUNS, Store
from labs.paths import RUNS as RECORDED

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A class that answered an exercise of values; one copy is given a run, as if the answer had been run."""
    folder = tmp_path_factory.mktemp("classe")
    (folder / "copies").mkdir()
    answers = ("Sauvegarder\nnoeud: node3", "Préparer\nnoeud: node1", "Préparer\nnoeud: node1", "Préparer")
    for number, answer in enumerate(answers, start=1):
        (folder / "copies" / f"Élève {number}.yml").write_text(f"duree: 20\ntache: {answer}\n", encoding="utf-8")
    only = ["--exercise", "sync-lire", "--learner-from", "aucun"]
    subprocess.run([sys.executable, "-m", "grader.cli", "grade", folder / "copies", "--out", folder / "out", *only], check=True)
    out, store = folder / "out", Store(folder / "out")
    run = f"{RUNS}/Élève 1/sync-lire-1.json"
    (out / run).parent.mkdir(parents=True)
    (out / run).write_text((RECORDED / "01-synchrone.json").read_text())
    records = {slug: store.read(slug) for slug in (f"Élève {number}" for number in range(1, 5))}
    judged = records["Élève 1"].exercises["sync-lire"].model_copy(update={"runs": (run,)})
    records["Élève 1"] = records["Élève 1"].model_copy(update={"exercises": {"sync-lire": judged}})
    book = gradebook(Course(only=["sync-lire"]), records)
    feedback.write(book.rows[0], Course(only=["sync-lire"]), out)
    classroom.write(book, out)
    return out


@pytest.fixture
def opened(offline, results):
    def go(name):
        offline.goto((results / name).as_uri())
        offline.evaluate("for (const fold of document.querySelectorAll('main details')) fold.open = true")
        return offline

    return go


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["classe.html", "retours/Élève 1.html", "retours/Élève 4.html"])
def test_axe_finds_nothing_serious_by_day_nor_by_night(opened, page, name, scheme):
    page.emulate_media(color_scheme=scheme)
    assert serious_faults(opened(name)) == []
    assert page.complaints == []
    assert page.asked == []


def test_from_the_class_to_a_copy_and_its_chronologie(opened):
    page = opened("classe.html")
    expect(page.get_by_role("heading", name="Les points les plus difficiles")).to_be_visible()
    page.get_by_role("link", name="Élève 1").click()
    expect(page.locator("h1")).to_have_text("Élève 1")
    picture = page.get_by_role("img", name="Chronologie")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 0


@pytest.mark.parametrize("name", ["classe.html", "retours/Élève 1.html"])
def test_a_narrow_page_does_not_scroll_sideways(opened, page, name):
    page.set_viewport_size({"width": 360, "height": 740})
    opened(name)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
