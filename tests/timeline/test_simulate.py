"""The simulator's behaviour: the facts measured on real Ansible, by order and count."""

import math
from itertools import pairwise

import pytest

from labs.errors import LabError
from labs.timeline import metrics, store
from labs.timeline.figure import figure
from labs.timeline.model import BlockKind, Mode, Outcome, State
from labs.timeline.simulate import Include, Local, Overheads, Plan, Play, Room, Run, Wait, batches, killed_after, simulate, window

HOSTS = ("node1", "node2", "node3")
FREE = Overheads.none()
REAL = Overheads()
FIVE = (1, 2, 3, 4, 5)


def took(plan, overheads=FREE, hosts=HOSTS):
    return metrics.makespan(simulate(plan, hosts, overheads))


def polls_of(timeline, host="node1"):
    return [poll for poll in timeline.polls if poll.host == host]


# -- what is simulated can be drawn, kept and told ------------------------------------------------------------------------


def test_it_is_a_timeline_like_any_other():
    timeline = simulate(Plan.of("Lots", batches(FIVE, 2)), HOSTS)
    assert timeline.simulated
    assert (timeline.status, timeline.hosts) == ("successful", HOSTS)
    assert store.load(store.dump(timeline)) == timeline
    assert len(figure(timeline).axes) == 2
    for job in timeline.jobs:
        assert job.launched <= job.start < job.end < job.detected
        assert job.state is State.SUCCEEDED
    for block in timeline.blocks:
        assert block.start < block.end
    for task in timeline.tasks:
        assert task.end == max(block.end for block in timeline.blocks if block.task == task.id)


# -- synchronous ----------------------------------------------------------------------------------------------------------


def test_the_slowest_node_holds_the_next_task():
    timeline = simulate(Plan.of("", Run("a", {"node1": 1, "node2": 5, "node3": 2}), Run("b", 1)), HOSTS, FREE)
    assert {block.start for block in timeline.blocks if block.task == "t1"} == {5.0}
    assert timeline.controller_end == 6


def test_strategy_free_holds_nobody():
    steps = Run("a", {"node1": 1, "node2": 5, "node3": 2}), Run("b", {"node1": 4, "node2": 1, "node3": 1})
    assert took(Plan.of("", *steps)) == 9
    timeline = simulate(Plan.of("", *steps, strategy="free"), HOSTS, FREE)
    assert timeline.controller_end == 6
    assert len(timeline.tasks) == 2
    assert [block.start for block in timeline.blocks if block.task == "t1"] == [1, 2, 5]


def test_forks_serial_and_throttle_make_waves():
    assert took(Plan.of("", Run("a", 2))) == 2
    assert took(Plan.of("", Run("a", 2), forks=2)) == 4
    assert took(Plan.of("", Run("a", 2, throttle=1), Run("b", 1))) == 7
    assert took(Plan.of("", Run("a", 2), Run("b", 1), serial=(1,))) == 9
    assert took(Plan.of("", Run("a", 2), Run("b", 1), serial=(1, 2))) == 6
    assert took(Plan.of("", Run("a", 2, throttle=1), Run("b", 1), strategy="free")) == 7


def test_a_play_may_name_its_hosts_and_plays_follow_one_another():
    plan = Plan("", (Play((Run("a", 2),), hosts=("node2",)), Play((Run("b", 1),))))
    timeline = simulate(plan, HOSTS, FREE)
    assert [job.host for job in timeline.jobs] == ["node2", *HOSTS]
    assert timeline.controller_end == 3


def test_a_loop_runs_its_items_one_after_the_other_even_polled():
    assert took(Plan.of("", Run("a", items=(1, 2, 1)))) == 4
    assert took(Plan.of("", Run("a", items=(1, 2, 1), limit=30, poll=2))) == 6


def test_an_action_of_the_controller_shows_no_job():
    timeline = simulate(Plan.of("", Local("pause", 3, once=True), Local("debug")), HOSTS, FREE)
    assert timeline.controller_end == 3
    assert not timeline.jobs
    assert [block.kind for block in timeline.blocks] == [BlockKind.LOCAL] * 4


def test_a_host_that_fails_is_left_out_of_what_follows():
    timeline = simulate(Plan.of("", Run("a", 1, fails=("node2",)), Run("b", 1)), HOSTS, FREE)
    assert [block.host for block in timeline.blocks if block.task == "t1"] == ["node1", "node3"]
    assert next(block for block in timeline.blocks if block.host == "node2").outcome is Outcome.FAILED
    assert timeline.status == "failed"


def test_a_serial_group_that_fails_stops_the_play():
    timeline = simulate(Plan.of("", Run("a", 1, fails=("node2",)), serial=(1,)), HOSTS, FREE)
    assert [job.host for job in timeline.jobs] == ["node1", "node2"]


# -- poll > 0 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("d", "interval"), [(8, 5), (7, 2), (6, 3), (1, 15), (5, 1)])
def test_a_poll_notices_an_end_at_the_next_multiple_of_the_interval(d, interval):
    timeline = simulate(Plan.of("", Run("a", d, limit=60, poll=interval)), HOSTS, FREE)
    assert timeline.controller_end == math.ceil(d / interval) * interval
    assert len(polls_of(timeline)) == math.ceil(d / interval)
    assert metrics.detection_delay(timeline.jobs[0]) == math.ceil(d / interval) * interval - d
    assert [poll.finished for poll in polls_of(timeline)].count(True) == 1


def test_the_default_interval_is_fifteen_seconds():
    assert took(Plan.of("", Run("a", 1, limit=40))) == 15
    assert 16 < took(Plan.of("", Run("a", 1, limit=40)), REAL) < 19


def test_polls_cost_so_that_an_end_is_noticed_later_than_the_formula_says():
    timeline = simulate(Plan.of("", Run("a", 8, limit=60, poll=2)), HOSTS, REAL)
    looks = [poll.noticed for poll in polls_of(timeline)]
    assert all(after - before > 2 for before, after in pairwise(looks))


def test_forks_stay_busy_while_the_controller_polls():
    timeline = simulate(Plan.of("", Run("a", 3, limit=60, poll=1), forks=1), HOSTS, FREE)
    assert [(block.start, block.end) for block in timeline.blocks] == [(0, 3), (3, 6), (6, 9)]
    assert {block.kind for block in timeline.blocks} == {BlockKind.POLLED}


def test_after_its_last_poll_the_controller_gives_up_and_the_job_runs_on():
    timeline = simulate(Plan.of("", Run("a", 9, limit=7, poll=2)), HOSTS, FREE)
    assert len(polls_of(timeline)) == math.ceil(7 / 2)
    assert timeline.controller_end == 8
    assert timeline.end == 9
    assert {block.message for block in timeline.blocks} == {"async task did not complete within the requested time - 7s"}
    assert {(job.state, job.detected) for job in timeline.jobs} == {(State.SUCCEEDED, None)}


@pytest.mark.parametrize(("limit", "dies"), [(3, 3), (5, 5), (6, 10), (7, 10), (10, 10), (11, 15)])
def test_the_watchdog_looks_at_the_time_in_steps_of_five_seconds(limit, dies):
    assert killed_after(limit) == dies
    timeline = simulate(Plan.of("", Run("a", 100, limit=limit, poll=0)), HOSTS, FREE)
    assert {(job.state, job.end) for job in timeline.jobs} == {(State.TIMED_OUT, dies)}


# -- poll 0 ---------------------------------------------------------------------------------------------------------------


def test_poll_zero_returns_while_the_job_runs_on():
    timeline = simulate(Plan.of("", Run("a", 8, limit=60, poll=0)), HOSTS, REAL)
    assert timeline.controller_end < 3
    assert timeline.end > 8
    assert {(job.mode, job.detected) for job in timeline.jobs} == {(Mode.DETACHED, None)}
    assert not timeline.polls


def test_async_status_waits_with_its_delay():
    plan = Plan.of("", Run("a", 6, limit=60, poll=0), Run("b", 1), Wait("w", "a", retries=20, delay=2))
    timeline = simulate(plan, HOSTS, FREE)
    assert [poll.noticed for poll in polls_of(timeline)] == [1, 3, 5, 7]
    assert timeline.controller_end == 7
    assert {block.kind for block in timeline.blocks} == {BlockKind.LAUNCH, BlockKind.SYNC, BlockKind.STATUS}


def test_retries_run_out_though_the_job_runs_on():
    timeline = simulate(Plan.of("", Run("a", 60, limit=90, poll=0), Wait("w", "a")), HOSTS, FREE)
    assert timeline.controller_end == 15
    assert len(polls_of(timeline)) == 4
    assert {block.message for block in timeline.blocks if block.kind is BlockKind.STATUS} == {"retries exhausted"}
    assert timeline.status == "failed"


def test_a_failed_job_ends_the_wait_at_once():
    timeline = simulate(Plan.of("", Run("a", 3, limit=90, poll=0, fails=HOSTS), Wait("w", "a", 50, 1)), HOSTS, FREE)
    assert timeline.controller_end == 3
    assert {job.state for job in timeline.jobs} == {State.FAILED}
    assert timeline.status == "failed"


# -- many jobs on a node --------------------------------------------------------------------------------------------------


def test_with_the_default_delay_batches_of_two_are_no_faster_than_one_by_one():
    """Measured: 28 s with the default delay, 24 s one by one, 21 s with a delay of 1 s, 11 s all at once."""
    default = took(Plan.of("", batches(FIVE, 2)), REAL)
    one_by_one = took(Plan.of("", Run("a", items=FIVE)), REAL)
    quick = took(Plan.of("", batches(FIVE, 2, delay=1)), REAL)
    at_once = took(Plan.of("", Run("a", items=FIVE, limit=60, poll=0), Wait("w", "a", 60, 1)), REAL)
    assert default > one_by_one > at_once
    assert default > quick > at_once


def test_ideals_are_what_remains_when_nothing_costs():
    assert took(Plan.of("", batches(FIVE, 2, delay=1))) == metrics.barrier(FIVE, 2) == 11
    assert took(Plan.of("", *window(FIVE, 2, delay=1))) == metrics.window(FIVE, 2) == 9
    assert took(Plan.of("", batches(FIVE, 5, delay=1))) == metrics.all_at_once(FIVE) == 5
    assert took(Plan.of("", batches(FIVE, 2))) == 15


def test_a_file_included_twice_waits_for_its_own_jobs():
    step = Run("a", 2, limit=60, poll=0), Wait("w", "a", 30, 1)
    timeline = simulate(Plan.of("", Include("i", (step, step))), HOSTS, FREE)
    assert timeline.controller_end == 4
    assert all(job.detected == job.end for job in timeline.jobs)


def test_free_hosts_go_through_included_files_alone():
    timeline = simulate(Plan.of("", batches(({"node1": 1, "node2": 4}, 2), 1, delay=1), strategy="free"), ("node1", "node2"), FREE)
    assert [job.launched for job in timeline.on("node1")] == [0, 1]
    assert [job.launched for job in timeline.on("node2")] == [0, 4]


def test_a_window_that_gets_no_room_fails():
    timeline = simulate(Plan.of("", Run("a", 60, limit=90, poll=0), Room("r", 1, retries=2, delay=1)), ("node1",), FREE)
    assert timeline.blocks[-1].outcome is Outcome.FAILED
    assert timeline.controller_end == 2


# -- overheads ------------------------------------------------------------------------------------------------------------


def test_a_first_connection_is_opened_once():
    plan = Plan.of("", Run("a"), Run("b"))
    cold, warm = simulate(plan, HOSTS, REAL), simulate(plan, HOSTS, REAL, connected=True)
    first, second = (next(block.end - block.start for block in cold.blocks if block.task == task) for task in ("t0", "t1"))
    assert first > second
    assert warm.controller_end < cold.controller_end


def test_costs_grow_when_hosts_are_served_at_once():
    plan = Plan.of("", Run("a"))
    alone = simulate(plan, ("node1",), REAL, connected=True)
    crowd = simulate(plan, [f"node{k}" for k in range(1, 6)], REAL, connected=True)
    assert crowd.controller_end > alone.controller_end
    roomy = Overheads(cores=8.0)
    assert metrics.makespan(simulate(plan, HOSTS, roomy)) < metrics.makespan(simulate(plan, HOSTS, REAL))


def test_overheads_are_kept_as_json():
    assert Overheads.loads(REAL.dumps()) == REAL
    assert Overheads.loads('{"format": "contrepoint/overheads", "send": 0.5, "later": "x"}').send == 0.5


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": "other"}', '{"format": "contrepoint/overheads", "send": -1}', '{"send": [1]}']
)
def test_spoilt_overheads_are_told(text):
    with pytest.raises(LabError, match="étalonnage"):
        Overheads.loads(text)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Run("a", poll=-1),
        lambda: Run("a", limit=0),
        lambda: Play((), serial=(0,)),
        lambda: Plan.of("", forks=0),
        lambda: Overheads(cores=0),
        lambda: Overheads(send=math.inf),
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"."):
        wrong()


def test_where_steps_vary_the_same_typical_run_is_told_each_time():
    plan = Plan.of("", batches((1, 2, 3, 4, 5), 2, delay=1))
    costs = Overheads(spread=0.3)
    assert simulate(plan, HOSTS, costs) == simulate(plan, HOSTS, costs)
    assert simulate(plan, HOSTS, costs) != simulate(plan, HOSTS, Overheads())


def test_where_steps_vary_the_slowest_of_many_hosts_is_waited_for():
    plan = Plan.of("", *(Run(f"Tâche {number}") for number in range(6)))
    many = tuple(f"node{number}" for number in range(10))
    steady, varying = (simulate(plan, many, Overheads(cores=100.0, spread=spread)).controller_end for spread in (0.0, 0.4))
    assert varying > 1.1 * steady


def test_a_module_is_prepared_once_a_run_while_all_who_need_it_wait():
    """The first task of a kind pays for it, on all hosts at once; the next of its kind does not."""
    plan = Plan.of("", Run("Un"), Run("Deux"), Run("Lancer", 1, limit=60, poll=0), Wait("Attendre", "Lancer", 30, 1), Run("Trois"))
    costs = Overheads(build=2.0, cores=100.0)
    spans = {}
    timeline = simulate(plan, HOSTS, costs, connected=True)
    for block in timeline.blocks:
        spans.setdefault(block.task, []).append(block.end - block.start)
    first, second, launch, wait, third = spans.values()
    assert min(first) > 2.0
    assert max(second) < 1.0
    assert min(launch) > 2.0, "async_wrapper"
    assert min(wait) > 2.0, "async_status"
    assert max(third) < 1.0
