"""Values drawn for each learner, and `[[ name ]]` wherever an exercise's files name them."""

from __future__ import annotations

import copy

import pytest
from handmade import VALUE, write_exercise

from grader import catalog, parameters
from grader.answer import opened
from grader.errors import ExerciseError
from grader.run import grade

DRAWN = VALUE | {"drawn": {"somme": [5, 7, 9, 11], "nom": ["léa", "ali"]}, "statement": "Pour [[ nom ]] : `a` et `b`, dont la somme fait [[ somme ]]."}  # fmt: skip
LEARNERS = [f"apprenant-{number}" for number in range(40)]


def drawn(tmp_path, learner=None, **more):
    data = copy.deepcopy(DRAWN) | more
    data["checks"][1]["that"] = "answer.data.a + answer.data.b == parameters.somme"
    write_exercise(tmp_path, data)
    return catalog.find("deux-nombres", tmp_path, learner)


def test_nobody_in_particular_has_the_first_of_each():
    assert parameters.draw("ex", None, {"a": [1, 2], "b": ["x", "y", "z"]}) == {"a": 1, "b": "x"}


def test_a_learner_always_has_the_same_and_learners_differ():
    choices = {"a": [1, 2, 3], "b": ["x", "y", "z"]}
    taken = [parameters.draw("ex", learner, choices) for learner in LEARNERS]
    assert taken == [parameters.draw("ex", learner, choices) for learner in LEARNERS]
    assert {draw["a"] for draw in taken} == {1, 2, 3}
    assert len({tuple(draw.values()) for draw in taken}) == 9  # one name does not decide for another


def test_marks_are_replaced_as_text():
    values = {"n": 3, "nom": "léa", "durees": [1, 2], "vite": True}
    assert parameters.fill("sleep [[ n ]] [[ nom ]] [[ durees ]] [[ vite ]]", values, "ici") == "sleep 3 léa [1, 2] true"
    assert parameters.fill("[[n]] [[ -f x ]] {{ n }} [[ 1 ]]", values, "ici") == "[[n]] [[ -f x ]] {{ n }} [[ 1 ]]"
    assert parameters.fill("[[ cas.fin ]] [[ cas.nom ]]", {"cas": {"fin": 3, "nom": "x"}}, "ici") == "3 x"
    with pytest.raises(ExerciseError, match=r"ici : « \[\[ n.fin \]\] » n'est pas un paramètre"):
        parameters.fill("[[ n.fin ]]", values, "ici")
    with pytest.raises(ExerciseError, match=r"ici : « \[\[ duree \]\] » n'est pas un paramètre"):
        parameters.fill("sleep [[ duree ]]", values, "ici")


def test_the_statement_and_the_conditions_speak_of_the_learners_own_values(tmp_path):
    assert "Pour léa : `a` et `b`, dont la somme fait 5." in drawn(tmp_path).statement
    exercises = [drawn(tmp_path, learner) for learner in LEARNERS]
    assert {exercise.parameters["somme"] for exercise in exercises} == {5, 7, 9, 11}
    for exercise in exercises:
        assert f"fait {exercise.parameters['somme']}." in exercise.statement
        answer = tmp_path / "answer.yml"
        answer.write_text(f"a: 1\nb: {exercise.parameters['somme'] - 1}\n")
        assert grade(exercise, answer).report.score == 2.5


def test_a_number_may_be_written_by_a_mark(tmp_path):
    folder = write_exercise(tmp_path, DRAWN)
    text = (folder / "exercise.yml").read_text()
    (folder / "exercise.yml").write_text(f"{text}limits:\n  wall: [[ somme ]]\n")
    assert catalog.find("deux-nombres", tmp_path).limits.wall == 5


def test_answers_that_the_exercise_keeps_are_filled_and_those_of_others_are_not(tmp_path):
    exercise = drawn(tmp_path / "exercises")
    for folder in (exercise.folder / "solution", tmp_path / "mine"):
        folder.mkdir()
        (folder / "answer.yml").write_text('a: "[[ nom ]]"\n')
    with opened(exercise.folder / "solution", exercise) as answer:
        assert answer.data == {"a": "léa"}
    with opened(tmp_path / "mine", exercise) as answer:
        assert answer.data == {"a": "[[ nom ]]"}
    assert (exercise.folder / "solution" / "answer.yml").read_text() == 'a: "[[ nom ]]"\n'


def test_what_a_learner_starts_with_is_filled(tmp_path):
    exercise = drawn(tmp_path)
    assert exercise.start("answer.yml") == ""
    (exercise.folder / "start").mkdir()
    (exercise.folder / "start" / "answer.yml").write_text("a: [[ somme ]]\n")
    assert exercise.start("answer.yml") == "a: 5\n"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"drawn": {"somme": [5]}}, "drawn.somme : une longueur d'au moins 2 est attendue"),
        ({"drawn": {"somme": 5}}, "drawn.somme : une liste est attendue"),
        ({"parameters": {"somme": 4}}, "drawn : « somme » est déjà le nom d'un paramètre"),
        ({"title": "Pour [[ personne ]]"}, "« [[ personne ]] » n'est pas un paramètre"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, more, expected):
    with pytest.raises(ExerciseError) as caught:
        drawn(tmp_path, **more)
    assert expected in str(caught.value)
