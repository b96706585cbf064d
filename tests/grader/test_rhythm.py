"""The waits before each look, and what they say of an answer, whatever the looks cost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from handmade import background, job

from grader.rhythm import Rhythm, longest_silence, silences
from labs.evidence.records import ProcessRun
from labs.timeline.model import Poll


@pytest.mark.parametrize(
    ("interval", "duration", "looks", "delay"),
    [(2, 6, 3, 0), (3, 6, 2, 0), (3, 7, 3, 2), (4, 6, 2, 2), (5, 6, 2, 4), (7, 6, 1, 1), (1, 6, 6, 0), (15, 1, 1, 14)],
)
@pytest.mark.parametrize("cost", [0.0, 0.4, 0.8])
def test_polls_are_counted_as_if_they_were_free(interval, duration, looks, delay, cost):
    seen = max(1, round(duration / (interval + cost)))
    rhythm = Rhythm.of([interval + cost] * seen)
    assert (rhythm.looks(duration), rhythm.delay(duration)) == (looks, delay)


def test_the_shortest_of_several_waits_is_the_one_that_was_asked():
    assert Rhythm.of([4.2, 3.1, 5.0]).step == 3
    assert Rhythm.of([3.95]).step == 4, "an end seen a moment late makes a wait a little short"


def test_a_first_look_at_once_then_one_at_each_delay():
    rhythm = Rhythm.of([0.3, 3.4, 3.2])
    assert (rhythm.first, rhythm.step) == (0, 3)
    assert (rhythm.looks(6), rhythm.delay(6)) == (3, 0)
    assert (rhythm.looks(7), rhythm.delay(7)) == (4, 2)


def test_a_long_wait_then_one_look_is_enough():
    rhythm = Rhythm.of([6.2])
    assert (rhythm.looks(6), rhythm.delay(6)) == (1, 0)


def test_looks_without_a_pause_are_as_many_as_were_seen_at_least():
    rhythm = Rhythm.of([0.2, 0.1, 0.3, 0.1])
    assert rhythm.looks(6) == 13
    assert Rhythm.of([2.0] * 7).looks(6) == 7
    assert Rhythm.of([]) is None


def test_what_nothing_covers():
    assert silences([(0, 2), (1, 3), (5, None)], 1, 8) == [(3, 5)]
    assert silences([(0, 2)], 4, 3) == []
    assert silences([], 1, 2) == [(1, 2)]


def test_the_longest_silence_is_between_visits():
    spans = [(0.0, 2.0), (1.0, 1.5), (5.0, 5.2), (9.0, float("inf"))]
    assert longest_silence(spans, 1.0, 9.5) == pytest.approx(3.8)
    assert longest_silence(spans, 3.0, 4.0) == 1.0
    assert longest_silence([], 1.0, 4.0) == 3.0


def test_a_node_tells_its_rhythm(story):
    def visit(pid, start, end):
        return ProcessRun("node1", pid, 20, ("/usr/bin/python3", "/root/.ansible/tmp/y/AnsiballZ_async_status.py"), start, end)

    launch = ProcessRun("node1", 29, 20, ("/bin/sh", "-c", "python3 /tmp/async_wrapper.py j77 30"), 0.6, 1.5)
    visits = [visit(60, 4.7, 5.0), visit(61, 8.2, 8.5)]
    story.on("node1", *background("node1"), launch, *visits)
    polls = [
        Poll("node1", "j77.30", 5.1, finished=False, start=4.7, end=5.0),
        Poll("node1", "j77.30", 8.6, finished=True, start=8.2, end=8.5),
    ]
    story.timeline = replace(story.timeline, polls=tuple(polls))
    node = story.observed.nodes["node1"]
    assert node.rhythm(job("node1")) == Rhythm(3, 3, 2)
    assert story.observed.nodes["node2"].rhythm(job("node2")) is None
