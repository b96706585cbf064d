from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from timeline import samples
from timeline.strategies import moments, timelines

from labs.errors import LabError
from labs.timeline import compare, compare_words, metrics, replay, store
from labs.timeline.compare import Cause
from labs.timeline.compare_words import Run
from labs.timeline.model import Block, BlockKind, Job, Mode, Outcome, Poll, State, Timeline

NBSP = "\u00a0"
made = st.sampled_from(samples.ALL).map(lambda make: make())
any_run = timelines() | made | st.builds(replay.at, made, moments)


def adds_up(timeline):
    return pytest.approx(metrics.makespan(timeline), abs=1e-9)


# -- arithmetic ---------------------------------------------------------------------------------------------------------


@given(any_run)
def test_a_path_covers_the_run_once(timeline):
    stretches = compare.path(timeline)
    assert all(stretch.start < stretch.end for stretch in stretches)
    assert all(before.end == after.start for before, after in pairwise(stretches))
    if stretches:
        assert (stretches[0].start, stretches[-1].end) == (0.0, metrics.makespan(timeline))
    assert sum(compare.shares(timeline).values()) == adds_up(timeline)


@given(any_run, any_run)
def test_differences_add_up_to_that_of_the_makespans(one, other):
    there, back = compare.difference(one, other), compare.difference(other, one)
    assert sum(there.causes.values()) == pytest.approx(there.makespan, abs=1e-9)
    assert there.makespan == pytest.approx(metrics.makespan(other) - metrics.makespan(one))
    assert back.causes == {cause: -seconds for cause, seconds in there.causes.items()}
    assert (back.jobs, back.polls) == (-there.jobs, -there.polls)


@given(any_run)
def test_a_run_does_not_differ_from_itself(timeline):
    nothing = compare.difference(timeline, timeline)
    assert set(nothing.causes.values()) | {nothing.makespan, nothing.jobs, nothing.polls} == {0}


@given(any_run.filter(lambda timeline: not timeline.running))
def test_waiting_on_the_path_is_waiting(timeline):
    """What is told as waiting or polling is at no moment more than the moments when the controller waited somewhere."""
    waits = metrics.union(span for host in timeline.hosts for span in metrics.waits(timeline, host))
    for stretch in compare.path(timeline):
        if stretch.cause in {Cause.WAIT, Cause.POLL}:
            covered = metrics.length(metrics.overlaps((stretch.start, stretch.end), waits))
            assert covered == pytest.approx(stretch.end - stretch.start, abs=1e-6)


@given(st.lists(st.floats(0, 1000), max_size=8))
def test_tenths_still_add_up(parts):
    rounded = compare.tenths(parts)
    assert sum(rounded) == pytest.approx(round(sum(parts), 1), abs=1e-6)
    assert all(abs(near - exact) < 0.1001 for near, exact in zip(rounded, parts, strict=True))


# -- what is what -------------------------------------------------------------------------------------------------------


def test_batches_work_as_long_as_their_barriers():
    shares = compare.shares(samples.batches())
    assert shares[Cause.WORK] == pytest.approx(metrics.barrier([1, 2, 3, 4, 5], 2))
    assert shares[Cause.WAIT] + shares[Cause.POLL] == pytest.approx(9.6, abs=0.5)


def test_the_slowest_node_holds_the_others():
    shares = compare.shares(samples.sync())
    assert shares[Cause.SLOWEST] == pytest.approx(1.56)  # node2 works on from 6.66 s, when node3 was done, to 7.98 + ...
    assert shares[Cause.WAIT] == shares[Cause.POLL] == 0


def test_with_one_fork_the_next_node_may_begin_a_hair_before_the_last_is_told_done():
    """The controller tells the next start and the last end in either order, a few milliseconds apart."""

    def block(host, start, end):
        return Block(host, "t1", BlockKind.SYNC, start, end, Outcome.OK)

    def job(host, start, end):
        return Job(f"{host}/1", host, Mode.SYNC, "command", "sleep 2", "t1", (), None, None, None, start, end, end, State.SUCCEEDED, 0)

    blocks = (block("node1", 1.0, 3.005), block("node2", 3.0, 5.0))
    timeline = replace(samples.sync(), blocks=blocks, jobs=(job("node1", 1.2, 2.9), job("node2", 3.2, 4.9)), end=5.2, controller_end=5.2)
    found = compare.shares(timeline)
    assert found[Cause.WORK] + found[Cause.SLOWEST] == pytest.approx(3.4)


def test_a_lost_node_is_held_by_nobody():
    assert compare.shares(samples.cut())[Cause.SLOWEST] == 0


def alone(late: float = 0.0, host: str = "node1", sleep: float = 5.0) -> tuple[Block, Job, Poll]:
    """A polled job on one node, found ended ``late`` seconds after its end."""
    end = 2 + sleep
    job = Job(
        f"j.{host}", host, Mode.POLLED, "command", "sleep", "t", launched=1.5, start=2, end=end, detected=end + late, state=State.SUCCEEDED
    )
    poll = Poll(host, job.id, end + late, True, end + max(0.0, late - 0.4), end + late)
    return Block(host, "t", BlockKind.POLLED, 1.0, end + late, Outcome.OK), job, poll


def run(*parts: tuple[Block, Job, Poll]) -> Timeline:
    blocks, jobs, polls = zip(*parts, strict=True)
    end = max(block.end for block in blocks) + 0.5
    hosts = tuple(block.host for block in blocks)
    return Timeline("à la main", samples.STARTED, hosts, end, end, "successful", blocks=blocks, jobs=jobs, polls=polls)


def test_each_cause_has_its_seconds():
    assert compare.shares(run(alone(late=3))) == pytest.approx(
        {Cause.REST: 1.5, Cause.LAUNCH: 1, Cause.WORK: 5, Cause.SLOWEST: 0, Cause.WAIT: 2.6, Cause.POLL: 0.4}
    )


@given(st.integers(5, 60).map(lambda tenths: tenths / 10))
def test_a_job_found_later_costs_waiting_and_nothing_else(more):
    causes = compare.difference(run(alone(late=0.4)), run(alone(late=0.4 + more))).causes
    assert causes.pop(Cause.WAIT) == pytest.approx(more)
    assert list(causes.values()) == pytest.approx([0] * 5)


def test_what_is_found_late_behind_a_longer_job_costs_nothing():
    prompt = run(alone(late=0, host="node1", sleep=2), alone(host="node2", sleep=9))
    late = run(alone(late=4, host="node1", sleep=2), alone(host="node2", sleep=9))
    causes = compare.difference(prompt, late).causes
    assert causes[Cause.WAIT] == causes[Cause.POLL] == 0
    assert metrics.waited(late) > 3  # and yet the controller waited, on node1


def test_a_run_under_way_is_explained_up_to_now():
    known = replay.at(samples.polled(), 5.0)
    assert compare.path(known)[-1].cause is Cause.WORK


@pytest.mark.parametrize("name", ["00-chronologie", "01-synchrone", "01-attente", "01-coupure-asynchrone"])
def test_recorded_runs(name):
    timeline = store.read(f"notebooks/runs/{name}.json")
    shares = compare.shares(timeline)
    assert shares[Cause.REST] < 2
    assert (shares[Cause.WAIT] > 0) == bool(timeline.polls)
    if name == "01-attente":  # 5 s on node2 while node1 had finished after 2 s
        assert shares[Cause.SLOWEST] == pytest.approx(3, abs=0.3)


# -- words --------------------------------------------------------------------------------------------------------------


def test_a_difference_in_words():
    text = compare_words.versus(run(alone(late=9)), run(alone(late=0)))
    assert text == f"9,0{NBSP}s de moins, dont 8,6{NBSP}s d’attente de sondage et 0,4{NBSP}s de sondage"


def test_causes_that_pull_apart_are_told_apart():
    text = compare_words.versus(run(alone(late=6)), run(alone(late=0.4, sleep=7)))
    assert text == f"3,6{NBSP}s de moins (5,6{NBSP}s d’attente de sondage en moins, 2,0{NBSP}s de travail des jobs en plus)"


def test_counts_are_told_where_they_differ():
    text = compare_words.versus(samples.batches(), samples.sync())
    assert text.endswith(f"6{NBSP}jobs au lieu de 15 · aucun sondage au lieu de 27")
    assert compare_words.versus(samples.sync(), samples.polled()).endswith(f"9{NBSP}sondages au lieu d’aucun")


def test_equal_runs():
    assert compare_words.versus(samples.sync(), samples.sync()) == f"même durée, à 0,3{NBSP}s près"


def test_each_row_of_the_table_adds_up():
    runs = [Run(make.__name__, make()) for make in samples.ALL]
    for run_, row in zip(runs, compare_words.table(runs), strict=True):
        assert len(row) == len(compare_words.HEADINGS)
        tenths = [round(float(cell.removesuffix(f"{NBSP}s").replace(",", ".")) * 10) for cell in row[1:8]]
        assert tenths[0] == sum(tenths[1:]) == round(round(metrics.makespan(run_.timeline), 1) * 10)


def test_sentences_compare_with_the_first_and_name_the_shortest():
    runs = [Run("lots", samples.batches()), Run("détaché", samples.detached()), Run("sondé", samples.polled())]
    said = compare_words.sentences(runs)
    assert [sentence[:16] for sentence in said] == ["B par rapport à ", "C par rapport à ", "La plus courte\u00a0:"]
    assert said[-1] == f"La plus courte{NBSP}: B, 9,8{NBSP}s."


@pytest.mark.parametrize("count", [0, 1, 7])
def test_two_runs_at_least_and_six_at_most(count):
    with pytest.raises(LabError, match="de 2 à 6 exécutions"):
        compare_words.sentences([Run("x", samples.sync())] * count)
