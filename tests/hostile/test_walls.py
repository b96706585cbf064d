"""The walls themselves: nothing runs without them, and right answers lose nothing behind them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import corpus
import pytest
from typer.testing import CliRunner

from grader import catalog, parameters, run
from grader.cli import app
from grader.errors import GraderError
from grader.report import failure
from grader.run import Graded, grade
from labs import paths
from labs.engines import settings, walls
from labs.engines.container import ContainerEngine
from labs.errors import LabError
from labs.jobs import walled
from labs.jobs.events import MOST_TEXT, typed
from labs.jobs.meter import TOO_MUCH
from labs.lab import Lab

EXERCISE = catalog.find("travail-simple", corpus.EXERCISES)
METER = [sys.executable, "-I", "-S", walled.meter.__file__]


@pytest.fixture
def answer(tmp_path):
    return corpus.write(tmp_path / "copie", corpus.answer_to({}))


def test_where_nothing_can_be_bounded_there_are_no_walls():
    with pytest.raises(LabError, match="--confiance"):
        walls.require(())


@pytest.mark.lab
def test_without_walls_nothing_runs(monkeypatch, answer):
    """Neither where containers cannot be bounded, nor when ansible-runner makes another command than the one that is walled."""
    bounded = settings.choose().limits
    monkeypatch.setattr(ContainerEngine, "limits", property(lambda _: (), lambda *_: None), raising=False)
    report = grade(EXERCISE, answer, trusted=False).report
    assert (report.status, report.score) == ("error", None)
    assert "--confiance" in report.message
    monkeypatch.undo()
    assert settings.choose().limits == bounded
    monkeypatch.setattr(walled, "SEEN_AS", walled.Path("/elsewhere"))
    report = grade(EXERCISE, answer, trusted=False).report
    assert (report.status, report.score) == ("error", None)


@pytest.mark.lab
def test_where_ansible_does_not_work_behind_walls_nothing_is_graded(monkeypatch, answer):
    """Podman 5 closes the shared memory of a read-only container: each answer would have had 0."""
    monkeypatch.setattr(walls, "CONTROLLER", tuple(option.replace("/dev/shm:rw", "/dev/shm:ro") for option in walls.CONTROLLER))
    report = grade(EXERCISE, answer, trusted=False).report
    assert (report.status, report.score) == ("error", None)
    assert "Ansible ne marche pas derrière ses murs" in report.message


@pytest.mark.lab
def test_right_answers_keep_their_marks_behind_walls(tmp_path):
    """One that installs packages, prepared beforehand and run twice; one whose link is cut on the way. Both at once."""

    def report(exercise):
        folder = shutil.copytree(exercise.folder / "solution", tmp_path / exercise.id)
        parameters.fill_folder(folder, exercise.parameters)
        return grade(exercise, folder, trusted=False).report

    with ThreadPoolExecutor() as pool:
        for found in pool.map(report, map(catalog.find, ("pb-nginx", "sync-coupure"))):
            assert found.full, found.model_dump_json(indent=2)


@pytest.mark.lab
def test_the_controller_is_closed(answer):
    """As the engine itself tells of the container while it runs."""
    seen = []

    class Inspector(run.Silent):
        def running(self, recording):
            engine, label = recording.lab.engine, recording.lab._label
            while recording.alive and not seen:
                for name in engine.everything(label):
                    told = json.loads(engine.run("inspect", name, tolerate=("no such",)).stdout or "[{}]")[0]
                    if told.get("Config", {}).get("User", "").startswith(str(walls.CONTROLLER_USER)):
                        seen.append(told)

    assert grade(EXERCISE, answer, Inspector(), trusted=False).report.full
    host = seen[0]["HostConfig"]
    assert host["ReadonlyRootfs"]
    assert seen[0].get("EffectiveCaps") in (None, [])
    assert "no-new-privileges" in host["SecurityOpt"]
    assert host["Memory"] == 512 * 1024**2
    assert host["PidsLimit"] == 128
    binds = [mount for mount in seen[0]["Mounts"] if mount["Type"] == "bind"]
    assert [(mount["Destination"].rstrip("/"), mount["RW"]) for mount in binds] == [("/runner", False)]


# -- the meter


def metered(limit, *program):
    return subprocess.run([*METER, str(limit), *program], capture_output=True, check=False, timeout=30)


def test_the_meter_passes_on_words_and_exit_code():
    done = metered(1000, "sh", "-c", "echo said; exit 7")
    assert (done.stdout.split(), done.returncode) == ([b"said"], 7)


def test_the_meter_gives_up_what_never_ends():
    done = metered(100_000, "cat", "/dev/zero")
    assert done.returncode == TOO_MUCH
    assert len(done.stdout) <= 100_000


# -- what a controller says

ODD = (None, 7, "text", ["list"], {"a": ["table"]}, "x" * 5000)
NAMES = ("playbook_on_task_start", "runner_on_start", "runner_on_async_poll", "runner_on_async_ok", "runner_retry", "runner_on_ok")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("odd", ODD, ids=lambda odd: type(odd).__name__)
def test_an_event_of_any_form_is_read_as_bounded_texts(name, odd):
    data = dict.fromkeys(("host", "task_uuid", "task", "name", "jid", "task_action"), odd) | {
        "res": {"ansible_job_id": odd, "msg": odd, "rc": odd}
    }
    for raw in ({"event": name, "event_data": data}, {"event": name, "event_data": odd}, {"event": name, "event_data": {"res": odd}}):
        for event in typed(raw):
            texts = [value for field in fields(event) if isinstance(value := getattr(event, field.name), str)]
            assert all(len(text) <= MOST_TEXT for text in texts)
            hash(event)


# -- whom the command line trusts


@pytest.mark.parametrize(
    ("place", "options", "trusted"),
    [("travail/a", (), True), ("elsewhere/a", (), False), ("elsewhere/a", ("--confiance",), True), ("kept", (), True)],
)
def test_whom_the_command_line_trusts(monkeypatch, tmp_path, place, options, trusted):
    """One's own answers, those that the exercise keeps, and what one vouches for: anybody else's runs behind walls."""
    asked = []

    def judged(exercise, path, watcher, stop, *, trusted):
        asked.append(trusted)
        return Graded(failure(exercise.id, exercise.points, GraderError("Rien.")))

    monkeypatch.setattr(paths, "WORK", tmp_path / "travail")
    monkeypatch.setattr(run, "grade", judged)
    answer = catalog.find("lots-deux").folder / "solution" if place == "kept" else tmp_path / place
    CliRunner().invoke(app, ["check", "lots-deux", str(answer), *options])
    assert asked == [trusted]


# Lets go of 200 MB whenever somebody takes as much, so that the disk looks as full as before.
LETS_GO = """
import os
free = lambda: os.statvfs("/").f_bavail * os.statvfs("/").f_frsize
parts = [open("/root/%d" % number, "wb") for number in range(8)]
for part in parts:
    os.posix_fallocate(part.fileno(), 0, 200 << 20)
before = free()
while parts:
    if before - free() > 100 << 20:
        parts.pop().truncate(0)
"""


@pytest.mark.lab
def test_a_filled_disk_is_seen_while_a_neighbour_lets_go_of_as_much(tmp_path):
    attack = corpus.table("attacks")["fill the node's disk by files without a name"]
    lab = Lab(f"voisin-{os.getpid()}")
    with lab.owned(), ThreadPoolExecutor() as pool:
        lab.up(1)
        neighbour = pool.submit(lab.execute, "node1", ["python3", "-c", LETS_GO])
        done = corpus.attempt("travail-simple", corpus.write(tmp_path / "copie", corpus.answer_to(attack)))
        assert done.outcome == "error", done.graded.report.message
        lab.down()
        assert b"Traceback" not in neighbour.result().stderr
