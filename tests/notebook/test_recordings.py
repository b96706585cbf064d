"""A recorded run is drawn once for a version of the kit, and shown however its kept figure fares."""

from __future__ import annotations

import json

import pytest

from labs import paths
from labs.notebook import display, recordings

NAME = "00-ping"


@pytest.fixture
def drawings(monkeypatch, tmp_path):
    """The state folder is a new one; gives the figures that are drawn."""
    drawn = []
    show = display.show
    monkeypatch.setattr(paths, "STATE", tmp_path / "labs")
    monkeypatch.setattr(display, "show", lambda timeline: drawn.append(timeline) or show(timeline))
    return drawn


def test_it_is_drawn_once_and_shown_the_same(drawings):
    assert recordings.still(NAME) == recordings.still(NAME)
    assert len(drawings) == 1


@pytest.mark.parametrize("text", ["", "{}", "[]", json.dumps({"key": "of before", "bundle": {}})])
def test_a_kept_figure_that_is_not_this_one_is_drawn_again(drawings, text):
    shown = recordings.still(NAME)
    (paths.STATE / "figures" / f"{NAME}.json").write_text(text)
    assert recordings.still(NAME) == shown
    assert len(drawings) == 2


def test_where_nothing_can_be_kept_it_is_shown_all_the_same(drawings):
    paths.STATE.write_text("a file where a folder was to be")
    assert "<img" in recordings.still(NAME)["text/html"]
    assert len(drawings) == 1
