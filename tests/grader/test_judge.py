"""Conditions and messages in the sandbox: right verdicts, and faults of an exercise that blame nobody's answer."""

from __future__ import annotations

import pytest

from grader import judge
from grader.checks import Observed
from grader.errors import ExerciseError


def answered(**data):
    return Observed({"text": "", "data": data})


def test_marks_messages_and_hints(value_exercise):
    presents, somme = judge.judge(value_exercise, answered(a=2, b=2))
    assert (presents.passed, presents.points, presents.hint) == (True, 1, None)
    assert (somme.passed, somme.points, somme.max) == (False, 0, 1.5)
    assert somme.message == "La somme fait 4\u00a0; 5 est attendu."
    assert somme.hint == "Comptez."


def test_a_check_waits_for_the_one_that_it_needs(value_exercise):
    presents, somme = judge.judge(value_exercise, answered(a=2))
    assert presents.message == "Il manque un nombre\u00a0: a seulement."
    assert not somme.passed
    assert somme.message == "Pas encore examiné\u00a0: ce point dépend de «\u00a0Les deux nombres sont donnés\u00a0»."
    assert somme.hint is None


def with_condition(exercise, condition, **more):
    check = exercise.checks[0].model_copy(update={"that": (condition,), **more})
    return exercise.model_copy(update={"checks": (check,)})


@pytest.mark.parametrize(
    "condition",
    [
        "answer.__class__",
        "''.__class__.__mro__[1].__subclasses__() | length > 0",
        "answer.data.a | attr('__class__') | string != ''",
        "answer.data.keys.__self__ == 1",
        "('%s' | format(answer)) and '{0.__class__}'.format(answer) == ''",
        "timeline.started.__reduce__() == 1",
        "nodes['node1']._table == 1",
        "nodes['node1'].commands.__globals__ == 1",
        "answer.data.clear() == 1",
        "self._TemplateReference__context == 1",
        "lipsum.__globals__ == 1",
        "cycler.__init__ == 1",
    ],
)
def test_nothing_leads_out_of_the_sandbox(sync_coupure, story, condition):
    with pytest.raises(ExerciseError, match="n'a pas pu être évalué"):
        judge.judge(with_condition(sync_coupure, condition, each_node=False), story.observed)


@pytest.mark.parametrize(
    "condition", ["answer.data.c == 5", "answer.data.a / 0 == 1", "answer.data", "answer.data.a", "answer.data.a > 'x'"]
)
def test_a_condition_that_fails_or_says_neither_true_nor_false_is_the_exercises_fault(value_exercise, condition):
    with pytest.raises(ExerciseError, match="Le point « presents » n'a pas pu être évalué"):
        judge.judge(with_condition(value_exercise, condition), answered(a=2, b=3))


def test_a_message_that_fails_is_the_exercises_fault(value_exercise):
    with pytest.raises(ExerciseError, match="n'a pas pu être évalué"):
        judge.judge(with_condition(value_exercise, "answer.data.a == 3", fail_msg="{{ answer.data.z }}"), answered(a=2))


def test_what_an_answer_says_is_data_and_never_a_template(value_exercise):
    exercise = with_condition(value_exercise, "answer.data.a == 3", fail_msg="Reçu : {{ answer.data.a }}.")
    (entry,) = judge.judge(exercise, answered(a="{{ 7 * 7 }}"))
    assert entry.message == "Reçu\u00a0: {{ 7 * 7 }}."


def test_messages_are_grouped_by_what_they_say(sync_coupure, story):
    exercise = with_condition(
        sync_coupure, "node.name == 'node2'", fail_msg="{% if node.name == 'node1' %}un{% else %}autre{% endif %}", success_msg="bien"
    )
    assert judge.judge(exercise, story.observed)[0].message == "node1\u00a0: un\nnode3\u00a0: autre"
    exercise = with_condition(sync_coupure, "node.name != 'x'", success_msg="bien")
    assert judge.judge(exercise, story.observed)[0].message == "Sur chaque nœud\u00a0: bien"
    exercise = with_condition(sync_coupure, "node.name == 'node1'", fail_msg="non")
    assert judge.judge(exercise, story.observed)[0].message == "node2 et node3\u00a0: non"
