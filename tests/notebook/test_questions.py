"""The mini-quizzes: every choice explains itself, and something is right."""

import pytest

from labs import paths
from labs.notebook import questions

NAMES = sorted(path.stem for path in (paths.NOTEBOOKS / "quiz").glob("*.yml"))


@pytest.mark.parametrize("name", NAMES)
def test_each_question_can_be_answered(name):
    for question in questions.load(name):
        rights = [choice for choice in question.choices if choice.right]
        assert 1 <= len(rights) < len(question.choices), question.text
        assert all(choice.why for choice in question.choices), question.text


def test_each_choice_opens_its_own_explanation():
    bundle = questions.still("01_synchrone_asynchrone")
    asked = questions.load("01_synchrone_asynchrone")
    assert bundle["text/html"].count("<details") == sum(len(question.choices) for question in asked)
    assert bundle["text/html"].count("✓ Oui.") == bundle["text/plain"].count("[x]") == len(asked)
    assert "<script" not in bundle["text/html"]


def test_texts_are_not_taken_for_html():
    question = questions.Question("a < b ?", (questions.Choice("<b>oui</b>", "1 < 2", right=True),))
    assert "&lt;b&gt;oui" in questions._as_html(1, question)
