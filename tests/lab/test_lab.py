"""A lab on real containers: one life, and what can go wrong with it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time

import pytest

from labs.engines import container, settings
from labs.errors import LabError
from labs.lab import Lab
from labs.paths import ROOT

pytestmark = pytest.mark.lab


@pytest.fixture
def own_lab():
    """A lab for one test, removed by its name."""
    lab = Lab(f"vie-{os.getpid()}")
    with lab.owned():
        yield lab
        lab.down()


def ports(lab):
    return {node.name: node.port for node in lab.status()}


def containers(lab):
    return {node.name for node in lab.engine.nodes(lab._label)}


def answers(port):
    with socket.socket() as link:
        return link.connect_ex(("127.0.0.1", port)) == 0


def ansible(lab, *arguments):
    command = [str(ROOT / ".venv/bin/ansible"), "-i", str(lab.inventory), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_up_makes_nodes_that_ansible_reaches_with_host_keys_known(own_lab):
    own_lab.up(2)
    assert [node.state for node in own_lab.status()] == ["up", "up"]
    done = ansible(own_lab, "all", "-m", "ansible.builtin.ping")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("pong") == 2
    assert "StrictHostKeyChecking" not in own_lab.inventory.read_text()
    known = (own_lab.directory / "known_hosts").read_text()
    shown = own_lab.execute("node1", ["ssh-keygen", "-y", "-f", "/etc/ssh/ssh_host_ed25519_key"]).text
    assert shown.split()[1] in known


@pytest.mark.parametrize("times", [1, 2])
def test_a_new_node_that_never_answers_is_replaced_once(own_lab, monkeypatch, times):
    """Its program is killed as soon as it is created."""
    engine, killed = type(own_lab.engine), []
    create = engine.create

    def create_and_kill(self, spec, host_key):
        port = create(self, spec, host_key)
        if spec.hostname == "node2" and len(killed) < times:
            killed.append(spec.name)
            self.kill(spec.name)
        return port

    monkeypatch.setattr("labs.lab.SSH_SECONDS", 5.0)
    monkeypatch.setattr(engine, "create", create_and_kill)
    if times > 1:
        with pytest.raises(LabError, match="node2 a démarré, mais son SSH ne répond pas"):
            own_lab.up(2)
    own_lab.up(2)
    assert len(killed) == times
    assert ansible(own_lab, "all", "-m", "ansible.builtin.ping").stdout.count("pong") == 2


def test_nodes_that_are_made_side_by_side_never_share_a_port(own_lab, monkeypatch):
    """Both are offered the same one, as happens once in some thousand labs: the first node would be cut off when the second is refused it."""
    free, offered = container._free_port, []

    def offer():
        again = len(offered) == 1 and not answers(offered[0])
        offered.append(offered[0] if again else free())
        return offered[-1]

    monkeypatch.setattr(container, "_free_port", offer)
    for _ in range(2):
        offered.clear()
        own_lab.up(2)
        assert ansible(own_lab, "all", "-m", "ansible.builtin.ping").stdout.count("pong") == 2
        own_lab.down()


def test_up_twice_is_one_lab(own_lab):
    own_lab.up(2)
    before = ports(own_lab)
    own_lab.up()
    assert ports(own_lab) == before
    assert len(containers(own_lab)) == 2


def test_two_ups_at_once_are_one_lab(own_lab):
    failures = []

    def up():
        try:
            Lab(own_lab.name).up(2)
        except LabError as error:
            failures.append(error)

    threads = [threading.Thread(target=up) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(containers(own_lab)) == 2


def test_up_heals_a_stopped_a_killed_and_a_deaf_node(own_lab):
    own_lab.up(3)
    engine = own_lab.engine
    engine.run("kill", own_lab._container("node1"))
    engine.remove([own_lab._container("node2")])
    own_lab.execute("node3", ["sh", "-c", "echo 'Port 2222' > /etc/ssh/sshd_config; kill -HUP $(pgrep -o sshd)"])
    deadline = time.monotonic() + 5
    while own_lab.status()[2].state == "up" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [node.state for node in own_lab.status()] == ["stopped", "absent", "deaf"]
    own_lab.up()
    assert [node.state for node in own_lab.status()] == ["up", "up", "up"]
    assert ansible(own_lab, "all", "-m", "ansible.builtin.ping").stdout.count("pong") == 3


def test_fewer_nodes_are_asked_for(own_lab):
    own_lab.up(2)
    own_lab.up(1)
    assert own_lab.nodes == ("node1",)
    assert len(containers(own_lab)) == 1


def test_reset_leaves_no_file_and_no_job(own_lab):
    own_lab.up(1)
    assert ansible(own_lab, "all", "-B", "60", "-P", "0", "-a", "/bin/sleep 50").returncode == 0
    own_lab.execute("node1", ["touch", "/tmp/trace"])
    # A launch can return before the job's own process is there.
    seen = (own_lab.execute("node1", ["pgrep", "-f", "^/bin/sleep 50"]).returncode == 0 or time.sleep(0.1) for _ in range(100))
    assert any(seen)
    own_lab.reset()
    assert own_lab.read("node1", "/tmp/trace") is None
    assert own_lab.execute("node1", ["pgrep", "-f", "^/bin/sleep 50"]).returncode == 1


def test_down_leaves_nothing(own_lab):
    own_lab.up(1)
    network = own_lab._network
    own_lab.down()
    assert containers(own_lab) == set()
    assert network not in own_lab.engine.run("network", "ls", "--format", "{{.Name}}").text.split()
    assert not own_lab.inventory.exists()
    assert not (own_lab.directory / "key").exists()
    own_lab.down()


def test_ssh_listens_on_the_loopback_alone_and_takes_no_password(own_lab):
    own_lab.up(1)
    raw = json.loads(own_lab.engine.run("inspect", own_lab._container("node1")).stdout)[0]
    assert {binding["HostIp"] for binding in raw["NetworkSettings"]["Ports"]["22/tcp"]} == {"127.0.0.1"}
    effective = own_lab.execute("node1", ["/usr/sbin/sshd", "-T"]).text
    assert "passwordauthentication no" in effective
    assert (own_lab.directory / "key").stat().st_mode & 0o077 == 0


def test_a_cut_closes_sessions_and_is_noted(lab):
    since = time.time()
    lab.cut("node2")
    assert [(fault.host, fault.kind) for fault in lab.faults(since)] == [("node2", "cut")]
    assert ansible(lab, "node2", "-m", "ansible.builtin.ping").returncode == 0


def test_unknown_nodes_and_names_are_told_in_a_sentence(lab):
    with pytest.raises(LabError, match=r"pas de nœud « node9 ».*node1, node2, node3"):
        lab.cut("node9")
    with pytest.raises(LabError, match="pas un nom de labo"):
        Lab("../evil")
    with pytest.raises(LabError, match="de 1 à 50"):
        lab.up(51)


def test_a_stopped_node_is_told_by_name(own_lab):
    own_lab.up(1)
    own_lab.engine.run("stop", "--time=0", own_lab._container("node1"))
    with pytest.raises(LabError, match=r"nœud node1 est arrêté.*labs up"):
        own_lab.execute("node1", ["true"])


def test_a_dead_engine_is_told(monkeypatch, tmp_path):
    """The engine's program fails: what its user reads is a sentence, and the lab's files stay as they were."""
    lab = Lab("tests-panne")
    broken = tmp_path / "podman"
    broken.write_text("#!/bin/sh\necho 'Error: cannot connect to Podman' >&2\nexit 125\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(LabError, match=r"podman a refusé.*labs doctor"):
        lab.up(1)
    assert not (lab.directory / "lab.json").exists()


def test_settings_found_here_start_a_container():
    from labs.image import build

    engine = settings.choose()
    found = settings.find_working(engine.name, build.ensure(engine))
    assert found.make().complaint_of_trial(build.tag()) == ""
    assert settings.load() == found


def test_a_lab_for_now_leaves_nothing_even_when_its_work_fails():
    lab = Lab(f"passage-{os.getpid()}")

    def fail():
        with lab.for_now(1):
            assert [node.state for node in lab.status()] == ["up"]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert lab.engine.everything(lab._label) == []
    assert not lab.directory.exists()
