"""Faults on real nodes: each does what it says, ends by itself after its time, and is undone by a reset."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager

import pytest

from labs.errors import LabError
from labs.jobs.command import AdHoc
from labs.recording import record
from labs.timeline.model import FaultKind, State

pytestmark = pytest.mark.lab


@pytest.fixture
def node(lab):
    """One node's name, and a lab that is made new after the test."""
    yield "node1"
    lab.reset()


def ssh(lab, node, command="true", patience=5):
    """A fresh connection: its return code, and how long it took."""
    port = next(state.port for state in lab.status() if state.name == node)
    began = time.monotonic()
    done = subprocess.run(
        ["ssh", "-i", lab.directory / "key", "-o", f"UserKnownHostsFile={lab.directory}/known_hosts", "-o", f"ConnectTimeout={patience}",
         "-p", str(port), "root@127.0.0.1", command],
        capture_output=True, check=False,
    )  # fmt: skip
    return done.returncode, time.monotonic() - began


def eventually(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def noted(lab):
    return lab.faults()[-1]


def test_a_cut_with_a_time_refuses_sessions_and_then_takes_them_again(lab, node):
    with session(lab, node, 60) as opened:
        lab.cut(node, 6)
        assert opened.wait(5) == 255
    assert ssh(lab, "node2")[0] == 0, "the others are not concerned"
    fault = noted(lab)
    if time.time() < fault.end - 1:  # on a machine so slow that it is over, there is nothing to see
        assert subprocess.run([*lab_ssh(lab, node), "true"], capture_output=True, check=False).returncode == 255
    eventually(lambda: ssh(lab, node)[0] == 0)
    assert time.time() >= fault.end
    assert (fault.kind, fault.end - fault.start) == ("cut", pytest.approx(6))


def test_a_patient_cut_lets_a_session_finish_its_work(lab, node):
    with session(lab, node, 2) as opened:
        began = time.time()
        fault = lab.cut(node, patience=20)
        assert opened.wait(5) == 0
    assert 1 < fault.start - began < 20


def test_patience_has_an_end(lab, node):
    with session(lab, node, 60) as opened:
        began = time.time()
        fault = lab.cut(node, patience=1)
        assert opened.wait(5) == 255
    assert fault.start - began >= 1


def test_a_patient_cut_falls_between_two_polls(lab, node):
    """Each poll would lose the node if it were cut; the job itself outlives the cut."""
    for _ in range(2):
        recording = record(lab, AdHoc.parse(f"ansible {node} -B 60 -P 1 -a '/bin/sleep 4'"))
        eventually(lambda recording=recording: recording.timeline().polls)
        lab.cut(node, patience=20)
        timeline = recording.wait(60)
        assert (timeline.status, [job.state for job in timeline.jobs]) == ("successful", [State.SUCCEEDED])


@contextmanager
def session(lab, node, seconds):
    """A session that has begun to work for that many seconds."""
    command = [*lab_ssh(lab, node), f"echo up; sleep {seconds}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as opened:
        try:
            assert opened.stdout.readline() == b"up\n", opened.stderr.read()
            yield opened
        finally:
            opened.kill()


def lab_ssh(lab, node):
    port = lab._kept()["ports"][lab.nodes.index(node)]
    known = f"UserKnownHostsFile={lab.directory}/known_hosts"
    return ["ssh", "-i", str(lab.directory / "key"), "-o", known, "-p", str(port), "root@127.0.0.1"]


def states(lab, node, command):
    """The states of the processes of a command, as ps shows them: S sleeping, T stopped."""
    return lab.execute(node, ["sh", "-c", f"ps -eo stat=,args= | grep '{command}' | grep -v grep | cut -c1"]).text.split()


def test_a_pause_stops_processes_and_lets_them_go_on(lab, node):
    lab.execute(node, ["setsid", "-f", "sleep", "61"])
    eventually(lambda: set(states(lab, node, "sleep 61")) == {"S"})
    lab.pause(node)
    assert set(states(lab, node, "sleep 61")) == {"T"}
    assert next(state.state for state in lab.status() if state.name == node) == "deaf"
    assert noted(lab).end is None
    lab.pause(node, 1)  # told anew how long: it ends then
    eventually(lambda: set(states(lab, node, "sleep 61")) == {"S"})
    eventually(lambda: ssh(lab, node)[0] == 0)


def test_a_pause_without_end_ends_with_a_reset(lab, node):
    lab.pause(node)
    lab.reset()
    assert ssh(lab, node)[0] == 0
    assert lab.faults() == []


def test_a_slow_link_delays_each_exchange(lab, node):
    plain = min(ssh(lab, node)[1] for _ in range(2))
    lab.slow(node, 0.4, 60)
    assert ssh(lab, node, patience=30)[1] > plain + 1, "a new connection takes several exchanges"
    fast = lab.execute(node, ["sh", "-c", "s=$(date +%s%N); sleep 0.1; e=$(date +%s%N); echo $(((e-s)/1000000))"]).text
    assert int(fast) < 5000, "what runs on the node is not slowed down"


def test_a_slow_link_is_quick_again_after_its_time(lab, node):
    lab.slow(node, 0.2, 1)
    eventually(lambda: lab.execute(node, ["pgrep", "-f", "^python3 -I -S -c"]).returncode == 1)
    assert set(states(lab, node, "sshd: /usr/sbin/sshd")) == {"S"}


def test_a_killed_node_comes_back_with_its_files_where_it_was(lab, node):
    port = next(state.port for state in lab.status() if state.name == node)
    lab.execute(node, ["touch", "/root/trace"])
    lab.kill(node, 1)
    eventually(lambda: all(state.state == "up" for state in lab.status()))
    assert next(state.port for state in lab.status() if state.name == node) == port
    assert ssh(lab, node)[0] == 0, "and its host key is the one that was known"
    assert lab.read(node, "/root/trace") == b""
    lab.kill(node)
    assert next(state.state for state in lab.status() if state.name == node) == "stopped"
    lab.up()
    assert ssh(lab, node)[0] == 0


def test_a_run_shows_the_faults_that_struck_it(lab, node):
    recording = record(lab, AdHoc.parse("ansible node2 -a '/bin/sleep 3'"))
    lab.slow(node, 0.1, 1)
    lab.pause(node)
    timeline = recording.wait(60)
    assert [(fault.host, fault.kind) for fault in timeline.faults] == [(node, FaultKind.SLOW), (node, FaultKind.PAUSE)]
    slow, pause = timeline.faults
    assert slow.end == pytest.approx(slow.start + 1)
    assert pause.end is None
    assert all(fault.start >= 0 for fault in timeline.faults)


def test_what_cannot_be_is_told(lab):
    with pytest.raises(LabError, match="pas de nœud"):
        lab.pause("node9")
    with pytest.raises(LabError, match="durée d'une panne"):
        lab.kill("node1", -1)
    with pytest.raises(LabError, match="retard"):
        lab.slow("node1", 60)
    assert [state.state for state in lab.status()] == ["up"] * 3
