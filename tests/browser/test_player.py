"""The player in a real browser, with no lab and no kernel."""

from __future__ import annotations

import json

import pytest
from accessibility import serious_faults
from timeline import samples

from labs.notebook.player import Replay, film

pytestmark = pytest.mark.browser


@pytest.fixture
def screen(chromium):
    """Open the player of a run in a bare page, whose widget model knows nothing but the run."""
    pages, errors = [], []

    def make(timeline, width=1000):
        page = chromium.new_page(viewport={"width": width, "height": 800})
        pages.append(page)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_content(f"<html lang='fr'><title>Rejouer</title><style>{Replay._css}</style><main></main></html>")
        page.evaluate(
            """async ([source, recorded]) => {
              const module = await import(URL.createObjectURL(new Blob([source], {type: 'text/javascript'})));
              window.leave = module.default.render({model: {get: () => recorded}, el: document.querySelector('main')});
            }""",
            [Replay._esm, json.loads(json.dumps(film(timeline)))],
        )
        return page

    yield make
    for page in pages:
        page.close()
    assert errors == []


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def clock(page):
    return float(page.locator(".cp-moment").inner_text().split("\u00a0")[0].replace(",", "."))


def seek(page, t):
    page.locator(".cp-slider").evaluate("(slider, t) => { slider.value = t; slider.dispatchEvent(new Event('input')); }", t)


def drawn(page):
    """Everything that stands in the picture: keys, states, places."""
    return page.eval_on_selector_all(
        ".cp-root [data-key]",
        """all => all.map(node => [node.dataset.key, node.dataset.state, node.querySelector('rect')?.getAttribute('x'),
             node.querySelector('rect')?.getAttribute('width')].join()).sort()""",
    )


def test_it_opens_on_the_whole_run(screen):
    page = screen(samples.batches())
    assert page.locator(".cp-bar").count() == 15
    assert clock(page) == 28.4
    assert button(page, "Événement suivant").is_disabled()
    assert page.locator(".cp-cancel").is_hidden()
    assert page.locator(".cp-legend").inner_text().count("délai de détection") == 1


def test_play_pause_and_speed(screen):
    page = screen(samples.polled())
    button(page, "Lire").click()
    page.wait_for_timeout(700)
    button(page, "Pause").click()
    slow = clock(page)
    assert 0.3 < slow < 3
    page.wait_for_timeout(200)
    assert clock(page) == slow
    button(page, "4×").click()
    assert button(page, "4×").get_attribute("aria-pressed") == "true"
    assert button(page, "1×").get_attribute("aria-pressed") == "false"
    button(page, "Lire").click()
    page.get_by_role("button", name="Lire", exact=True).wait_for(timeout=8000)  # 10 s of a run in less than 3
    assert clock(page) == 10.0
    assert page.locator(".cp-bar[data-state=succeeded]").count() == 3


def test_bars_grow_while_it_plays(screen):
    page = screen(samples.polled())
    seek(page, 3.0)
    width = "bars => bars.map(bar => Number(bar.querySelector('rect').getAttribute('width')))"
    before = page.eval_on_selector_all(".cp-bar", width)
    button(page, "Lire").click()
    page.wait_for_timeout(500)
    after = page.eval_on_selector_all(".cp-bar", width)
    assert len(before) == len(after) == 3
    assert all(late > early + 5 for early, late in zip(before, after, strict=True))


@pytest.mark.parametrize("make", samples.ALL)
def test_forward_and_back_is_the_same_picture(screen, make):
    """However one comes to a moment, what one sees there is the same."""
    page = screen(make())
    for t in (0.3, 0.55, 0.8):
        moment = round(t * make().end, 2)
        seek(page, 0)
        seek(page, moment)
        forward = drawn(page)
        seek(page, make().end)
        seek(page, moment)
        assert drawn(page) == forward
    seek(page, 0)
    assert page.locator(".cp-bar").count() == 0


def test_step_by_step(screen):
    page = screen(samples.cut())
    seek(page, 0)
    assert page.locator(".cp-event").inner_text() == "Avant le premier événement"
    assert button(page, "Événement précédent").is_disabled()
    told = []
    while button(page, "Événement suivant").is_enabled():
        button(page, "Événement suivant").click()
        told.append(page.locator(".cp-event").inner_text())
    assert len(told) == len(film(samples.cut())["steps"])
    assert told[-1].endswith("Ansible rend la main")
    lost = next(text for text in told if "Lien coupé sur node2" in text)
    while page.locator(".cp-event").inner_text() != lost:
        button(page, "Événement précédent").click()
    assert page.locator(".cp-fault").count() == 1


def test_keyboard(screen):
    page = screen(samples.polled())
    page.locator(".cp-slider").focus()
    page.keyboard.press("Home")
    assert clock(page) == 0
    page.keyboard.press("PageDown")
    assert "se tourne vers node1" in page.locator(".cp-event").inner_text()
    page.keyboard.press("PageDown")
    page.keyboard.press("PageUp")
    assert "se tourne vers node1" in page.locator(".cp-event").inner_text()
    page.keyboard.press("ArrowRight")
    assert clock(page) == pytest.approx(1.3, abs=0.11)
    page.keyboard.press(" ")
    button(page, "Pause").wait_for(timeout=2000)
    page.keyboard.press(" ")
    button(page, "Lire").wait_for(timeout=2000)
    button(page, "Événement suivant").focus()
    page.keyboard.press(" ")  # the button's own
    button(page, "Lire").wait_for(timeout=2000)


def test_the_axis_stays(screen):
    page = screen(samples.batches())
    names = "all => all.map(text => text.textContent + text.getAttribute('x')).join()"
    axis = page.eval_on_selector_all(".cp-axis text", names)
    for t in (0, 3, 12):
        seek(page, t)
        assert page.eval_on_selector_all(".cp-axis text", names) == axis
    button(page, "+").or_(page.get_by_role("button", name="Zoomer", exact=True)).first.click()
    assert page.eval_on_selector_all(".cp-axis text", names) != axis
    button(page, "Tout voir").or_(page.get_by_role("button", name="Voir toute l’exécution")).first.click()
    assert page.eval_on_selector_all(".cp-axis text", names) == axis


def test_the_slider_says_the_moment(screen):
    page = screen(samples.polled())
    seek(page, 3.2)
    assert page.locator(".cp-slider").get_attribute("aria-valuetext") == "3,2\u00a0s sur 10,0\u00a0s"


@pytest.mark.parametrize("width", [1000, 420])
def test_axe_finds_nothing_serious(screen, width):
    page = screen(samples.batches(), width)
    seek(page, 12)
    assert serious_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_view_that_leaves_stops_playing(screen):
    page = screen(samples.polled())
    button(page, "Lire").click()
    page.evaluate("window.leave()")
    before = clock(page)
    page.wait_for_timeout(300)
    assert clock(page) == before
