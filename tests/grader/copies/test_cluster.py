"""Answers judged by the workers of a Dask cluster, one of which dies on the way."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager
from threading import Event

import pytest
from handmade import VALUE, write_exercise

from grader.copies import cluster
from grader.copies.batch import Task
from grader.copies.course import Course
from grader.copies.intake import find
from grader.copies.records import Status
from grader.errors import GraderError
from grader.nodes import PREFIX
from labs.inventory import write_atomically

PLAY = "- hosts: all\n  gather_facts: false\n  tasks:\n    - command: /bin/sleep {}\n"
NODE = VALUE | {
    "kind": "playbook",
    "drawn": {"duree": [2, 3]},
    "limits": {"wall": 60, "linger": 5},
    "lab": {"nodes": 1},
    "checks": [
        VALUE["checks"][0]
        | {
            "that": "nodes['node1'].commands('/bin/sleep ' ~ parameters.duree) | length == 1",
            "success_msg": "Une fois.",
            "fail_msg": "{{ nodes['node1'].program('/bin/sleep') | length }} fois.",
        }
    ],
}


@pytest.fixture
def place(tmp_path):
    write_exercise(tmp_path / "exercises", NODE)
    course = Course(tmp_path / "exercises")
    for name, right in (("a", True), ("b", False), ("c", True), ("d", True)):
        duree = course.of("deux-nombres", name).parameters["duree"]
        write_atomically(tmp_path / "copies" / name / "deux-nombres.yml", PLAY.format(duree if right else duree - 1))
    return tmp_path


def test_a_parcel_holds_all_that_judging_takes_and_nothing_of_the_answers_that_are_kept(place):
    write_atomically(place / "exercises" / "deux-nombres" / "solution" / "answer.yml", "secret")
    write_atomically(place / "exercises" / "deux-nombres" / "files" / "x.txt", "x")
    course = Course(place / "exercises")
    copy = next(find(place / "copies", course, place / "atelier", place / "out", print))
    parcel = cluster._packed(Task(copy, course.of("deux-nombres", "a"), copy.answers["deux-nombres"], "a"))
    assert set(parcel.material) == {"exercise.yml", "files/x.txt"}
    assert set(parcel.answer) == {"answer.yml"}


def test_a_worker_judges_a_parcel_by_itself():
    yaml = json.dumps(VALUE | {"drawn": {"somme": [5, 6, 7, 8]}}).encode()
    verdict = cluster.judged_there(cluster.Parcel("deux-nombres", "lea", {"exercise.yml": yaml}, {"answer.yml": b"a: 2\nb: 3\n"}))
    assert (verdict.status, verdict.report.score) == (Status.GRADED, 2.5)


def test_without_a_scheduler_it_is_one_sentence():
    pytest.importorskip("distributed")
    address = f"tcp://127.0.0.1:{_free_port()}"
    cluster.CONNECTING, before = 1, cluster.CONNECTING
    try:
        with pytest.raises(GraderError, match="Aucun ordonnanceur Dask"):
            cluster.Cluster(address)
    finally:
        cluster.CONNECTING = before


@contextmanager
def running(*arguments):
    """A program of Dask's, ended at the end."""
    with subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as program:
        try:
            yield program
        finally:
            program.terminate()
            program.wait(60)


@pytest.fixture
def scheduler(tmp_path):
    """A scheduler's address, and how to start a worker of one thread."""
    pytest.importorskip("distributed")
    address = f"tcp://127.0.0.1:{_free_port()}"
    worker = ("distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(tmp_path))
    port = address.rpartition(":")[2]
    with running("distributed.cli.dask_scheduler", "--port", port, "--host", "127.0.0.1", "--no-dashboard"):
        yield address, lambda: running(*worker)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.plays
def test_what_a_dead_worker_was_judging_is_judged_by_another(tmp_path, scheduler):
    """Of values, which need no lab: many, so that the worker dies with some on its hands."""
    address, worker = scheduler
    write_exercise(tmp_path / "exercises", VALUE)
    for number in range(60):
        write_atomically(tmp_path / "copies" / f"{number:02}" / "deux-nombres.yml", f"a: {number % 4}\nb: 3\n")
    course = Course(tmp_path / "exercises")
    copies = list(find(tmp_path / "copies", course, tmp_path / "atelier", tmp_path / "out", print))
    with ExitStack() as stack:
        doomed = stack.enter_context(worker())
        engine = stack.enter_context(closing(cluster.Cluster(address)))
        tasks = [Task(copy, course.first("deux-nombres"), copy.answers["deux-nombres"], None) for copy in copies]
        futures = [engine.submit(task, Event()) for task in tasks]
        assert futures[0].result(60).report.max == 2.5
        doomed.kill()
        stack.enter_context(worker())
        scores = [future.result(120).report.score for future in futures]
    assert scores == [2.5 if number % 4 == 2 else 1 for number in range(60)]


@pytest.mark.lab
def test_two_workers_one_killed_on_the_way(place, own_state, scheduler):
    address, worker = scheduler
    with ExitStack() as stack:
        doomed = stack.enter_context(worker())
        command = [
            sys.executable,
            "-m",
            "grader.cli",
            "grade",
            place / "copies",
            "--out",
            place / "out",
            "--exercices",
            place / "exercises",
        ]
        grading = stack.enter_context(subprocess.Popen([*command, "--cluster", address], stderr=subprocess.PIPE, text=True))
        deadline = time.monotonic() + 200
        while not list(own_state.glob(f"{PREFIX}*/inventory.yml")) and time.monotonic() < deadline:
            time.sleep(0.1)
        doomed.kill()  # with a lab of its own, and an answer under way
        stack.enter_context(worker())
        _, said = grading.communicate(timeout=300)
    assert grading.returncode == 0, said
    book = json.loads((place / "out" / "notes.json").read_text())
    assert {one["name"]: one["total"] for one in book["copies"]} == {"a": 1, "b": 0, "c": 1, "d": 1}
    assert list(own_state.glob(f"{PREFIX}*")) == []  # what the dead worker left was removed by another


def test_a_cluster_that_fails_gives_no_mark(place):
    course = Course(place / "exercises")
    copy = next(find(place / "copies", course, place / "atelier", place / "out", print))
    task = Task(copy, course.of("deux-nombres", "a"), copy.answers["deux-nombres"], "a")

    class Killed:
        def result(self):
            raise RuntimeError("every worker died")

    verdict = cluster._outcome(Killed(), task)
    assert (verdict.status, verdict.report.score) == (Status.ERROR, None)
    assert "Le cluster n’a pas pu juger" in verdict.report.message
