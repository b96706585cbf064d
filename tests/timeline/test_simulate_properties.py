"""What holds for every plan."""

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs.timeline import metrics
from labs.timeline.model import Mode
from labs.timeline.simulate import Overheads, Plan, Run, Wait, batches, simulate, window

FREE = Overheads.none()
whole = st.integers(1, 9)
works = st.lists(whole, min_size=1, max_size=8)
crowds = st.integers(1, 8).map(lambda count: tuple(f"node{k}" for k in range(1, count + 1)))
costs = st.builds(
    Overheads,
    **{field.name: st.integers(0, 20).map(lambda hundredths: hundredths / 100) for field in fields(Overheads) if field.name != "cores"},
    cores=st.sampled_from([0.5, 1.0, 2.0, 8.0]),
)


@st.composite
def plans(draw):
    steps = draw(
        st.lists(
            st.one_of(
                st.builds(Run, st.just("sync"), whole, throttle=st.integers(0, 3)),
                st.builds(Run, st.just("loop"), items=works.map(tuple)),
                st.builds(Run, st.just("polled"), whole, limit=st.just(60), poll=st.integers(1, 6)),
                st.builds(batches, works, st.integers(1, 3), delay=st.integers(1, 5)),
            ),
            min_size=1,
            max_size=4,
        )
    )
    strategy, serial = draw(st.sampled_from(["linear", "free"])), draw(st.sampled_from([(), (1,), (2,)]))
    return Plan.of("", *steps, forks=draw(st.integers(1, 6)), strategy=strategy, serial=serial)


@given(plans(), crowds, costs)
def test_same_arguments_same_timeline(plan, hosts, overheads):
    assert simulate(plan, hosts, overheads) == simulate(plan, hosts, overheads)


@given(plans(), crowds, costs)
def test_a_timeline_is_coherent(plan, hosts, overheads):
    timeline = simulate(plan, hosts, overheads)
    assert timeline.status == "successful"
    for job in timeline.jobs:
        assert job.start <= job.end <= job.detected <= timeline.controller_end
    for block in timeline.blocks:
        assert 0 <= block.start <= block.end <= timeline.controller_end
    for poll in timeline.polls:
        assert poll.start <= poll.end <= poll.noticed
    assert list(timeline.blocks) == sorted(timeline.blocks, key=lambda block: block.start)


@given(plans(), crowds, costs)
def test_no_more_hosts_are_served_at_once_than_there_are_forks(plan, hosts, overheads):
    timeline = simulate(plan, hosts, overheads)
    for block in timeline.blocks:
        busy = [other for other in timeline.blocks if other.start <= block.start < other.end]
        assert len(busy) <= plan.forks


@given(st.lists(whole, min_size=1, max_size=4), crowds, costs)
def test_costs_only_add_time_to_what_nobody_polls(durations, hosts, overheads):
    """A look that a cost delays may fall just after an end that it would have missed: with polls, a cost can save time."""
    plan = Plan.of("", *(Run("a", duration) for duration in durations))
    assert metrics.makespan(simulate(plan, hosts, overheads)) >= metrics.makespan(simulate(plan, hosts, FREE)) - 1e-9


@given(st.lists(st.lists(whole, min_size=4, max_size=4), min_size=1, max_size=4), st.integers(1, 5))
def test_more_forks_are_never_slower_when_nothing_contends(durations, forks):
    """Each host's work of a task in order of the inventory: list scheduling of one task has no anomaly."""
    hosts = ("node1", "node2", "node3", "node4")
    steps = [Run(f"t{k}", dict(zip(hosts, works, strict=True))) for k, works in enumerate(durations)]
    fewer, more = (metrics.makespan(simulate(Plan.of("", *steps, forks=count), hosts, FREE)) for count in (forks, forks + 1))
    assert more <= fewer


@given(st.lists(whole, min_size=1, max_size=6), crowds)
def test_bounds_of_a_synchronous_play(durations, hosts):
    plan = Plan.of("", *(Run(f"t{k}", d) for k, d in enumerate(durations)))
    at_once = metrics.makespan(simulate(plan, hosts, FREE))
    turns = -(-len(hosts) // plan.forks)
    assert at_once == turns * sum(durations)


@given(works, st.integers(1, 4))
def test_without_costs_batches_and_windows_reach_their_ideals(durations, size):
    timeline = simulate(Plan.of("", batches(durations, size, delay=1)), ("node1",), FREE)
    assert metrics.makespan(timeline) == metrics.barrier(durations, size)
    assert metrics.peak(timeline) <= size
    timeline = simulate(Plan.of("", *window(durations, size, delay=1)), ("node1",), FREE)
    assert metrics.makespan(timeline) == metrics.window(durations, size)
    assert metrics.peak(timeline) <= size


@given(works, st.integers(1, 4), costs, crowds)
def test_jobs_at_once_on_a_node_never_exceed_the_size(durations, size, overheads, hosts):
    for steps in ((batches(durations, size, delay=1),), window(durations, size, delay=1)):
        timeline = simulate(Plan.of("", *steps), hosts, overheads)
        for host in hosts:
            detached = [job for job in timeline.on(host) if job.mode is Mode.DETACHED]
            assert all(sum(other.start <= job.start < other.end for other in detached) <= size for job in detached)


@given(whole, st.integers(1, 9), costs)
def test_an_end_is_noticed_by_a_look_that_follows_it_after_a_whole_interval_each(d, interval, overheads):
    """ceil(d/P)·P is exact where looks cost nothing; where they cost, each stretches the time to the next one."""
    plan = Plan.of("", Run("a", d, limit=60, poll=interval))
    timeline = simulate(plan, ("node1",), overheads)
    (job,) = timeline.jobs
    assert job.detected >= job.end
    assert job.detected - job.launched >= len(timeline.polls) * interval - 1e-9
    (free,) = simulate(plan, ("node1",), Overheads.none()).jobs
    assert free.detected - free.launched == pytest.approx(-(-d // interval) * interval)


@given(st.integers(1, 30), st.integers(1, 12), st.integers(1, 6))
def test_there_are_at_most_ceil_n_over_p_polls(d, limit, interval):
    timeline = simulate(Plan.of("", Run("a", d, limit=limit, poll=interval)), ("node1",), FREE)
    assert len(timeline.polls) <= -(-limit // interval)


@settings(max_examples=25)
@given(st.integers(2, 50))
def test_shared_cores_slow_everything_in_proportion(count):
    hosts = [f"node{k}" for k in range(count)]
    only_send = Overheads(**{field.name: 0.0 for field in fields(Overheads) if field.name not in {"cores", "send"}}, cores=2.0)
    timeline = simulate(Plan.of("", Run("a"), forks=count), hosts, only_send)
    assert timeline.controller_end == pytest.approx(only_send.send * count / 2)


@given(works, st.integers(0, 3))
def test_a_wait_looks_at_each_job_until_it_has_ended(durations, late):
    plan = Plan.of("", Run("a", items=tuple(durations), limit=60, poll=0), Run("b", late), Wait("w", "a", retries=60, delay=1))
    timeline = simulate(plan, ("node1",), FREE)
    assert metrics.makespan(timeline) == max(late, *durations)
    assert sum(poll.finished for poll in timeline.polls) == len(durations)
