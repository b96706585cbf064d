"""One suite, run on each engine: whatever runs the nodes, a lab is the same to those who use it.

Podman here is that of whoever runs the tests; tests/lab/test_rootless.py runs this file as an ordinary user.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest

from grader import catalog
from grader.run import Silent, grade
from labs import lab as lab_module
from labs.engines import settings
from labs.errors import LabError
from labs.jobs.command import AdHoc
from labs.lab import Lab
from labs.paths import ROOT
from labs.recording import record
from labs.timeline.model import Mode, State

STARTING_SECONDS = 60
PATIENCE = 60
ENGINES = [*settings.CONTAINERS, "embedded"]
HOSTILE = ROOT / "tests" / "hostile" / "exercises"
WORK = """\
- hosts: all
  gather_facts: false
  tasks:
    - {command: /bin/sleep 2, async: 30, poll: 1}
    - {copy: {content: fait, dest: /root/trace}}
"""
pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def docker(tmp_path_factory):
    """A Docker daemon that answers: that of the machine, or one of the tests' own, named by DOCKER_HOST meanwhile."""
    if shutil.which("docker") and _docker_answers():
        yield
        return
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        pytest.skip("aucun démon Docker ne répond, et celui des tests se lance en administrateur (paquet docker.io)")
    folder = tmp_path_factory.mktemp("docker")
    address = f"unix://{folder}/socket"
    command = ["dockerd", f"--host={address}", f"--data-root={folder}/data", f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"]
    with (folder / "log").open("w") as log:
        daemon = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    os.environ["DOCKER_HOST"] = address
    try:
        deadline = time.monotonic() + STARTING_SECONDS
        while not _docker_answers():
            told = (folder / "log").read_text()[-2000:]
            assert daemon.poll() is None, told
            assert time.monotonic() < deadline, told
            time.sleep(0.2)
        yield
    finally:
        del os.environ["DOCKER_HOST"]
        daemon.terminate()
        daemon.wait(60)
        subprocess.run(["umount", f"{folder}/exec/netns/default"], check=False, capture_output=True)  # which it leaves mounted
        shutil.rmtree(folder, ignore_errors=True)


def _docker_answers():
    return settings.complaint(settings.named("docker")) == ""


@pytest.fixture(scope="module", params=ENGINES)
def lab(request, tmp_path_factory):
    """Two nodes on the engine; what this machine remembers of its engines is used, and not changed."""
    if request.param == "docker":
        request.getfixturevalue("docker")
    if complaint := settings.complaint(settings.named(request.param)):
        pytest.skip(complaint)
    remembered = settings.load_of(request.param)
    with pytest.MonkeyPatch.context() as patch:
        state = tmp_path_factory.mktemp(request.param)
        patch.setattr(settings, "STATE", state)
        patch.setattr(lab_module, "STATE", state)
        if remembered:
            settings.save(remembered)
        lab = Lab("moteur")
        with lab.owned():
            lab.up(2, engine=request.param)
            yield lab
            lab.down()
            assert lab.engine.nodes(lab._label) == []


class Heard(Silent):
    """Whoever follows a grading: its runs."""

    def __init__(self):
        self.runs = []

    def running(self, recording):
        self.runs.append(recording)


def where(recording, *argv):
    """The nodes that showed a program so far."""
    return {process.host for process in recording.processes() if process.argv == argv}


def until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.skipif(not shutil.which("docker"), reason="le client docker n'est pas installé sur cette machine")
def test_a_daemon_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nulle/part")
    with pytest.raises(LabError, match=r"Docker ne répond pas.*systemctl start docker"):
        settings.named("docker").nodes("rien")


def test_up_twice_is_one_lab(lab):
    before = [(node.name, node.since) for node in lab.engine.nodes(lab._label)]
    lab.up()
    assert [(node.name, node.since) for node in lab.engine.nodes(lab._label)] == before
    assert [node.state for node in lab.status()] == ["up", "up"]


def test_each_node_shows_its_own_jobs(lab):
    timeline = record(lab, AdHoc.parse("ansible all -B 30 -P 1 -a '/bin/sleep 2'")).wait(PATIENCE)
    assert sorted((job.host, job.mode, job.label, job.state) for job in timeline.jobs) == [
        (node, Mode.POLLED, "sleep 2", State.SUCCEEDED) for node in lab.nodes
    ]
    assert any(poll.start is not None for poll in timeline.polls)


def test_a_cut_ends_what_holds_the_connection_and_nothing_else(lab):
    held = record(lab, AdHoc.parse("ansible node1 -a '/bin/sleep 4107'"))
    until(lambda: where(held, "/bin/sleep", "4107"))
    lab.cut("node1")
    timeline = held.wait(PATIENCE)
    assert [(job.host, job.mode, job.state) for job in timeline.jobs] == [("node1", Mode.SYNC, State.KILLED)]
    assert where(held, "/bin/sleep", "4107") == {"node1"}
    assert [block.outcome for block in timeline.blocks] == ["unreachable"]

    detached = record(lab, AdHoc.parse("ansible node1 -B 60 -P 0 -a '/bin/sleep 6'"), linger=PATIENCE)
    until(lambda: detached.timeline().controller_end is not None)
    lab.cut("node1", 1)
    assert [(job.mode, job.state) for job in detached.wait(PATIENCE).jobs] == [(Mode.DETACHED, State.SUCCEEDED)]
    until(lambda: [node.state for node in lab.status()] == ["up", "up"])


def test_a_cancelled_run_leaves_no_job(lab):
    recording = record(lab, AdHoc.parse("ansible node1 -B 60 -P 5 -a '/bin/sleep 4207'"))
    until(lambda: where(recording, "/bin/sleep", "4207"))
    recording.cancel()
    assert recording.wait(PATIENCE).status == "canceled"
    assert "sleep 4207" not in lab.execute("node1", ["ps", "-eo", "args"]).text


def test_a_frozen_node_comes_back_by_itself(lab):
    lab.pause("node1")
    assert [node.state for node in lab.status()] == ["deaf", "up"]
    lab.pause("node1", 0.5)
    until(lambda: [node.state for node in lab.status()] == ["up", "up"])


def test_a_killed_node_comes_back_with_its_files_at_its_port(lab):
    before = lab.status()
    kept = f"{lab.home('node1')}/trace"
    lab.execute("node1", ["touch", kept])
    lab.kill("node1", 1)
    assert lab.status()[0].state == "stopped"
    with pytest.raises(LabError, match=r"nœud node1 est arrêté.*labs up"):
        lab.execute("node1", ["true"])
    until(lambda: lab.status() == before)
    assert lab.read("node1", kept) == b""
    assert lab.read("node2", f"{lab.home('node2')}/trace") is None
    lab.kill("node2")
    lab.up()
    assert lab.status() == before


def test_reset_leaves_no_file_and_no_process(lab):
    trace = f"{lab.home('node1')}/trace"
    lab.execute("node1", ["sh", "-c", f"echo là > {trace}; setsid -f sleep 4307"])
    assert lab.read("node1", trace) == "là\n".encode()
    lab.reset()
    assert [node.state for node in lab.status()] == ["up", "up"]
    assert lab.read("node1", trace) is None
    assert "sleep 4307" not in lab.execute("node1", ["ps", "-eo", "args"]).text


def test_an_answer_is_judged_behind_walls_or_not_at_all(lab, tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "choose", lambda: lab.engine)
    (tmp_path / "answer.yml").write_text(WORK)
    heard = Heard()
    report = grade(catalog.find("travail-simple", HOSTILE), tmp_path / "answer.yml", heard, trusted=False).report
    if lab.engine.isolated and lab.engine.limits:
        assert report.full, [report.message, *(run.stdout for run in heard.runs)]
    else:
        assert (report.status, report.score) == ("error", None)
        assert "conteneurs" in report.message
