"""What a cell keeps of a run: Ansible's words, and a figure when the run touched a node."""

import asyncio
from datetime import UTC, datetime

from labs.notebook import rundisplay
from labs.timeline.model import Job, Mode, State, Timeline


def timeline(*starts):
    jobs = tuple(Job(f"j{n}", "node1", Mode.DETACHED, "command", "sleep", start=start, end=5.0) for n, start in enumerate(starts))
    return Timeline("essai", datetime(2026, 1, 1, tzinfo=UTC), ("node1",), 6.0, 2.0, "failed", jobs=jobs)


def test_jobs_of_before_make_no_figure_of_a_run_that_did_nothing():
    assert asyncio.run(rundisplay._figure(timeline(-1.0)))["text/html"] == ""
    assert "<figure" in asyncio.run(rundisplay._figure(timeline(-1.0, 1.0)))["text/html"]


def test_a_job_left_behind_is_one_that_outlives_ansible():
    ended = timeline(1.0)
    assert not rundisplay._left_behind(ended)
    running = Job("j", "node1", Mode.DETACHED, "command", "sleep", start=1.0, state=State.RUNNING)
    assert rundisplay._left_behind(Timeline("essai", ended.started, ("node1",), 6.0, 2.0, "successful", jobs=(running,)))


def test_a_long_answer_is_folded_and_a_terminal_s_line_ends_go():
    short, long = rundisplay.answer("a\r\nb\r\n"), rundisplay.answer("ligne\n" * 60)
    assert short["text/plain"] == "a\nb"
    assert "<details>" not in short["text/html"]
    assert "<summary" in long["text/html"]
    assert "60 lignes" in long["text/html"]
    assert rundisplay.answer(" \r\n") == {"text/plain": "", "text/html": ""}
