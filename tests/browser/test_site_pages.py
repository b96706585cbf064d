"""The site opened from its folder, with no network at all: it shows, it plays, and anyone can use it."""

from __future__ import annotations

import pytest
from accessibility import serious_faults
from playwright.sync_api import expect

from labs.site import writing

pytestmark = pytest.mark.browser

LESSON = "01_synchrone_asynchrone"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    writing.write(folder)
    return folder


@pytest.fixture
def opened(offline, site):
    """Open a page of the site by its name."""

    def go(name):
        offline.goto((site / f"{name}.html").as_uri())
        return offline

    return go


def first_replay(page):
    """The first figure, which becomes a player when it comes into view."""
    page.locator(".replay").first.scroll_into_view_if_needed()
    replay = page.locator(".cp-replay").first
    expect(replay.get_by_role("button", name="Lire")).to_be_visible()
    return replay


def test_a_lesson_is_read_from_the_index_to_its_quiz(opened):
    page = opened("index")
    page.get_by_role("link", name="Synchrone, asynchrone").last.click()
    expect(page.locator("h1")).to_have_text("Synchrone, asynchrone")

    replay = first_replay(page)
    assert replay.locator("svg .cp-bar").count() > 0
    moment = replay.locator(".cp-moment")
    end = moment.text_content()
    replay.get_by_role("button", name="Lire").click()
    expect(moment).not_to_have_text(end)
    first = moment.text_content()
    expect(moment).not_to_have_text(first)  # it goes on by itself
    replay.get_by_role("button", name="Pause").click()
    before = moment.text_content()
    replay.get_by_role("button", name="Événement suivant").click()
    expect(moment).not_to_have_text(before)

    page.get_by_text("Elle meurt, et Ansible déclare node2 injoignable.").click()
    expect(page.get_by_text("C’est UNREACHABLE.")).to_be_visible()
    assert page.complaints == []
    assert page.asked == []


@pytest.mark.parametrize("name", ["index", LESSON, "03_ad_hoc"])
def test_axe_finds_nothing_serious_by_day_nor_by_night(opened, name):
    page = opened(name)
    page.evaluate("for (const fold of document.querySelectorAll('main details')) fold.open = true")
    if name != "index":
        first_replay(page)
    assert serious_faults(page) == []
    page.get_by_role("button", name="Thème sombre").click()
    expect(page.get_by_role("button", name="Thème clair")).to_be_visible()
    assert serious_faults(page) == []
    assert page.complaints == []


@pytest.mark.parametrize("name", [LESSON, "02_polling"])
def test_a_narrow_page_does_not_scroll_sideways(opened, page, name):
    page.set_viewport_size({"width": 360, "height": 740})
    opened(name)
    first_replay(page)
    page.evaluate("for (const fold of document.querySelectorAll('main details')) fold.open = true")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_without_scripts_the_figures_stand(chromium, site):
    context = chromium.new_context(java_script_enabled=False, locale="fr-FR")
    page = context.new_page()
    page.goto((site / "00_accueil.html").as_uri())
    expect(page.locator(".replay img").first).to_be_visible()
    context.close()
