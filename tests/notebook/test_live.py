"""The live view: what the kernel says to a page."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace

import pytest
from timeline import samples

from labs.notebook import live
from labs.notebook.live import Frames, LiveView
from labs.timeline import replay
from labs.timeline.layout import layout


class Player:
    """A recorded run that goes on when it is told to."""

    def __init__(self, timeline):
        self.recorded, self.t, self.alive, self.cancelled = timeline, 0.0, True, threading.Event()

    def timeline(self):
        return replay.at(self.recorded, self.t)

    def cancel(self):
        self.cancelled.set()
        self.alive = False

    def finish(self):
        self.t = self.recorded.end
        self.alive = False


class Heard(LiveView):
    """A view whose words to the page are kept."""

    def __init__(self, source, **options):
        self.said = []
        super().__init__(source, **options)

    def send(self, content, buffers=None):
        self.said.append(json.loads(json.dumps(content)))


class Cell:
    """What a notebook shows in place of the view."""

    def __init__(self):
        self.shown = []

    def update(self, thing):
        self.shown.append(thing)


def until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.01)


@pytest.fixture
def player():
    made = Player(samples.batches())
    yield made
    made.finish()


# -- frames -------------------------------------------------------------------------------------------------------------


def scene_at(timeline, t):
    return layout(replay.at(timeline, t), live=t < timeline.end)


@pytest.mark.parametrize("make", samples.ALL)
def test_changes_add_up_to_the_whole(make):
    """A page that followed every change and one that came at the end hold the same scene."""
    timeline, frames, page = make(), Frames(), {"items": {}, "curve": []}
    for tenth in range(int(timeline.end * 10) + 2):
        message = frames.take(scene_at(timeline, tenth / 10))
        if message is None:
            continue
        message = json.loads(json.dumps(message))
        page["head"] = message.get("head", page.get("head"))
        for key in message.get("gone", []):
            del page["items"][key]
        page["items"] |= {item["key"]: item for item in message.get("items", [])}
        if "curve" in message:
            page["curve"] = page["curve"][: message["curve"]["from"]] + message["curve"]["points"]
    whole = json.loads(json.dumps(frames.full()))
    assert page["head"] == whole["head"]
    assert page["items"] == {item["key"]: item for item in whole["items"]}
    assert page["curve"] == whole["curve"]["points"]


def test_nothing_is_said_when_nothing_changed():
    frames = Frames()
    frames.take(scene_at(samples.batches(), 12.0))
    later = replace(scene_at(samples.batches(), 12.0), now=12.1)
    assert frames.take(later) is None


def test_a_change_is_small():
    timeline = samples.crowd(10, 20)
    frames = Frames()
    sizes = []
    for eighth in range(int(timeline.end * 8)):
        known = replay.at(timeline, eighth / 8)
        message = frames.take(layout(known, live=True, summary=frames.summary(known.end)))
        sizes.append(len(json.dumps(message)) if message else 0)
    assert sum(sizes[1:]) / len(sizes) < len(json.dumps(frames.full())) / 20


# -- the view -----------------------------------------------------------------------------------------------------------


def test_it_follows_a_run_and_stops_by_itself(player):
    view = Heard(player)
    until(lambda: view.said)
    assert view.said[0]["type"] == "full"
    player.t = 12.0
    until(lambda: any(item["kind"] == "job" for message in view.said[1:] for item in message.get("items", [])))
    player.finish()
    assert view.ended.wait(10)
    view._flusher.join(5)
    assert not view._flusher.is_alive()
    last = view.said[-1]
    assert last["head"]["running"] is False
    assert "<table" in last["final"]["table"]
    assert "data:image/png" in last["final"]["figure"]


def test_a_page_gets_the_whole_scene_when_it_asks(player):
    player.t = 12.0
    view = Heard(player)
    until(lambda: view.said)
    view._receive(view, {"type": "hello"}, [])
    until(lambda: sum(message["type"] == "full" for message in view.said) == 2)
    assert len(view.said[-1]["items"]) == len(layout(player.timeline(), live=True).items)


def test_a_page_that_comes_after_the_end_gets_everything(player):
    view = Heard(player)
    player.finish()
    assert view.ended.wait(10)
    view.said.clear()
    view._receive(view, {"type": "hello"}, [])
    assert [message["type"] for message in view.said] == ["full"]
    assert view.said[0]["final"]["table"]


def test_the_figure_takes_the_view_s_place(player, monkeypatch):
    cell = Cell()
    monkeypatch.setattr(live, "show_in_cell", lambda *_, **__: cell)
    view = Heard(player, title="Mon exécution")
    view.show()
    player.finish()
    assert view.ended.wait(10)
    until(lambda: cell.shown)
    (kept,) = cell.shown
    assert "<figure" in kept.html
    assert kept.text.startswith("Mon exécution")


def test_a_view_shown_after_the_end_shows_the_figure(player, monkeypatch):
    cell = Cell()
    monkeypatch.setattr(live, "show_in_cell", lambda *_, **__: cell)
    view = Heard(player)
    player.finish()
    assert view.ended.wait(10)
    view.show()
    assert len(cell.shown) == 1


def test_cancel_never_keeps_the_page_waiting(player):
    slow = threading.Event()
    player.cancel = lambda: (slow.wait(5), player.cancelled.set())
    view = Heard(player)
    view._receive(view, {"type": "cancel"}, [])
    assert not player.cancelled.is_set()
    slow.set()
    assert player.cancelled.wait(5)


def test_a_word_of_change_brings_a_frame_at_once(player, monkeypatch):
    monkeypatch.setattr(live, "PERIOD", 60.0)
    view = Heard(player)
    until(lambda: view.said)
    player.t = 12.0
    view.poke()
    until(lambda: len(view.said) > 1, seconds=2)


def test_a_run_that_tells_what_happens_is_drawn_then_and_seldom_otherwise(player, monkeypatch):
    told = []
    monkeypatch.setattr(live, "CALM", 60.0)
    player.subscribe = told.append
    view = Heard(player)
    until(lambda: view.said)
    player.t = 12.0
    time.sleep(3 * live.PERIOD)
    assert len(view.said) == 1, "nobody said that something happened"
    (happened,) = told
    happened()
    until(lambda: len(view.said) > 1, seconds=2)


def test_the_end_that_a_page_may_expect(player):
    heads = []
    for usual, forecast in ((None, None), (12.5, 30.0), (None, 30.0), (None, samples.batches())):
        player.usual = usual
        view = Heard(player, forecast=forecast)
        until(lambda view=view: view.said)
        heads.append(view.said[0]["head"]["expected"])
        view.close()
    assert heads == [
        None,
        {"at": 12.5, "by": "comme la dernière fois"},
        {"at": 30.0, "by": "d’après la prévision"},
        {"at": 28.4, "by": "d’après une autre exécution"},
    ]


def test_a_closed_view_is_silent(player):
    view = Heard(player)
    until(lambda: view.said)
    view.close()
    assert view.ended.wait(5)
    count = len(view.said)
    view._receive(view, {"type": "hello"}, [])
    assert len(view.said) == count
