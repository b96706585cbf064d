"""Every exercise of the course, proved by the answers that it keeps: all by the runs that are kept of them, a sample on real nodes.

The sample holds no solution: the lessons' own test has them graded. `grader test` runs every answer, as does CONTREPOINT_TOUT=1.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from grader import catalog, kept, proof

AT_ONCE = 2  # gradings mostly wait; and what one does to the machine must change no verdict of another


def sample(exercise):
    return [case for case in proof.sample(exercise) if case.name != "solution"]


@pytest.fixture(scope="session")
def proofs(request):
    """What became of an exercise's answers; those of all exercises that the session asks for are graded side by side."""
    asking = [item for item in request.session.items if "proofs" in getattr(item, "fixturenames", ())]
    wanted = [item.callspec.params["exercise_id"] for item in asking]
    choose = proof.cases if os.environ.get("CONTREPOINT_TOUT") else sample
    with ThreadPoolExecutor(AT_ONCE) as pool:
        cases = {exercise_id: choose(catalog.find(exercise_id)) for exercise_id in wanted}
        under_way = {exercise_id: [pool.submit(proof.prove, case) for case in cases[exercise_id]] for exercise_id in wanted}
        yield lambda exercise_id: [done.result() for done in under_way[exercise_id]]


@pytest.mark.parametrize("exercise_id", catalog.ids())
def test_nothing_is_missing(exercise_id):
    assert proof.gaps(catalog.find(exercise_id)) == []


@pytest.mark.parametrize("exercise_id", catalog.ids())
def test_each_kept_run_gets_what_is_expected_of_it(exercise_id):
    told = [proof.replay(case) for case in proof.cases(catalog.find(exercise_id))]
    assert [f"{done.case.name} {done.problem}" for done in told if done.problem] == []


@pytest.mark.parametrize("exercise_id", catalog.ids())
def test_no_run_is_kept_of_an_answer_that_is_not(exercise_id):
    exercise = catalog.find(exercise_id)
    assert set((exercise.folder / kept.FOLDER).rglob("*.xz")) <= {kept.path(case) for case in proof.cases(exercise)}


@pytest.mark.lab
@pytest.mark.parametrize("exercise_id", catalog.ids())
def test_each_answer_gets_what_is_expected_of_it(proofs, exercise_id):
    assert [f"{done.case.name} {done.problem}" for done in proofs(exercise_id) if done.problem] == []
