"""The player: what the page is given."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from timeline import samples

from labs.errors import LabError
from labs.notebook import player
from labs.notebook.live import Frames
from labs.notebook.player import Replay, film
from labs.timeline.layout import layout


def folded(recorded, until=float("inf")):
    """What a page that heard all messages up to a moment holds."""
    items, curve, summary = {}, [], ""
    for message in recorded["frames"]:
        if message["time"] > until:
            break
        for key in message.get("gone", []):
            del items[key]
        items |= {item["key"]: item for item in message.get("items", [])}
        if "curve" in message:
            curve = curve[: message["curve"]["from"]] + message["curve"]["points"]
        summary = message.get("summary", summary)
    return items, curve, summary


@pytest.mark.parametrize("make", [*samples.ALL, lambda: samples.crowd(14, 3), lambda: samples.crowd(40, 3)])
def test_the_last_frame_is_the_run_itself(make):
    recorded = json.loads(json.dumps(film(make())))
    frames = Frames()
    frames.take(layout(make(), live=False))
    whole = json.loads(json.dumps(frames.full()))
    items, curve, _ = folded(recorded)
    assert items == {item["key"]: item for item in whole["items"]}
    assert curve == whole["curve"]["points"]


@pytest.mark.parametrize("make", [*samples.ALL, lambda: samples.crowd(14, 3)])
def test_lanes_and_rows_never_change(make):
    timeline = make()
    recorded = film(replace(timeline, faults=tuple(sorted(timeline.faults, key=lambda fault: fault.start))))  # as recorded runs have them
    assert all("head" not in message for message in recorded["frames"][1:])
    rows = {}
    for message in recorded["frames"]:
        for item in message.get("items", []):
            assert rows.setdefault(item["key"], (item["lane"], item["row"])) == (item["lane"], item["row"])


@pytest.mark.parametrize("make", samples.ALL)
def test_each_step_of_the_story_has_its_frame(make):
    recorded = film(make())
    times = [message["time"] for message in recorded["frames"]]
    assert times == sorted(times)
    assert times[0] == 0
    assert recorded["steps"][-1]["t"] <= recorded["end"]


def test_what_is_told_is_drawn():
    recorded = film(samples.cut())
    step = next(step for step in recorded["steps"] if "Lien coupé sur node2" in step["said"])
    items, _, _ = folded(recorded, until=step["t"])
    assert [item["kind"] for item in items.values()].count("fault") == 1


def test_a_long_run_is_given_in_a_bounded_number_of_frames():
    recorded = film(samples.crowd(20, 20))
    assert len(recorded["frames"]) <= player.MOST + 1
    assert len(json.dumps(recorded)) < 4_000_000


def test_the_cell_without_widgets():
    bundle = player.still("00-chronologie")
    assert "rejouer" in bundle["text/plain"]
    assert "data:image/png" in bundle["text/html"]
    assert "Voir les données" in bundle["text/html"]


def test_the_widget_shows_beside_the_still_picture(monkeypatch):
    shown = []
    monkeypatch.setattr(player.toolkit, "place", lambda *things: shown.append(things))
    player.replay("00-chronologie")
    ((still, box),) = shown
    assert "text/html" in still
    (widget,) = box.children
    assert isinstance(widget, Replay)
    assert widget.recorded["steps"]


def test_a_run_that_is_not_there():
    with pytest.raises(LabError, match="Impossible de lire"):
        player.replay("jamais-vue")
