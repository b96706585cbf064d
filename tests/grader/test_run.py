"""Real answers on real nodes: what a run tells, how it is stopped, and what it leaves (test_exercises proves every exercise)."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from grader import catalog, nodes
from grader.run import Silent, grade
from labs import paths
from labs.engines import settings
from labs.lab import Lab

EXERCISE = catalog.find("sync-coupure")
START = EXERCISE.folder / "start"


@pytest.mark.lab
def test_messages_say_what_was_observed():
    result = grade(EXERCISE, EXERCISE.folder / "wrong" / "synchrone")
    assert [fault.host for fault in result.timelines[0].faults] == ["node2"]
    lost = {entry.id: entry.message for entry in result.report.checks if not entry.passed}
    assert "node2" in lost["fichier"]
    assert "le lien venait d’être coupé" in lost["fichier"]
    assert "UNREACHABLE" in lost["joignable"]


@pytest.mark.lab
def test_a_play_without_end_is_stopped_at_its_limit(tmp_path):
    answer = tmp_path / "answer.yml"
    answer.write_text("- hosts: all\n  gather_facts: false\n  tasks:\n  - command: /bin/sleep 600\n")
    short = EXERCISE.model_copy(update={"limits": EXERCISE.limits.model_copy(update={"wall": 4})})
    result = grade(short, answer)
    assert (result.report.status, result.report.score) == ("graded", 0)
    assert "Le play a été arrêté au bout de 4\u00a0s" in result.report.message
    assert result.timelines[0].status == "canceled"


@pytest.mark.lab
def test_a_run_cancelled_from_its_live_view_gets_no_mark():
    class Impatient(Silent):
        """Watches a grading, and presses the live view's cancel button."""

        def running(self, recording):
            threading.Timer(2, recording.cancel).start()

    report = grade(EXERCISE, EXERCISE.folder / "solution", Impatient()).report
    assert (report.status, report.score) == ("error", None)
    assert "interrompue" in report.message


@pytest.mark.lab
def test_a_dead_engine_is_an_error_and_no_mark(monkeypatch):
    def dead(*_):
        raise settings.LabError("Aucun moteur de conteneurs ne répond.", "Lancez « labs doctor ».")

    monkeypatch.setattr(Lab, "up", dead)
    report = grade(EXERCISE, START).report
    assert (report.status, report.score) == ("error", None)
    assert report.message == "Aucun moteur de conteneurs ne répond. Lancez «\u00a0labs doctor\u00a0»."


@pytest.mark.lab
def test_a_node_that_dies_during_the_run_leaves_nothing_to_judge(tmp_path):
    class Killer(Silent):
        """Watches a grading, and takes a node away from it."""

        def running(self, recording):
            recording.lab.engine.remove([recording.lab._container("node1")])

    report = grade(EXERCISE, EXERCISE.folder / "solution", Killer()).report
    assert (report.status, report.score) == ("error", None)
    assert "node1" in report.message


@pytest.mark.lab
def test_what_a_killed_grading_leaves_is_removed_by_the_next():
    code = "from grader import nodes\nwith nodes.fresh(1) as lab:\n    print(lab.name, flush=True)\n    input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as victim:
        name = victim.stdout.readline().strip()
        assert name.startswith(nodes.PREFIX)
        with nodes.fresh(1):
            assert [node.state for node in Lab(name).status()] == ["up"]  # alive: nobody touches it
        victim.send_signal(signal.SIGKILL)
        victim.wait()
    with nodes.fresh(1) as lab:
        assert Lab(name).status() == []
        assert not (paths.STATE / name).exists()
        mine = lab.directory
    assert not mine.exists()
