"""Labs made for gradings, several at once: none is swept away while it is in use, and what a dead grading left is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from grader import nodes
from labs import census, paths
from labs.engines.container import ContainerEngine
from labs.image import controller
from labs.jobs import sweep
from labs.lab import OWNER_LOCK, Lab


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """Labs without containers: a folder each; ``gone`` are the names of those taken down, in order."""
    gone = []

    class Bare:
        engine = None

        def __init__(self, name, *, walled=False):
            self.walled = walled
            self.name = name
            self.directory = tmp_path / name

        owned = Lab.owned

        def up(self, count): ...

        def down(self):
            gone.append(self.name)

    monkeypatch.setattr(paths, "STATE", tmp_path)
    monkeypatch.setattr(nodes, "Lab", Bare)
    monkeypatch.setattr(nodes.build, "ensure", lambda engine: None)
    return gone


def test_gradings_at_once_leave_each_other_alone(bare):
    together = threading.Barrier(8)

    def grading(_):
        together.wait(30)
        for _ in range(15):
            with nodes.fresh(1) as lab:
                assert (lab.directory / OWNER_LOCK).exists()
                assert lab.name not in bare
            assert lab.name in bare
            assert not lab.directory.exists()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(grading, range(8)))
    assert len(bare) == len(set(bare)) == 8 * 15


def test_what_a_dead_grading_left_is_swept(bare, tmp_path):
    (tmp_path / "note-dead").mkdir()
    (tmp_path / "note-dead" / OWNER_LOCK).touch()
    with nodes.fresh(1):
        assert bare == ["note-dead"]
        assert not (tmp_path / "note-dead").exists()


@pytest.mark.lab
def test_little_is_asked_of_the_engine_for_one_more_lab(tmp_path, monkeypatch):
    """Each question is a program of its own: at hundreds of copies, they took as long as some playbooks."""
    asked = []
    call = ContainerEngine._call

    def counted(engine, *arguments, **more):
        asked.append(arguments)
        return call(engine, *arguments, **more)

    monkeypatch.setattr(ContainerEngine, "_call", counted)
    for _ in range(2):
        asked.clear()
        with nodes.fresh(1, walled=True) as lab:
            made = len(asked)
            lab.controller_options()
            lab.write_for_controller(tmp_path, tmp_path)
            assert len(asked) == made, asked[made:]
    looks = [words for words in asked if words[0] in ("inspect", "version", "ps") or words[1:2] == ("inspect",)]
    assert len(looks) <= 7, looks


@pytest.mark.lab
def test_walls_are_proven_again_when_something_went_wrong(monkeypatch):
    proven = []
    monkeypatch.setattr(controller, "ensure", proven.append)
    with nodes.fresh(1, walled=True):
        pass
    before = len(proven)
    with pytest.raises(RuntimeError), nodes.fresh(1, walled=True):
        raise RuntimeError
    with nodes.fresh(1, walled=True):
        pass
    assert (before, len(proven)) in {(0, 1), (1, 2)}  # an earlier test may have proven them


@pytest.mark.lab
def test_gc_removes_what_a_killed_grading_left_and_nothing_of_one_that_lives():
    program = "import time\nfrom grader import nodes\nwith nodes.fresh(1) as lab:\n print(lab.name, flush=True)\n time.sleep(600)"
    grading = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=paths.ROOT, text=True)
    with grading.stdout:
        lab = Lab(grading.stdout.readline().strip())
    census.sweep()
    assert [node.state for node in lab.status()] == ["up"]
    grading.kill()
    grading.wait()
    assert any(lab.name in sentence for sentence in census.sweep())
    assert lab.engine.everything(lab._label) == []
    assert not lab.directory.exists()


def test_the_controller_of_a_dead_grading_ends_with_its_lab(bare, tmp_path):
    """A grading that is killed leaves its ansible-playbook, which would wait for nodes that are gone, for as long as its retries last."""
    sweep.claim(tmp_path / "note-dead" / "runs" / "r1")
    owner = {"pid": 1, "created": 0}  # the pid of somebody else by now
    (tmp_path / "note-dead" / "runs" / "r1" / "owner.json").write_text(json.dumps(owner))
    (tmp_path / "note-dead" / OWNER_LOCK).touch()
    left = subprocess.Popen(["sleep", "60"], env={**os.environ, sweep.MARKER: "r1"})
    with nodes.fresh(1):
        assert left.wait(10) == -signal.SIGKILL


def test_a_lab_that_cannot_be_made_leaves_nothing(bare, tmp_path, monkeypatch):
    def refused(engine):
        raise RuntimeError("no image")

    monkeypatch.setattr(nodes.build, "ensure", refused)
    with pytest.raises(RuntimeError), nodes.fresh(1):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["note.lock"]
