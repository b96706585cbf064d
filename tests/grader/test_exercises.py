"""Every exercise of the course, proved by the answers that it keeps: on real nodes, several at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from grader import catalog, proof

AT_ONCE = 3  # gradings mostly wait; and what one does to the machine must change no verdict of another


@pytest.fixture(scope="session")
def proofs(request):
    """What became of an exercise's answers; those of all exercises that the session asks for are graded side by side."""
    asking = [item for item in request.session.items if "proofs" in getattr(item, "fixturenames", ())]
    wanted = [item.callspec.params["exercise_id"] for item in asking]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        cases = {exercise_id: proof.cases(catalog.find(exercise_id)) for exercise_id in wanted}
        under_way = {exercise_id: [pool.submit(proof.prove, case) for case in cases[exercise_id]] for exercise_id in wanted}
        yield lambda exercise_id: [done.result() for done in under_way[exercise_id]]


@pytest.mark.parametrize("exercise_id", catalog.ids())
def test_nothing_is_missing(exercise_id):
    assert proof.gaps(catalog.find(exercise_id)) == []


@pytest.mark.lab
@pytest.mark.parametrize("exercise_id", catalog.ids())
def test_each_answer_gets_what_is_expected_of_it(proofs, exercise_id):
    assert [f"{done.case.name} {done.problem}" for done in proofs(exercise_id) if done.problem] == []
