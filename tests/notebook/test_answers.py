"""Ansible's answers: read out of what it really printed, and shown so that each field explains itself."""

import re

import pytest

from labs.notebook import answers, recordings
from labs.notebook.answers import Answer

UNREACHABLE = 'node2 | UNREACHABLE! => {\n    "changed": false,\n    "msg": "Failed to connect",\n    "unreachable": true\n}\n'


def text_of(html):
    return re.sub(r"<[^>]+>", "", html)


def test_a_launch_is_read_node_by_node():
    found = answers.answers(recordings.printed("03-detacher"))
    assert [(answer.host, answer.word) for answer in found] == [(f"node{n}", "CHANGED") for n in (1, 2, 3)]
    assert len({answer.jid for answer in found}) == 3
    for answer in found:
        assert answer.fields["finished"] is False
        assert answer.fields["results_file"] == f"/root/.ansible_async/{answer.jid}"
        assert not answer.failed


def test_errors_around_the_answers_are_left_out():
    printed = recordings.printed("03-demander")
    assert "[ERROR]" in printed
    found = answers.answers(printed)
    assert [(answer.host, answer.failed) for answer in found] == [("node1", False), ("node2", True), ("node3", True)]
    assert "msg" not in found[0].fields
    assert found[1].fields["msg"] == "could not find job"


def test_a_synchronous_command_answers_in_plain_text():
    assert answers.answers("node1 | CHANGED | rc=0 >>\nbonjour\nnode2 | FAILED | rc=3 >>\nnon-zero return code\n") == [
        Answer("node1", "CHANGED", {"rc": 0}),
        Answer("node2", "FAILED", {"rc": 3}),
    ]


def test_a_node_that_cannot_be_reached_answers_too():
    (answer,) = answers.answers(UNREACHABLE)
    assert answer.failed
    assert "UNREACHABLE!" in text_of(answers.bundle([answer])["text/html"])


def test_nothing_printed_is_no_answer():
    assert answers.answers("ansible: error: unrecognized arguments: 3") == []
    assert answers.bundle([])["text/html"] == ""


def test_each_field_opens_on_its_meaning():
    found = answers.answers(recordings.printed("03-detacher"))
    bundle = answers.bundle(found)
    assert bundle["text/html"].count("<details>") == sum(len(answer.fields) for answer in found)
    assert bundle["text/html"].count('class="cp-answer" open') == 1, "the first node's answer is open"
    assert '"finished": false' in bundle["text/plain"]
    assert "<script" not in bundle["text/html"]
    assert "booléen" in answers.meaning(found[0], "finished")
    assert "true" not in text_of(answers.meaning(found[0], "results_file"))


@pytest.mark.parametrize(
    ("fields", "name", "said"),
    [
        ({"finished": True, "rc": 0}, "finished", "Le job est fini"),
        ({"finished": True, "msg": "could not find job"}, "finished", "jid inconnu"),
        ({"finished": True, "msg": "could not find job"}, "ansible_job_id", "ne le connaît pas"),
        ({"finished": False, "erased": "/root/x"}, "finished", "Ne vous y fiez pas"),
        ({"rc": 0}, "rc", "elle a réussi"),
        ({"rc": 3}, "rc", "elle a échoué"),
        ({"msg": ""}, "msg", "Rien à signaler"),
        ({"ping": "pong"}, "ping", "propre à ce module"),
    ],
)
def test_a_meaning_depends_on_the_answer(fields, name, said):
    assert said in text_of(answers.meaning(Answer("node1", "SUCCESS", fields), name))


def test_values_are_not_taken_for_html():
    html = answers.bundle([Answer("node1", "CHANGED", {"stdout": "<b>gras</b>"})])["text/html"]
    assert "&lt;b&gt;gras" in html
    assert "<b>" not in html
