"""The live view in a real browser: what it makes of what the kernel says."""

from __future__ import annotations

import json

import pytest
from accessibility import serious_faults
from timeline import samples

from labs.notebook import display, live
from labs.notebook.live import Expected, Frames, LiveView
from labs.timeline import replay
from labs.timeline.layout import layout

pytestmark = pytest.mark.browser


class Screen:
    """The ES module in a bare page, with a stand-in for the widget's model that hands over what the kernel would send."""

    def __init__(self, chromium, timeline, **options):
        self.timeline, self.frames = timeline, Frames(expected=options.pop("expected", None))
        self.options = options
        self.page = chromium.new_page(viewport={"width": 1000, "height": 800})
        self.errors = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        source = (live._STATIC / "chronologie.js").read_text(encoding="utf-8")
        self.page.set_content(f"<html lang='fr'><title>t</title><style>{LiveView._css}</style><main></main></html>")
        self.page.evaluate(
            """async (source) => {
              const module = await import(URL.createObjectURL(new Blob([source], {type: 'text/javascript'})));
              window.sent = []; window.handlers = [];
              const model = {on: (_, handler) => window.handlers.push(handler), send: (message) => window.sent.push(message)};
              module.default.initialize({model});
              window.open_view = () => module.default.render({model, el: document.querySelector('main').appendChild(document.createElement('div'))});
              window.leave = window.open_view();
              window.hear = (message) => window.handlers.forEach((handler) => handler(message));
            }""",
            source,
        )

    def hear(self, message):
        self.page.evaluate("message => window.hear(message)", json.loads(json.dumps(message)))

    def at(self, t):
        over = t >= self.timeline.end
        message = self.frames.take(layout(replay.at(self.timeline, t), live=not over, **self.options))
        if over:
            message = self.frames.full()
        if message:
            self.hear(message)

    def count(self, selector):
        return self.page.locator(selector).count()

    def widths(self, selector):
        return self.page.eval_on_selector_all(f"{selector} > rect:first-child", "all => all.map(r => Number(r.getAttribute('width')))")


@pytest.fixture
def screen(chromium):
    opened = []

    def make(timeline, **options):
        opened.append(Screen(chromium, timeline, **options))
        return opened[-1]

    yield make
    for made in opened:
        made.page.close()
        assert made.errors == []


def test_bars_grow_between_two_messages(screen):
    page = screen(samples.polled(), forecast=14.0)  # the axis is long enough not to change meanwhile
    page.at(4.0)
    assert page.count(".cp-bar[data-state=running]") == 3
    before = page.widths(".cp-bar")
    page.page.wait_for_timeout(300)
    after = page.widths(".cp-bar")
    assert all(late > early + 5 for early, late in zip(before, after, strict=True))


def test_the_picture_says_what_happened(screen):
    page = screen(samples.every_state())
    for t in (1, 2, 4, 6, 8):
        page.at(t)
    states = page.page.eval_on_selector_all(".cp-bar", "all => all.map(b => b.dataset.state).sort()")
    assert states == sorted(job.state.value for job in samples.every_state().jobs)
    assert page.count(".cp-poll") == 4
    assert page.count(".cp-poll.cp-found") == 3
    assert page.count(".cp-fault[data-host=node2][data-state=pause]") == 1
    assert page.count(".cp-delay") == 3
    assert "8\u00a0s" in page.page.locator(".cp-svg").get_attribute("aria-label")
    assert page.page.locator(".cp-status").inner_text().startswith("Exécution terminée")


def test_a_late_view_and_an_early_one_draw_the_same(screen):
    page = screen(samples.batches())
    for t in (3, 9, 15):
        page.at(t)
    page.page.evaluate("() => void window.open_view()")  # a function as value would be called: it closes the view
    page.at(20)
    keys = "all => all.map(root => [...root.querySelectorAll('[data-key]')].map(node => node.dataset.key).sort().join())"
    one, other = page.page.eval_on_selector_all(".cp-root", keys)
    assert one == other


def test_a_page_asks_for_the_scene_and_ignores_changes_before_it(screen):
    page = screen(samples.batches())
    assert page.page.evaluate("window.sent") == [{"type": "hello"}]
    page.frames.take(layout(replay.at(page.timeline, 3.0), live=True))
    page.at(9.0)  # a change, of which the page lacks the beginning
    assert page.count(".cp-bar") == 0
    page.hear(page.frames.full())
    assert page.count(".cp-bar") == 6


def test_keyboard(screen):
    page = screen(samples.batches())
    page.at(28.4)
    page.page.locator(".cp-stage").focus()
    page.page.keyboard.press("ArrowRight")
    assert "sleep 1 sur node1" in page.page.locator(".cp-tip").inner_text()
    page.page.keyboard.press("ArrowRight")
    assert "sleep 2 sur node1" in page.page.locator(".cp-tip").inner_text()
    page.page.keyboard.press("ArrowDown")
    assert "sleep 2 sur node2" in page.page.locator(".cp-tip").inner_text()
    assert "sleep 2 sur node2" in page.page.locator(".cp-said").inner_text()
    wide = page.widths(".cp-bar")[0]
    page.page.keyboard.press("+")
    assert page.widths(".cp-bar")[0] == pytest.approx(1.6 * wide, rel=0.01)
    page.page.keyboard.press("0")
    assert page.widths(".cp-bar")[0] == pytest.approx(wide, rel=0.01)
    page.page.keyboard.press("Escape")
    assert page.page.locator(".cp-tip").is_hidden()


def test_hover_gives_exact_figures(screen):
    page = screen(samples.polled())
    page.at(10.0)
    page.page.locator(".cp-bar[data-host=node1]").hover()
    assert "débuté à 1,95\u00a0s" in page.page.locator(".cp-tip").inner_text()


def test_cancel_button_lives_as_long_as_the_run(screen):
    page = screen(samples.polled())
    page.at(4.0)
    button = page.page.locator(".cp-cancel")
    assert button.inner_text() == "Annuler"
    button.click()
    assert page.page.evaluate("window.sent.at(-1)") == {"type": "cancel"}
    assert button.is_disabled()
    page.at(10.0)
    assert button.is_hidden()


def test_a_progress_bar_where_the_end_is_known(screen):
    page = screen(samples.batches(), expected=Expected(20.0, "comme la dernière fois"))
    page.at(5.0)
    bar = page.page.get_by_role("progressbar")
    assert bar.get_attribute("aria-label") == "Avancement, comme la dernière fois"
    assert 25 <= int(bar.get_attribute("aria-valuenow")) < 40
    assert "de 20,0\u00a0s" in bar.get_attribute("aria-valuetext")
    share = page.page.eval_on_selector(".cp-done", "done => done.offsetWidth / done.parentElement.clientWidth")
    assert 0.2 < share < 0.4
    assert page.page.locator(".cp-hoped").inner_text() == "sur 20,0\u00a0s, comme la dernière fois"
    page.at(21.0)
    page.page.wait_for_function("document.querySelector('.cp-late')")
    assert bar.get_attribute("aria-valuenow") is None, "nobody knows how much is left"
    assert "au-delà de 20,0\u00a0s" in page.page.locator(".cp-hoped").inner_text()
    page.at(28.4)
    assert bar.count() == 0, "it goes with the run"


def test_no_progress_bar_where_nobody_knows_the_end(screen):
    page = screen(samples.batches())
    page.at(5.0)
    assert page.page.locator(".cp-clock").inner_text().startswith("5,")
    assert page.page.get_by_role("progressbar").count() == 0


def test_labels_stay_in_their_picture(screen):
    page = screen(samples.batches())
    for t in (3.0, 12.0, 20.0, 28.4):
        page.at(t)
        boxes = page.page.eval_on_selector_all(
            ".cp-label",
            "all => all.filter(t => t.textContent).map(t => [t.textContent, t.getBoundingClientRect().left, t.getBoundingClientRect().right])",
        )
        right = page.page.locator(".cp-svg").bounding_box()["width"] + 30
        assert [(text, left, end, t) for text, left, end in boxes if left < 0 or end > right] == []


def test_a_silent_kernel_stops_the_clock(screen):
    page = screen(samples.polled())
    page.page.clock.install()
    page.at(4.0)
    page.page.clock.run_for(20_000)
    assert page.page.locator(".cp-clock").inner_text() == "plus de nouvelles du noyau"


@pytest.mark.parametrize("moment", [5.0, 28.4])
def test_axe_finds_nothing_serious(screen, moment):
    page = screen(samples.batches(), expected=Expected(20.0, "d’après la prévision"))
    page.at(3.0)
    page.at(moment)
    if moment == 28.4:
        scene = layout(samples.batches())
        page.hear(
            {
                **page.frames.full(),
                "final": {"table": display.table(samples.batches()), "figure": display.picture(samples.batches(), scene)},
            }
        )
        page.page.locator(".cp-data summary").click()
    assert serious_faults(page.page, ".cp-root") == []
