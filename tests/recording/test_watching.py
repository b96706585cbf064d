"""A lab watched by itself: what a plain terminal launches is told, in lines or in lanes."""

from __future__ import annotations

import signal
import subprocess

import pexpect
import pytest

from labs.paths import ROOT
from labs.watching import Watching

pytestmark = pytest.mark.lab

LABS, ANSIBLE = str(ROOT / ".venv/bin/labs"), str(ROOT / ".venv/bin/ansible")


def ansible(lab, *words):
    """As typed in a plain terminal, where nothing of this kit is in between."""
    subprocess.run([ANSIBLE, "-i", str(lab.inventory), *words], check=True, capture_output=True)


def test_lines_of_what_a_plain_terminal_launches(lab):
    told = []
    with subprocess.Popen([LABS, "watch", "--name", lab.name], stdout=subprocess.PIPE, text=True, encoding="utf-8") as watch:
        ansible(lab, "node2", "-B", "30", "-P", "1", "-a", "/bin/sleep 3")
        for line in watch.stdout:
            told.append(line.replace("\u00a0", " ").strip())
            if "s’arrête" in line:
                break
        watch.send_signal(signal.SIGINT)
        assert watch.wait(30) == 0
    assert [line for line in told if line.endswith("débute sur node2")]
    assert told[-1].startswith("sleep 3 s’arrête sur node2 : réussi ✓, après ")


def test_lanes_of_what_a_plain_terminal_launches(lab):
    screen = pexpect.spawn(LABS, ["watch", "--name", lab.name], encoding="utf-8", dimensions=(40, 100), timeout=30)
    screen.expect("Aucun job")
    ansible(lab, "node3", "-B", "30", "-P", "0", "-a", "/bin/sleep 2")
    screen.expect("sleep 2")
    screen.expect("0 en cours")
    screen.sendintr()
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 0


def test_the_looks_are_seen_and_the_old_is_let_go(lab):
    with Watching(lab) as watching:
        ansible(lab, "node1", "-B", "30", "-P", "1", "-a", "/bin/sleep 2")
        seen = watching.timeline()
        assert [job.label for job in seen.jobs] == ["sleep 2"]
        assert {poll.host for poll in seen.polls} == {"node1"}
        assert all(0 < poll.start < poll.end for poll in seen.polls)
        watching._window = 0.01
        assert watching.timeline().jobs == ()
