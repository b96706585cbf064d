from itertools import pairwise

from hypothesis import given
from timeline import samples
from timeline.strategies import timelines

from labs.timeline import replay, story

NBSP = "\u00a0"


@given(timelines())
def test_steps_are_in_order_and_within_the_run(timeline):
    steps = story.steps(timeline)
    assert all(step.said for step in steps)
    assert all(before.t < after.t for before, after in pairwise(steps))
    assert all(0 <= step.t <= timeline.end for step in steps)


@given(timelines())
def test_between_two_moments_a_run_only_grows(timeline):
    """Jobs, looks and blocks known at a moment are those known just before the next."""
    known = story.moments(timeline)
    for before, after in pairwise(known):
        if after - before > 1e-6:
            early, late = (replay.at(timeline, t) for t in (before, (before + after) / 2))
            assert (early.jobs, early.polls, early.blocks, early.faults) == (late.jobs, late.polls, late.blocks, late.faults)


def test_a_polled_run_told():
    said = [sentence for step in story.steps(samples.polled()) for sentence in step.said]
    assert said[:4] == [
        "Le contrôleur se tourne vers node1\u00a0: Dormir",
        "Le contrôleur se tourne vers node2\u00a0: Dormir",
        "Le contrôleur se tourne vers node3\u00a0: Dormir",
        "Lancement de sleep 5 sur node1",
    ]
    assert f"Sondage de sleep 5 sur node2{NBSP}: pas encore fini" in said
    assert f"sleep 5 s’arrête sur node3{NBSP}: réussi" in said
    assert f"Le contrôleur apprend que sleep 5 est fini sur node1, 2,4{NBSP}s après" in said
    assert said[-1] == "Ansible rend la main"


def test_what_nodes_do_together_is_one_sentence():
    step = next(step for step in story.steps(samples.sync()) if step.t > 8.3 and step.t < 8.45)
    assert step.said == (f"Le contrôleur se tourne vers node1, node2 et node3{NBSP}: Marquer la fin",)


def test_a_cut_is_told():
    said = [sentence for step in story.steps(samples.cut()) for sentence in step.said]
    first, second, third = (
        next(k for k, text in enumerate(said) if text.startswith(start))
        for start in ("Lien coupé sur node2", "sleep 8 s’arrête sur node2", "Injoignable")
    )
    assert first < second < third
