from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from timeline import samples
from timeline.strategies import durations, timelines

from labs.timeline import metrics
from labs.timeline.model import Block, BlockKind, Job, Mode, Poll, State, Timeline


def test_ideals_of_the_course():
    work = [1, 2, 3, 4, 5]
    assert metrics.one_by_one(work) == 15
    assert metrics.barrier(work, 2) == 11
    assert metrics.window(work, 2) == 9
    assert metrics.all_at_once(work) == 5


def test_ideals_of_the_bonus_exercise():
    assert metrics.barrier([2, 4, 6, 8, 10], 2) == 22
    assert metrics.window([2, 4, 6, 8, 10], 2) == 18


@given(durations, st.integers(1, 15))
def test_ideals_are_ordered(work, size):
    best, worst = metrics.all_at_once(work), metrics.one_by_one(work)
    assert best <= metrics.window(work, size) <= metrics.barrier(work, size) + 1e-9
    assert metrics.barrier(work, size) <= worst + 1e-9
    assert metrics.window(work, 1) == pytest.approx(worst)
    assert metrics.barrier(work, 1) == pytest.approx(worst)
    assert metrics.window(work, len(work)) == best == metrics.barrier(work, len(work))


@given(durations, st.integers(1, 15))
def test_no_window_beats_the_work_shared_out(work, size):
    assert metrics.window(work, size) >= sum(work) / size - 1e-9


@given(timelines())
def test_concurrency_counts_the_jobs_of_each_moment(timeline):
    for host in (None, *timeline.hosts):
        steps = metrics.concurrency(timeline, host)
        assert np.all(np.diff(steps.t) > 0)
        assert np.all(steps.n >= 0)
        for moment, count in zip(steps.t, steps.n, strict=True):
            running = [
                job
                for job in timeline.jobs
                if job.start is not None and job.start <= moment and (job.end is None or moment < job.end) and host in {None, job.host}
            ]
            assert len(running) == count


@given(timelines())
def test_area_under_the_curve_is_the_work_done(timeline):
    steps = metrics.concurrency(timeline)
    work = sum((timeline.end if job.end is None else job.end) - job.start for job in timeline.jobs if job.start is not None)
    assert float(np.sum(np.diff(steps.t, append=timeline.end) * steps.n)) == pytest.approx(work)


@given(timelines())
def test_peaks(timeline):
    by_host = {host: metrics.peak(timeline, host) for host in timeline.hosts}
    assert max(by_host.values()) <= metrics.peak(timeline) <= sum(by_host.values())
    assert int(metrics.busiest(timeline).n.max()) == max(by_host.values())


@given(timelines())
def test_waiting_is_within_the_blocks(timeline):
    for host in timeline.hosts:
        assert 0 <= metrics.waited_on(timeline, host) <= metrics.blocked(timeline, host) + 1e-9
    each = [metrics.waited_on(timeline, host) for host in timeline.hosts]
    assert max(each) - 1e-9 <= metrics.waited(timeline) <= sum(each) + 1e-9


@given(timelines())
def test_totals_agree_with_what_they_sum(timeline):
    totals = metrics.totals(timeline)
    assert sum(totals.states.values()) == len(timeline.jobs)
    assert sum(totals.polls_by_host.values()) == totals.polls == len(timeline.polls)
    assert totals.jobs + totals.unconfirmed == len(timeline.jobs)


@given(timelines())
def test_no_run_is_better_than_its_ideal(timeline):
    best, share = metrics.ideal(timeline), metrics.efficiency(timeline)
    longest = max((metrics._end(job, timeline) - job.start for job in timeline.jobs if job.confirmed), default=0.0)
    assert best >= longest - 1e-9
    assert (share is None) == (best == 0)
    assert share is None or 0 < share <= 1 + 1e-9


@given(timelines(), st.integers(1, 50))
def test_a_slower_controller_is_less_efficient_for_the_same_ideal(timeline, tenths):
    later = replace(timeline, end=timeline.end + tenths, controller_end=timeline.end + tenths)
    jobs = tuple(replace(job, end=job.end or timeline.end) for job in timeline.jobs)
    now, then = replace(timeline, jobs=jobs), replace(later, jobs=jobs)
    assert metrics.ideal(now) == metrics.ideal(then)
    assert (metrics.efficiency(then) or 0.0) <= (metrics.efficiency(now) or 0.0)


@given(timelines())
def test_looks_cost_the_controller_at_least_what_they_cost_the_nodes(timeline):
    assert 0 <= metrics.polls_on_nodes(timeline) <= metrics.polls_answered(timeline) + 1e-9


def test_the_ideal_of_batches_is_the_window_that_they_used():
    """1, 2, 3, 4, 5 s, two at once at most: 9 s, of the 28.4 s that batches polled every 5 s take."""
    batches = samples.batches()
    assert metrics.ideal(batches) == pytest.approx(9, abs=0.1)
    assert metrics.efficiency(batches) == pytest.approx(9 / 28.4, abs=0.01)


def test_efficiency_counts_the_jobs_that_outlive_the_command():
    timeline = Timeline("t", samples.STARTED, ("n",), 8.0, 2.0, jobs=(_job("a", 1.0, 7.0, None),))
    assert metrics.efficiency(timeline) == pytest.approx(6 / 7)


def test_nothing_seen_has_no_efficiency():
    assert metrics.efficiency(Timeline("t", samples.STARTED, ("n",), 4.0, 4.0)) is None


def test_what_looks_cost():
    polls = (Poll("n", "a", 2.0, False, 1.0, 1.6), Poll("n", "a", 4.0, True, 3.5, 3.9), Poll("n", "a", 5.0, True))
    timeline = Timeline("t", samples.STARTED, ("n",), 5.0, 5.0, polls=polls)
    assert metrics.polls_on_nodes(timeline) == pytest.approx(1.0)
    assert metrics.polls_answered(timeline) == pytest.approx(1.5)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)).map(lambda pair: (pair[0], pair[0] + pair[1]))))
def test_union_covers_the_same_moments(spans):
    merged = metrics.union(spans)
    assert {t for a, b in spans for t in range(a, b)} == {t for a, b in merged for t in range(a, b)}
    assert all(left[1] < right[0] for left, right in pairwise(merged))


def test_two_jobs_that_touch_do_not_overlap():
    timeline = Timeline("t", samples.STARTED, ("n",), 4.0, 4.0, jobs=(_job("a", 1, 2, None), _job("b", 2, 3, None)))
    assert metrics.peak(timeline) == 1


def test_a_forged_job_is_not_running_anywhere():
    forged = Job("x", "n", Mode.DETACHED, "command", "x", launched=1, detected=3, state=State.UNCONFIRMED)
    timeline = Timeline("t", samples.STARTED, ("n",), 4.0, 4.0, jobs=(forged,))
    assert metrics.peak(timeline) == 0
    assert metrics.totals(timeline).unconfirmed == 1


def test_waiting_for_a_job_that_runs_is_no_waste_though_another_has_ended():
    """The long job is looked at first: while it runs, the short one's end costs nothing."""
    polls = (Poll("n", "long", 6.0, True), Poll("n", "short", 6.5, True))
    block = Block("n", "t", BlockKind.STATUS, 0.5, 7.0)
    timeline = Timeline(
        "t", samples.STARTED, ("n",), 7.0, 7.0, jobs=(_job("long", 0, 5, 6), _job("short", 0, 1, 6.5)), polls=polls, blocks=(block,)
    )
    assert metrics.waited(timeline) == pytest.approx(1.5)


def test_waiting_is_what_the_default_interval_costs():
    assert metrics.waited_on(samples.polled(), "node1") == pytest.approx(2.4)


def test_delay_is_never_negative():
    assert metrics.detection_delay(_job("a", 0, 2.0, 1.98)) == 0
    assert metrics.detection_delay(_job("a", 0, 2.0, None)) is None


def test_lost_host_is_named():
    assert metrics.totals(samples.cut()).unreachable == ("node2",)


def _job(name, start, end, detected):
    return Job(name, "n", Mode.DETACHED, "command", name, start=start, end=end, detected=detected, state=State.SUCCEEDED)
