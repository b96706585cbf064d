"""The checks of sync-coupure on runs made by hand: each catches its own fault, and says what was observed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from handmade import NODES, background, job, module

from grader import judge
from grader.checks import NodeFile
from labs.evidence.records import ProcessRun
from labs.timeline.model import Block, BlockKind, Fault, FaultKind, Outcome, State


def judged(exercise, story):
    return {entry.id: entry for entry in judge.judge(exercise, story.observed)}


def failing(reports):
    return {name for name, entry in reports.items() if not entry.passed}


def test_a_run_that_went_well_has_full_marks(sync_coupure, story):
    assert failing(judged(sync_coupure, story)) == set()
    assert sync_coupure.points == 10


def test_nothing_run_earns_nothing(sync_coupure, story):
    for host in NODES:
        story.on(host)
        story.files[host] = {"/tmp/termine": None}
    story.with_jobs()
    reports = judged(sync_coupure, story)
    assert failing(reports) == set(reports)
    assert "jamais tourné" in reports["lancement"].message


def test_the_command_lost_with_its_session(sync_coupure, story):
    for host in NODES:
        story.on(host, ProcessRun(host, 20, 1, ("sshd: root@pts/0",), 0.2, None), ProcessRun(host, 34, 20, ("/bin/sleep", "8"), 1.0, 9.0))
    story.on("node2", ProcessRun("node2", 34, 20, ("/bin/sleep", "8"), 1.0, 4.1))
    story.with_jobs()
    story.files["node2"] = {"/tmp/termine": None}
    lost = Block("node2", "t1", BlockKind.SYNC, 0.5, 4.2, Outcome.UNREACHABLE)
    story.timeline = replace(story.timeline, blocks=(*story.timeline.blocks, lost), faults=(Fault("node2", FaultKind.CUT, 4.0, 4.0),))
    reports = judged(sync_coupure, story)
    assert failing(reports) == {"arriere-plan", "fichier", "meme-job", "joignable", "attente"}
    assert "node2\u00a0: `/bin/sleep 8` tournait dans la session SSH" in reports["arriere-plan"].message
    assert "elle s’est arrêtée au bout de 3,1\u00a0s au lieu de 8\u00a0s" in reports["arriere-plan"].message
    assert "le lien venait d’être coupé, à 4,0\u00a0s" in reports["fichier"].message
    assert "UNREACHABLE" in reports["joignable"].message


def test_started_twice(sync_coupure, story):
    story.on("node2", *background("node2"), ProcessRun("node2", 80, 31, ("sleep", "8"), 1.4, 9.4), module("node2", 9.8, 10.1))
    reports = judged(sync_coupure, story)
    assert failing(reports) == {"une-fois"}
    assert "node2\u00a0: `/bin/sleep 8` a été lancée 2\u00a0fois, à 1,0\u00a0s et 1,4\u00a0s" in reports["une-fois"].message


def test_killed_by_its_limit(sync_coupure, story):
    for host in NODES:
        story.on(host, *background(host, end=6.1), module(host, 6.5, 6.8))
        story.files[host] = {"/tmp/termine": None}
    story.with_jobs(*(job(host, end=6.1, limit=5.0, state=State.TIMED_OUT) for host in NODES))
    reports = judged(sync_coupure, story)
    assert failing(reports) == {"fichier", "meme-job"}
    assert "arrêté par sa propre limite (5\u00a0s d’après `async`)" in reports["fichier"].message


def test_a_file_written_before_the_work(sync_coupure, story):
    story.files["node3"] = {"/tmp/termine": NodeFile("", 1.0)}
    reports = judged(sync_coupure, story)
    assert failing(reports) == {"fichier", "meme-job"}
    assert "node3\u00a0: `/tmp/termine` a été écrit 0,0\u00a0s après le début" in reports["fichier"].message


def test_the_command_went_well_and_nothing_followed(sync_coupure, story):
    story.files["node1"] = {"/tmp/termine": None}
    assert "n’a pas été créé ensuite" in judged(sync_coupure, story)["fichier"].message


def test_a_file_written_by_another_task(sync_coupure, story):
    story.files["node1"] = {"/tmp/termine": NodeFile("", 10.4)}
    reports = judged(sync_coupure, story)
    assert failing(reports) == {"meme-job"}
    assert "a fini à 9,1\u00a0s, et `/tmp/termine` n’a été écrit qu’à 10,4\u00a0s" in reports["meme-job"].message


def test_nobody_waited(sync_coupure, story):
    story.timeline = replace(story.timeline, controller_end=2.0)
    reports = judged(sync_coupure, story)
    assert failing(reports) == {"attente"}
    assert "s’est terminé à 2,0\u00a0s sans attendre l’opération, qui a fini à 9,0\u00a0s" in reports["attente"].message


def test_a_pause_is_no_look(sync_coupure, story):
    for host in NODES:
        story.on(host, *background(host))
    reports = judged(sync_coupure, story)
    assert failing(reports) == {"attente"}
    assert "n’est pas revenu voir le nœud" in reports["attente"].message


@pytest.mark.parametrize("status", ["canceled"])
def test_a_play_that_had_to_be_stopped(sync_coupure, story, status):
    story.timeline = replace(story.timeline, status=status)
    assert failing(judged(sync_coupure, story)) == {"joignable", "attente"}


def test_a_job_that_only_events_speak_of_earns_nothing(sync_coupure, story):
    story.with_jobs(*(job(host, start=None, end=None, state=State.UNCONFIRMED) for host in NODES))
    assert failing(judged(sync_coupure, story)) == {"arriere-plan", "meme-job", "attente"}


def test_work_still_going_on_when_the_observation_ends(sync_coupure, story):
    story.on("node1", *background("node1", end=None))
    story.processes = [replace(process, end=None) if process.host == "node1" else process for process in story.processes]
    story.with_jobs(job("node1", end=None, state=State.RUNNING), job("node2"), job("node3"))
    story.files["node1"] = {"/tmp/termine": None}
    reports = judged(sync_coupure, story)
    assert failing(reports) == {"fichier", "meme-job", "attente"}
    assert "tournait encore" in reports["fichier"].message
