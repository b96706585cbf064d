"""A learner's progress: nothing is lost to two writers at once, and a file that fails is one French sentence."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from grader.progress import Progress, ProgressError
from grader.report import Report

WRITER = """
import sys
from grader.progress import Progress
from grader.report import Report
progress = Progress(__import__("pathlib").Path(sys.argv[1]))
print(progress.learner(), flush=True)
for number in range(int(sys.argv[3])):
    progress.record_attempt(Report(exercise=sys.argv[2], score=number, max=100, status="graded", message="x"), 1.5)
    progress.record_hint(sys.argv[2], "fichier", 2)
"""
TIMES = 60


def report(score, exercise="sync-coupure"):
    return Report(exercise=exercise, score=score, max=10, status="error" if score is None else "graded", message="x")


@pytest.fixture
def progress(tmp_path):
    return Progress(tmp_path / "travail" / "progression.sqlite")


def test_what_is_noted_is_there_after_a_restart(progress):
    learner = progress.learner()
    progress.opened("sync-coupure")
    progress.record_attempt(report(4), 61.5)
    progress.record_attempt(report(None), 2.0)
    progress.record_hint("sync-coupure", "fichier", 2)
    again = Progress(progress.path)
    assert again.learner() == learner
    assert [fact.exercise for fact in again.openings()] == ["sync-coupure"]
    assert [(fact.score, fact.max, fact.status, fact.seconds) for fact in again.attempts()] == [
        (4, 10, "graded", 61.5),
        (None, 10, "error", 2.0),
    ]
    assert [(fact.point, fact.level) for fact in again.hints()] == [("fichier", 2)]
    moments = [fact.time for fact in (*again.openings(), *again.attempts(), *again.hints())]
    assert moments == sorted(moments)
    assert {moment.utcoffset().total_seconds() for moment in moments} == {0}


def test_learners_differ(tmp_path):
    assert Progress(tmp_path / "a.sqlite").learner() != Progress(tmp_path / "b.sqlite").learner()


def test_two_kernels_that_write_at_once_lose_nothing(progress):
    command = [sys.executable, "-c", WRITER, str(progress.path)]
    writers = [subprocess.Popen([*command, name, str(TIMES)], stdout=subprocess.PIPE, text=True) for name in ("un", "deux")]
    learners = {writer.communicate(timeout=120)[0] for writer in writers}
    assert [writer.returncode for writer in writers] == [0, 0]
    assert len(learners) == 1  # both began the same new file, and agree on who the learner is
    for name in ("un", "deux"):
        assert [fact.score for fact in progress.attempts() if fact.exercise == name] == list(range(TIMES))
    assert len(progress.hints()) == 2 * TIMES


def test_neither_do_threads(progress):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda score: progress.record_attempt(report(score), 0), range(40)))
    assert sorted(fact.score for fact in progress.attempts()) == list(range(40))


def test_a_writer_that_dies_half_way_leaves_no_half(progress):
    progress.record_attempt(report(1), 0)
    code = (
        "import os, sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "database.execute('BEGIN IMMEDIATE')\n"
        "database.execute(\"INSERT INTO opened VALUES ('x', 'y')\")\n"
        "os._exit(1)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(progress.path)], check=False)
    progress.record_attempt(report(2), 0)
    assert [fact.score for fact in progress.attempts()] == [1, 2]
    assert progress.openings() == []


def told(work):
    with pytest.raises(ProgressError) as caught:
        work()
    assert caught.value.message.endswith(".")
    assert caught.value.remedy.endswith(".")
    return str(caught.value)


def test_a_damaged_file_is_told(progress):
    progress.path.parent.mkdir()
    progress.path.write_bytes(b"ceci n'est pas une base" * 100)
    assert "est abîmé. Renommez-le" in told(progress.learner)
    assert "est abîmé" in told(lambda: progress.record_attempt(report(1), 0))


def test_a_file_that_another_program_holds_is_told(progress, monkeypatch):
    progress.learner()
    monkeypatch.setattr("grader.progress.BUSY_SECONDS", 0.1)
    holder = sqlite3.connect(progress.path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert "est occupée par un autre programme" in told(progress.attempts)
    holder.execute("ROLLBACK")
    holder.close()
    assert progress.attempts() == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "travail").touch()
    assert "ne peut pas être notée" in told(Progress(tmp_path / "travail" / "progression.sqlite").learner)


def test_a_file_of_a_later_version_is_left_alone(progress):
    progress.learner()
    with sqlite3.connect(progress.path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    assert "version plus récente" in told(progress.attempts)
