"""The checks of poll-choisir on rhythms made by hand: what is judged is the wait that was asked, and messages say what was seen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from handmade import NODES, job

from grader import catalog, judge
from labs.evidence.records import ProcessRun
from labs.timeline.model import Poll, State

EXERCISE = catalog.find("poll-choisir")  # 6 seconds of work
WRAPPER = ("/usr/bin/python3", "/root/.ansible/tmp/x/async_wrapper.py", "j77", "30", "/root/.ansible/tmp/x/AnsiballZ_command.py", "_")


def looks(host, waits, cost=0.5):
    """The polls of a node left alone for these seconds before each, and the processes that show them."""
    moment, polls, processes = 1.2, [], []
    for place, wait in enumerate(waits):
        moment += wait
        argv = ("/usr/bin/python3", "/root/.ansible/tmp/y/AnsiballZ_async_status.py")
        processes.append(ProcessRun(host, 60 + place, 20, argv, moment, moment + cost))
        polls.append(Poll(host, "j77.30", moment + cost, finished=place == len(waits) - 1, start=moment, end=moment + cost))
        moment += cost
    return polls, processes


def judged(story, waits, **other):
    polls = []
    for host in NODES:
        seen, visits = looks(host, waits)
        polls += seen
        launch = ProcessRun(host, 29, 20, ("/bin/sh", "-c", "python3 /tmp/async_wrapper.py j77 30"), 0.6, 1.2)
        session = ProcessRun(host, 20, 1, ("sshd: root@pts/0",), 0.2, None)
        module = ProcessRun(host, 32, 31, ("/usr/bin/python3", "/root/.ansible/tmp/x/AnsiballZ_command.py"), 0.9, 7.1)
        work = ProcessRun(host, 34, 32, ("/bin/sleep", "6"), 1.0, 7.0)
        wrapper = ProcessRun(host, 31, 1, WRAPPER, 0.8, 7.1)
        story.on(host, session, launch, wrapper, module, work, *visits)
    story.with_jobs(*(job(host, end=7.1, **other) for host in NODES))
    story.timeline = replace(story.timeline, polls=tuple(polls))
    observed = replace(story.observed, parameters=EXERCISE.parameters)
    return {entry.id: entry for entry in judge.judge(EXERCISE, observed)}


def failing(reports):
    return {name for name, entry in reports.items() if not entry.passed}


@pytest.mark.parametrize(
    "waits", [[2.2, 2.1, 2.4], [3.1, 3.3], [3.9, 3.8], [4.1, 4.2], [6.3], [7.2], [0.4, 3.2, 3.1], [0.3, 2.2, 2.1, 2.3]]
)
def test_what_sees_the_end_soon_and_looks_little_has_full_marks(story, waits):
    assert failing(judged(story, waits)) == set()


@pytest.mark.parametrize(
    ("waits", "words"),
    [
        (
            [5.2, 5.1],
            "premier sondage au bout de 5\u00a0s, puis un toutes les 5\u00a0s\u00a0: la fin d’un job de 6\u00a0s est apprise 4\u00a0s après",
        ),
        ([15.3], "premier sondage au bout de 15\u00a0s\u00a0: la fin d’un job de 6\u00a0s est apprise 9\u00a0s après"),
        ([0.3, 5.2, 5.2], "est apprise 4\u00a0s après"),
    ],
)
def test_too_late(story, waits, words):
    reports = judged(story, waits)
    assert failing(reports) == {"retard"}
    assert words in reports["retard"].message


@pytest.mark.parametrize(
    ("waits", "words"),
    [
        (
            [1.2] * 5,
            "un sondage par seconde\u00a0: il en faut 6 pour voir la fin d’un job de 6\u00a0s (5 vus pendant cette exécution)",
        ),
        ([1.8] * 3, "il en faut 6"),
        ([0.3] * 9, "se suivaient sans attente"),
    ],
)
def test_too_often(story, waits, words):
    reports = judged(story, waits)
    assert failing(reports) == {"sobriete"}
    assert words in reports["sobriete"].message


def test_nobody_looked(story):
    reports = judged(story, [])
    assert failing(reports) == {"retard", "sobriete"}
    assert "personne n’a appris la fin" in reports["retard"].message


def test_killed_by_its_limit(story):
    reports = judged(story, [3.2], state=State.TIMED_OUT, limit=3.0)
    assert failing(reports) == {"reussi"}
    assert "arrêté par sa propre limite (3\u00a0s d’après `async`), alors que le travail demande 6\u00a0s" in reports["reussi"].message
