"""A lab's program killed at any moment of its life, time after time: ``labs gc`` leaves nothing of it.

CONTREPOINT_CYCLES says how many times; ``benchmarks/lab.py --cycles`` asks for more than the tests do.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from labs.engines import embedded, settings
from labs.lab import Lab
from labs.paths import ROOT

pytestmark = pytest.mark.lab

CYCLES = int(os.environ.get("CONTREPOINT_CYCLES", "8"))
LONGEST = 5.0  # seconds of life: from before the first node to the middle of a run
PATIENCE = 30.0
PROGRAM = """
import sys
from labs.jobs.command import AdHoc
from labs.lab import Lab
from labs.recording import record
lab = Lab(sys.argv[1])
with lab.owned():
    lab.up(1, engine=sys.argv[2])
    record(lab, AdHoc.parse("ansible all -B 60 -P 1 -a '/bin/sleep 47'")).wait()
"""


@pytest.fixture
def place(own_state, tmp_path, monkeypatch):
    """A state folder and a store of these cycles' own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "etat"))
    monkeypatch.setattr(embedded, "STORE", (tmp_path / "etat" / "contrepoint").resolve())
    return tmp_path


def left(place, name):
    """All that can still be seen of a lab: nodes, networks, processes (and with them, their ports), files."""
    found = []
    for engine in (settings.choose(), embedded.Embedded()):
        lab = Lab(name, state=place / "labs", engine=engine)
        found += [node.name for node in engine.nodes(lab._label)]
        found += [network for network, _ in engine.networks() if network == lab._network]
    mark = f"CONTREPOINT_STATE={place}/labs".encode(), f"CONTREPOINT_NODE={place}/".encode()
    found += [f"{process.pid} {' '.join(process.cmdline())}" for process in psutil.process_iter() if _carries(process, mark)]
    return found + [str(path) for path in (*(place / "labs").glob(f"*{name}*"), *place.glob("etat/contrepoint/*"))]


def _carries(process, marks):
    try:
        environment = Path(f"/proc/{process.pid}/environ").read_bytes()
        return any(mark in environment for mark in marks) and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


def test_killed_at_any_moment_a_lab_leaves_nothing_once_swept(place):
    containers = settings.choose().name
    for cycle in range(CYCLES):
        engine = containers if cycle % 2 else "embedded"
        moment = random.uniform(0.1, LONGEST)  # noqa: S311 - no secret
        name = f"cycle{cycle}"
        program = subprocess.Popen([sys.executable, "-c", PROGRAM, name, engine], cwd=ROOT, stderr=subprocess.PIPE)
        try:
            said = program.communicate(timeout=moment)
            pytest.fail(f"il devait vivre : {said}")
        except subprocess.TimeoutExpired:
            program.send_signal(signal.SIGKILL)
            program.communicate()
        deadline = time.monotonic() + PATIENCE
        # What the dead one had asked an engine for may come to be after a first sweeping.
        while True:
            subprocess.run([sys.executable, "-c", "from labs.cli import main; main()", "gc"], cwd=ROOT, check=True, capture_output=True)
            if not (rest := left(place, name)):
                break
            assert time.monotonic() < deadline, f"{engine}, mort à {moment:.2f} s : {rest}"
            time.sleep(0.5)
