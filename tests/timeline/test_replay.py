from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from timeline import samples
from timeline.strategies import moments, timelines

from labs.timeline import metrics, replay
from labs.timeline.model import State


@given(timelines(), moments)
def test_at_the_end_it_is_the_run_itself(timeline, later):
    assert replay.at(timeline, timeline.end + later) == timeline


@given(timelines(), moments, moments)
def test_going_back_twice_is_going_back_once(timeline, one, other):
    early, late = sorted((one, other))
    assert replay.at(replay.at(timeline, late), early) == replay.at(timeline, early)


@given(timelines(), moments)
def test_nothing_of_the_future_is_known(timeline, t):
    known = replay.at(timeline, t)
    assert known.end <= max(t, timeline.end)
    for thing in (*known.jobs, *known.blocks, *known.tasks, *known.polls):
        assert all(moment is None or moment <= known.end for moment in (thing.start, thing.end))
    assert all(job.state is State.RUNNING for job in known.jobs if job.end is None)


@given(timelines(), st.lists(moments, min_size=2, max_size=6))
def test_what_is_known_only_grows(timeline, steps):
    seen = [replay.at(timeline, t) for t in sorted(steps)]
    for before, after in pairwise(seen):
        assert {job.id for job in before.jobs} <= {job.id for job in after.jobs}
        assert set(before.polls) <= set(after.polls)


def test_a_job_under_way():
    known = replay.at(samples.polled(), 5.0)
    assert known.running
    assert known.status == "running"
    job = known.on("node1")[0]
    assert (job.state, job.end, job.detected, job.rc) == (State.RUNNING, None, None, None)
    assert job.start == samples.polled().on("node1")[0].start
    assert metrics.polls(known) == 3
    assert known.blocks[0].outcome is None


def test_an_end_that_the_controller_does_not_know_yet():
    job = replay.at(samples.polled(), 8.0).on("node1")[0]
    assert job.state is State.SUCCEEDED
    assert job.end is not None
    assert job.detected is None
