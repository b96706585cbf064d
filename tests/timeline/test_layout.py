from collections import Counter, defaultdict
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from timeline import samples
from timeline.strategies import moments, timelines

from labs.timeline import palette, replay
from labs.timeline.layout import Memory, layout
from labs.timeline.model import Job, Mode, State, Timeline
from labs.timeline.scene import CONTROLLER_ROW, HEIGHTS, Detail, Kind, Limit


def of(scene, kind):
    return [item for item in scene.items if item.kind is kind]


@given(timelines())
def test_keys_are_unique(timeline):
    keys = Counter(item.key for item in layout(timeline).items)
    assert not [key for key, count in keys.items() if count > 1]


@given(timelines())
def test_shapes_of_a_row_never_overlap(timeline):
    rows = defaultdict(list)
    scene = layout(timeline)
    for item in scene.items:
        if item.kind in {Kind.JOB, Kind.DELAY}:
            rows[item.lane, item.row].append((item.x0, scene.now if item.x1 is None else item.x1))
            assert 0 <= item.row < scene.lanes[item.lane].rows
    for spans in rows.values():
        spans.sort()
        assert all(end <= start + 1e-9 for (_, end), (start, _) in pairwise(spans))


@given(timelines(), moments)
def test_as_many_rows_as_overlap_needs(timeline, t):
    scene = layout(replace(timeline, controller_end=timeline.end))
    for lane, row in enumerate(scene.lanes):
        spans = [
            (item.x0, item.x1 if item.x1 is not None else float("inf"))
            for item in scene.items
            if item.lane == lane and item.kind in {Kind.JOB, Kind.DELAY}
        ]
        assert row.rows >= max(1, sum(start <= t < end for start, end in spans))


@given(timelines(), st.lists(moments, min_size=2, max_size=5))
def test_a_bar_never_jumps_while_the_controller_works(timeline, steps):
    places = {}
    for t in sorted(steps):
        known = replay.at(timeline, t)
        if known.running:
            for item in of(layout(known), Kind.JOB):
                assert places.setdefault(item.key, (item.lane, item.row, item.x0)) == (item.lane, item.row, item.x0)


@given(timelines(), moments)
def test_a_late_view_draws_what_an_early_one_has(timeline, t):
    """What has ended keeps its drawable for the rest of the run, word for word."""
    known = replay.at(timeline, t)
    later = {item.key: item for item in layout(timeline).items}
    for item in layout(known).items:
        if item.kind in {Kind.POLL, Kind.FAULT}:
            assert later[item.key] == item


def test_first_host_is_on_top_and_lanes_hold_what_they_need():
    scene = layout(samples.batches())
    assert [lane.host for lane in scene.lanes] == ["node1", "node2", "node3"]
    assert [lane.rows for lane in scene.lanes] == [2, 2, 2]
    assert scene.detail is Detail.FULL


def test_every_thing_of_the_grammar_is_there():
    assert {item.kind for item in layout(samples.every_state()).items} == {
        Kind.FAULT, Kind.LAUNCH, Kind.BLOCK, Kind.DELAY, Kind.JOB, Kind.POLL,
    }  # fmt: skip


def test_controller_and_node_stand_apart():
    scene = layout(samples.polled())
    assert {item.row for item in of(scene, Kind.BLOCK) + of(scene, Kind.POLL)} == {CONTROLLER_ROW}
    bar, delay = of(scene, Kind.JOB)[0], of(scene, Kind.DELAY)[0]
    assert (bar.x1, delay.x0, delay.x1) == pytest.approx((7.0, 7.0, 9.4))
    assert [poll.tall for poll in of(scene, Kind.POLL) if poll.lane == 0] == [False, False, True]
    assert sum(poll.tall for poll in of(scene, Kind.POLL)) == 3


def test_polls_are_as_wide_as_they_took():
    poll = of(layout(samples.polled()), Kind.POLL)[0]
    assert poll.x1 - poll.x0 == pytest.approx(0.39)


def test_a_launch_points_at_its_job():
    scene = layout(samples.detached())
    launch = of(scene, Kind.LAUNCH)[0]
    bar = next(item for item in of(scene, Kind.JOB) if item.key[2:] == launch.key[2:])
    assert (launch.target, launch.row) == (bar.x0, bar.row)


def test_what_is_under_way_has_no_end():
    scene = layout(replay.at(samples.polled(), 8.0))
    assert scene.running
    assert [item.x1 for item in of(scene, Kind.BLOCK)] == [None] * 3
    assert [item.x1 for item in of(scene, Kind.DELAY)] == [None] * 3
    assert "le contrôleur ne le sait pas encore" in of(scene, Kind.DELAY)[0].tip


def test_a_detached_job_that_nobody_asks_after_has_no_delay():
    scene = layout(replay.at(samples.batches(), 2.75))
    assert not [item for item in of(scene, Kind.DELAY) if item.x1 is None and item.lane == 2]


def test_a_canceled_controller_waits_for_nothing():
    known = replay.at(samples.polled(), 8.0)
    scene = layout(replace(known, controller_end=7.8, status="canceled"), live=True)
    assert [item.x1 for item in of(scene, Kind.BLOCK)] == [7.8] * 3
    assert not of(scene, Kind.DELAY)


def test_jobs_that_outlive_the_controller_grow_in_a_live_view():
    job = next(item for item in of(layout(samples.every_state(), live=True), Kind.JOB) if item.key == "j/f")
    assert job.x1 is None
    job = next(item for item in of(layout(samples.every_state()), Kind.JOB) if item.key == "j/f")
    assert job.x1 == samples.every_state().end


def test_a_cut_gives_its_lane_a_banner():
    scene = layout(samples.cut())
    assert [lane.banner for lane in scene.lanes] == [False, True, False]
    assert HEIGHTS[Detail.FULL].lane(scene.lanes[1]) > HEIGHTS[Detail.FULL].lane(scene.lanes[0])
    assert of(scene, Kind.FAULT)[0].label == "lien coupé"


def test_a_forged_job_is_drawn_as_unconfirmed():
    bar = next(item for item in of(layout(samples.every_state()), Kind.JOB) if item.key == "j/e")
    assert (bar.state, bar.x0, bar.x1) == ("unconfirmed", 3.4, 5.4)
    assert "non confirmé" in bar.tip


def test_forecasts():
    assert layout(samples.polled(), forecast=6.0).forecast == 6.0
    scene = layout(samples.polled(), forecast=samples.batches())
    assert scene.forecast == pytest.approx(28.4)
    assert scene.span == pytest.approx(28.4)
    assert len(of(scene, Kind.GHOST_JOB)) == 15
    assert [lane.rows for lane in scene.lanes] == [2, 2, 2]


def test_limits():
    scene = layout(samples.batches(), limit=Limit(per_node=2, deadline=26))
    assert (scene.curve.limit, scene.deadline) == (2, 26)
    assert max(n for _, n in scene.curve.points) == 2
    assert max(n for _, n in layout(samples.batches(), limit=Limit(overall=4)).curve.points) == 6


@pytest.mark.parametrize(("hosts", "each", "detail"), [(12, 4, Detail.FULL), (20, 6, Detail.COMPACT), (50, 20, Detail.STRIPS)])
def test_more_lanes_get_less_room_each(hosts, each, detail):
    scene = layout(samples.crowd(hosts, each))
    assert scene.detail is detail
    assert len(scene.lanes) == hosts


def test_strips_tell_how_many():
    scene = layout(samples.crowd(50, 20))
    assert max(item.count for item in of(scene, Kind.DENSITY)) == 2
    assert {item.state for item in of(scene, Kind.JOB)} == {"failed"}
    assert of(scene, Kind.WAIT)


def test_an_empty_run():
    timeline = replace(samples.sync(), tasks=(), blocks=(), jobs=(), controller_end=None, end=0.0, status="running")
    scene = layout(timeline)
    assert scene.items == ()
    assert scene.curve.points == ((0.0, 0),)


def test_every_state_has_its_colour_and_all_but_running_a_glyph():
    assert set(palette.STATES) == set(State)
    assert set(palette.STROKES) == set(State) - {State.RUNNING}


@pytest.mark.parametrize(
    "color",
    sorted({*palette.STATES.values(), palette.CONTROLLER, palette.DELAY, palette.LOST, palette.CURVE, palette.LIMIT, palette.FORECAST}),
)
@pytest.mark.parametrize("ground", ["#ffffff", "#212121", "#111111"])
def test_hues_stand_out_on_both_grounds(color, ground):
    assert contrast(color, ground) >= 3


@pytest.mark.parametrize("color", sorted(set(palette.STATES.values())))
def test_white_text_is_legible_on_bars(color):
    assert contrast(color, "#ffffff") >= 4.5


def contrast(one, other):
    """Contrast ratio of two colours, as WCAG 2 defines it."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_two_jobs_that_start_together_keep_their_rows_when_one_is_detected():
    jobs = tuple(Job(name, "node1", Mode.DETACHED, "command", name, None, launched=0.0, start=0.0, end=0.0) for name in ("a", "b"))
    before = Timeline("ensemble", samples.STARTED, ("node1",), 1.0, jobs=jobs)
    after = replace(before, jobs=(jobs[0], replace(jobs[1], detected=0.1)))
    assert {item.key: item.row for item in of(layout(before), Kind.JOB)} == {item.key: item.row for item in of(layout(after), Kind.JOB)}


@given(timelines(), st.lists(moments, min_size=2, max_size=6))
def test_what_is_remembered_of_the_moment_before_changes_nothing(timeline, steps):
    memory = Memory()
    for t in sorted(steps):
        known = replay.at(timeline, t)
        assert layout(known, memory=memory, forecast=timeline) == layout(known, forecast=timeline)
