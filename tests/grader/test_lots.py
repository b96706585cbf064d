"""The checks of the three exercises on batches, on runs made by hand: each catches its own fault, and says what was observed."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

import pytest
from handmade import NODES, job, module

from grader import catalog, judge
from grader.checks import AnswerRun, Observed
from labs.evidence.records import ProcessRun
from labs.timeline.model import Poll, State, Timeline

find = cache(catalog.find)
LAUNCH, LOOK = 0.5, 0.3  # seconds that a launch and a look take


def observed(exercise, works, *, end, looked=True, states=None, status="successful", own_job=True, visits=()):
    """A run in which every node shows the same. ``works``: (seconds, start, moment of the looks that follow) of each ``/bin/sleep``."""
    processes, jobs, polls = [], [], []
    for host in NODES:
        processes.append(ProcessRun(host, 20, 1, ("sshd: root@pts/0",), 0.1, None))
        processes.append(module(host, end - 0.4, end - 0.1, pid=99))
        processes += [module(host, at, at + LOOK, pid=60 + place) for place, at in enumerate(visits)]
        for place, (seconds, start, looks) in enumerate(works):
            pid, name = 100 + 10 * place, f"j{place if own_job else 0}"
            wrapper = ("/usr/bin/python3", "/root/.ansible/tmp/x/async_wrapper.py", name, "60", "AnsiballZ_command.py", "_")
            processes.append(ProcessRun(host, pid, 20, wrapper, start - 0.1, start + seconds + 0.1))
            processes.append(ProcessRun(host, pid + 1, pid, ("/bin/sleep", str(seconds)), start, start + seconds))
            state = (states or {}).get(seconds, State.SUCCEEDED)
            jobs.append(job(host, id=f"{name}.1", start=start - 0.1, end=start + seconds + 0.1, limit=60.0, state=state))
            moments = looks if looked else ()
            polls += [Poll(host, f"{name}.1", at + LOOK, at > start + seconds, at, at + LOOK) for at in moments]
    timeline = Timeline(
        title="essai",
        started=datetime(2026, 1, 1, tzinfo=UTC),
        hosts=NODES,
        end=end,
        controller_end=end,
        status=status,
        tasks=(),
        blocks=(),
        jobs=tuple(jobs),
        polls=tuple(polls),
    )
    return Observed({"text": "", "data": []}, exercise.parameters, (AnswerRun(timeline, tuple(processes), {}),))


def judged(name, works, **other):
    exercise = find(name)
    return {entry.id: entry for entry in judge.judge(exercise, observed(exercise, works, **other))}


def failing(reports):
    return {name for name, entry in reports.items() if not entry.passed}


def batches(durations, size, *, delay, launch=LAUNCH):
    """What batches show: the jobs of each are launched one after the other, then asked one after the other every ``delay`` seconds."""
    works, now = [], 1.0
    for first in range(0, len(durations), size):
        launched = []
        for seconds in durations[first : first + size]:
            launched.append((seconds, now))
            now += launch
        for seconds, start in launched:
            looks = [now]
            while looks[-1] <= start + seconds + 0.1:
                looks.append(looks[-1] + LOOK + delay)
            now = looks[-1] + LOOK
            works.append((seconds, start, tuple(looks)))
        now += 0.2
    return works, now + 0.3


DEUX = (1, 2, 3, 4, 5)
ATTENTE = (6, 7, 6, 7, 7)
FENETRE = (2, 4, 6, 8, 10)


@pytest.mark.parametrize("launch", [0.1, LAUNCH, 1.5, 5.0])
def test_batches_of_two_have_full_marks_however_slow_the_launches(launch):
    works, end = batches(DEUX, 2, delay=1, launch=launch)
    assert failing(judged("lots-deux", works, end=end)) == set()


@pytest.mark.parametrize("launch", [0.1, LAUNCH, 1.5, 5.0])
@pytest.mark.parametrize(("size", "caught"), [(5, "deux-au-plus"), (3, "deux-au-plus"), (1, "ensemble")])
def test_another_number_at_once_is_seen_however_slow_the_launches(size, caught, launch):
    works, end = batches(DEUX, size, delay=1, launch=launch)
    assert caught in failing(judged("lots-deux", works, end=end))


def test_three_at_once_are_told_with_their_moments():
    works, end = batches(DEUX, 5, delay=1)
    message = judged("lots-deux", works, end=end)["deux-au-plus"].message
    assert "4 jobs en même temps entre 2,9\u00a0s et 3,6\u00a0s\u00a0; 2 au plus étaient permis" in message


def test_nobody_looked_and_luck_is_called_luck():
    works, end = batches(DEUX, 2, delay=1)
    reports = judged("lots-deux", works, end=end, looked=False)
    assert failing(reports) == {"deux-au-plus", "barriere", "fin"}
    assert "c’est par chance" in reports["deux-au-plus"].message
    assert "n’a jamais vu la fin de 5 job(s) sur 5" in reports["fin"].message


def test_only_the_first_of_a_batch_is_waited_for():
    works, end = batches(DEUX, 2, delay=1)
    works = [(seconds, start, looks if place % 2 == 0 else ()) for place, (seconds, start, looks) in enumerate(works)]
    reports = judged("lots-deux", works, end=end)
    assert "barriere" in failing(reports)
    assert "`/bin/sleep 2`, du lot précédent" in reports["barriere"].message


def test_a_job_stopped_by_its_limit():
    works, end = batches(DEUX, 2, delay=1)
    reports = judged("lots-deux", works, end=end, states={4: State.TIMED_OUT}, status="failed")
    assert failing(reports) == {"fin"}
    assert "`/bin/sleep 4` a été arrêtée par la limite de son job (1\u00a0min" in reports["fin"].message


def test_nothing_run_earns_nothing():
    for name in ("lots-deux", "lots-attente", "lots-fenetre"):
        reports = judged(name, [], end=3.0)
        assert failing(reports) == set(reports)
        assert "jamais tourné" in reports["lancement"].message


def test_one_job_for_all_is_told():
    works, end = batches(DEUX, 2, delay=1)
    assert "se partagent 1 job(s)" in judged("lots-deux", works, end=end, own_job=False)["jobs"].message


@pytest.mark.parametrize("launch", [0.1, LAUNCH, 1.5])
@pytest.mark.parametrize(("delay", "enough"), [(1, True), (2, True), (5, False), (10, False)])
def test_efficiency_depends_on_the_delay_and_not_on_the_launches(delay, enough, launch):
    works, end = batches(ATTENTE, 2, delay=delay, launch=launch)
    reports = judged("lots-attente", works, end=end)
    assert failing(reports) == (set() if enough else {"efficacite"})
    if not enough:
        assert "perdues" in reports["efficacite"].message
        assert "Deux questions sur un même job" in reports["efficacite"].message


@pytest.mark.parametrize(("size", "caught"), [(3, "deux-au-plus"), (5, "deux-au-plus"), (1, "ensemble")])
def test_a_repair_keeps_two_at_once(size, caught):
    works, end = batches(ATTENTE, size, delay=1)
    assert caught in failing(judged("lots-attente", works, end=end))


def window(durations, size, *, late):
    """Each work starts ``late`` seconds after a place is free."""
    works, places = [], [1.0, 1.0 + LAUNCH][:size]
    for place, seconds in enumerate(durations):
        places.sort()
        start = places[0] + (late if place >= size else 0.0)
        places[0] = start + seconds
        works.append((seconds, start, (start + seconds + 0.2,)))
    return works, max(places) + 1.0


@pytest.mark.parametrize("late", [0.7, 1.5, 3.5])
def test_a_window_has_full_marks_and_a_barrier_has_not(late):
    works, end = window(FENETRE, 2, late=late)
    assert failing(judged("lots-fenetre", works, end=end)) == set()
    works, end = batches(FENETRE, 2, delay=1)
    reports = judged("lots-fenetre", works, end=end)
    assert failing(reports) == {"sans-barriere"}
    assert "les deux places étaient vides" in reports["sans-barriere"].message


def test_a_window_of_three_and_a_play_that_does_not_wait():
    works, end = batches(FENETRE, 5, delay=1)
    assert "deux-au-plus" in failing(judged("lots-fenetre", works, end=end))
    works, _ = window(FENETRE, 2, late=0.7)
    reports = judged("lots-fenetre", works, end=12.0)
    assert failing(reports) == {"fin"}
    assert "sans attendre le dernier travail" in reports["fin"].message


def test_two_at_once_by_luck_on_a_slow_machine_is_no_window():
    """Launches of four seconds: no third job ever meets the two others, though nobody waits for anything."""
    works = [(seconds, 1.0 + 4.5 * place, (30.0,)) for place, seconds in enumerate(FENETRE)]
    reports = judged("lots-fenetre", works, end=32.0)
    assert failing(reports) == {"deux-au-plus"}
    assert "c'est par chance" in reports["deux-au-plus"].message.replace("’", "'")
    # A play that asks in its own way, with a command that counts processes for instance, is believed.
    asked = [start - 1.0 for _, start, _ in works[2:]]
    assert failing(judged("lots-fenetre", works, end=32.0, visits=asked)) == set()
