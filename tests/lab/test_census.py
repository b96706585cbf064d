"""``labs ps`` and ``labs gc``: every lab of this user is seen, what nobody owns is removed, what somebody owns is never touched."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from labs import census
from labs.jobs import sweep
from labs.lab import Lab, is_ready
from labs.paths import ROOT

pytestmark = pytest.mark.lab


def names():
    return {lab.name for lab in census.seen()}


@pytest.fixture
def elsewhere(tmp_path):
    """A lab of another checkout."""
    lab = Lab(f"ailleurs-{os.getpid()}", state=tmp_path / "copie" / ".labs")
    lab.up(1)
    yield lab
    lab.down()


def test_all_labs_are_seen_and_those_in_service_are_left(lab, elsewhere):
    found = {seen.name: seen for seen in census.seen()}
    assert (found[lab.name].nodes, found[lab.name].running, found[lab.name].folder) == (3, 3, lab.directory)
    assert found[elsewhere.name].folder == elsewhere.directory
    before = {node.name: node.since for node in lab.engine.all_nodes() if node.lab in (lab._label, elsewhere._label)}
    said = census.sweep()
    assert not any(f" {name} " in sentence for sentence in said for name in (lab.name, elsewhere.name))
    assert {node.name: node.since for node in lab.engine.all_nodes() if node.lab in (lab._label, elsewhere._label)} == before
    assert [node.state for node in elsewhere.status()] == ["up"]


def test_two_checkouts_do_not_meet(lab, elsewhere):
    twin = Lab(lab.name, state=elsewhere.directory.parent)
    twin.up(1)
    try:
        assert [node.state for node in lab.status()] == ["up"] * 3
        assert len({node.name for node in lab.engine.all_nodes() if node.hostname == "node1"}) >= 3
        assert twin.inventory != lab.inventory
    finally:
        twin.down()
    assert [node.state for node in lab.status()] == ["up"] * 3


def test_a_lab_whose_folder_is_gone_is_removed(elsewhere):
    shutil.rmtree(elsewhere.directory.parent.parent)
    said = census.sweep()
    assert [sentence for sentence in said if elsewhere.name in sentence and "dossier" in sentence]
    assert elsewhere.engine.nodes(elsewhere._label) == []
    assert elsewhere._network not in [name for name, _ in elsewhere.engine.networks()]
    assert not elsewhere.directory.parent.parent.exists()


def test_a_lab_whose_program_was_killed_is_removed():
    name = f"orphelin-{os.getpid()}"
    program = f"import time\nfrom labs.lab import Lab\nlab = Lab({name!r})\nwith lab.owned():\n lab.up(1)\n print('up', flush=True)\n time.sleep(600)"
    owner = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, cwd=ROOT)
    assert owner.stdout.readline() == b"up\n"
    lab = Lab(name)
    census.sweep()
    assert [node.state for node in lab.status()] == ["up"], "its owner lives"
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    assert any(name in sentence for sentence in census.sweep())
    assert name not in names()
    assert not lab.directory.exists()


def test_an_up_that_was_killed_leaves_nothing_once_swept():
    name = f"coupe-{os.getpid()}"
    lab = Lab(name)
    # Many nodes, so that the first is there long before the last.
    up = subprocess.Popen([sys.executable, "-c", f"from labs.lab import Lab; Lab({name!r}).up(8)"], cwd=ROOT)
    try:
        deadline = time.monotonic() + 30
        while not lab.engine.nodes(lab._label) and time.monotonic() < deadline:
            time.sleep(0.02)
        up.send_signal(signal.SIGKILL)
        up.wait()
        assert not is_ready(lab.directory)
        census.sweep()
        time.sleep(1)  # an engine's own process may have survived, and made the node that it was asked for
        census.sweep()
        assert lab.engine.nodes(lab._label) == []
        assert not lab.directory.exists()
    finally:
        lab.down()
        shutil.rmtree(lab.directory, ignore_errors=True)


def test_what_down_leaves_for_the_next_up_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(census, "STATE", tmp_path)
    folder = tmp_path / "mesures"
    folder.mkdir()
    (folder / "lock").touch()
    (folder / "durations.json").write_text("{}")
    monkeypatch.setattr("labs.lab.STATE", tmp_path)
    census.sweep()
    assert (folder / "durations.json").exists()


def test_a_module_that_its_watchdog_missed_is_ended_and_a_job_in_service_is_not(fresh_lab):
    """The two in the shape that ansible gives them: a module alone below init, and one below its wrapper."""
    orphan = "cp /bin/sleep /root/AnsiballZ_command.py; setsid -f sh -c '/root/AnsiballZ_command.py 300 & exit' "
    fresh_lab.execute("node1", ["sh", "-c", orphan])
    wrapped = "import subprocess, sys; subprocess.run(['/root/AnsiballZ_command.py', '301'])"
    launch = ["sh", "-c", f'setsid -f python3 -c "{wrapped}" async_wrapper.py j1 60 /root/AnsiballZ_command.py']
    fresh_lab.execute("node1", launch)
    time.sleep(1)
    assert sweep.kill_orphans(fresh_lab, "node1") == 1
    assert fresh_lab.execute("node1", ["pgrep", "-f", "^/root/AnsiballZ_command.py 301"]).returncode == 0
    assert fresh_lab.execute("node1", ["pgrep", "-f", "^/root/AnsiballZ_command.py 300"]).returncode == 1
