"""The same lab on Docker: a real daemon, that of the machine or one of the tests' own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time

import pytest

from labs import lab as lab_module
from labs.engines import settings
from labs.errors import LabError
from labs.image import build
from labs.jobs.command import AdHoc
from labs.lab import Lab
from labs.recording import record
from labs.timeline.model import State

pytestmark = pytest.mark.lab

STARTING_SECONDS = 60


@pytest.fixture(scope="module")
def docker(tmp_path_factory):
    """Docker's settings, with DOCKER_HOST set for a daemon that answers."""
    if shutil.which("docker") and _answers():
        yield settings.Settings("docker")
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
        while not _answers():
            told = (folder / "log").read_text()[-2000:]
            assert daemon.poll() is None, told
            assert time.monotonic() < deadline, told
            time.sleep(0.2)
        yield settings.Settings("docker")
    finally:
        del os.environ["DOCKER_HOST"]
        daemon.terminate()
        daemon.wait(60)
        subprocess.run(["umount", f"{folder}/exec/netns/default"], check=False, capture_output=True)  # which it leaves mounted
        shutil.rmtree(folder, ignore_errors=True)


def _answers():
    return settings.complaint(settings.Settings("docker").make()) == ""


@pytest.fixture
def docker_lab(docker, tmp_path, monkeypatch):
    """A lab whose remembered engine is Docker; what this machine remembers otherwise is not touched."""
    monkeypatch.setattr(settings, "STATE", tmp_path)
    monkeypatch.setattr(lab_module, "STATE", tmp_path)
    settings.save(docker)
    lab = Lab("docker")
    yield lab
    lab.down()


@pytest.mark.skipif(not shutil.which("docker"), reason="le client docker n'est pas installé sur cette machine")
def test_a_daemon_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nulle/part")
    with pytest.raises(LabError, match=r"Docker ne répond pas.*systemctl start docker"):
        settings.Settings("docker").make().nodes("rien")


def test_a_lab_lives_and_is_watched_on_docker(docker_lab):
    image = build.ensure(settings.choose())
    docker_lab.up(2)
    assert docker_lab.engine.name == "docker"
    assert {node.image for node in docker_lab.engine.nodes(docker_lab._label)} == {image}

    timeline = record(docker_lab, AdHoc.parse("ansible all -B 30 -P 1 -a '/bin/sleep 2'")).wait(60)
    assert [(job.state, job.label) for job in timeline.jobs] == [(State.SUCCEEDED, "sleep 2")] * 2

    docker_lab.cut("node2")
    docker_lab.engine.run("kill", docker_lab._container("node1"))
    assert [node.state for node in docker_lab.status()] == ["stopped", "up"]
    docker_lab.up()
    assert [node.state for node in docker_lab.status()] == ["up", "up"]

    docker_lab.execute("node1", ["touch", "/tmp/trace"])
    docker_lab.reset()
    assert docker_lab.read("node1", "/tmp/trace") is None
    docker_lab.down()
    assert docker_lab.engine.nodes(docker_lab._label) == []
