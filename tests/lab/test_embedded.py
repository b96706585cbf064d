"""What is particular to the embedded lab: sessions of its SSH servers, what it finds again after a crash, what it says that it cannot do."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from labs import census, cli, doctor
from labs import lab as lab_module
from labs.engines import embedded, settings
from labs.engines.embedded_node import MARK
from labs.errors import LabError
from labs.image import build
from labs.lab import Lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("embarque")
        patch.setattr(lab_module, "STATE", folder)
        patch.setattr(settings, "STATE", folder)
        patch.setattr(embedded, "STORE", folder / "noeuds")
        lab = Lab("embarque")
        lab.up(2, engine="embedded")
        yield lab
        lab.down()
        assert not (folder / "noeuds").exists()


@pytest.fixture
def ssh(lab):
    def command(*words, node="node1"):
        port = next(state.port for state in lab.status() if state.name == node)
        known = f"UserKnownHostsFile={lab.directory}/known_hosts"
        return ["ssh", "-i", str(lab.directory / "key"), "-o", known, "-p", str(port), "127.0.0.1", *words]

    return command


def ask(command, data=b""):
    return subprocess.run(command, input=data, capture_output=True, check=False, timeout=30)


def until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def commands(lab, node="node1"):
    """The command lines of a node's own processes."""
    folder = str(lab.home(node).parent)
    return [" ".join(p.cmdline()) for p in psutil.process_iter() if _environ(p).get(MARK) == folder]


def _environ(process):
    try:
        return process.environ()
    except psutil.Error:
        return {}


def test_a_session_has_the_node_s_home_its_streams_and_its_exit_code(lab, ssh):
    done = ask(ssh("cd ~ && pwd && cat && echo raté >&2; exit 7"), b"donn\xe9es")
    assert (done.returncode, done.stdout, done.stderr) == (7, f"{lab.home('node1')}\n".encode() + b"donn\xe9es", "raté\n".encode())
    assert ask(ssh("kill -TERM $$")).returncode == 128 + signal.SIGTERM
    assert len(ask(ssh("head -c 3000000 /dev/zero")).stdout) == 3_000_000
    assert ask(ssh("tty")).stdout == b"not a tty\n"


@pytest.mark.parametrize("term", ["xterm", None])
def test_a_terminal_is_given_when_it_is_asked_for(ssh, monkeypatch, term):
    monkeypatch.setenv("TERM", term) if term else monkeypatch.delenv("TERM", raising=False)
    done = ask([*ssh(), "-tt", "tty; stty size; exit 4"])
    assert done.returncode == 4
    assert done.stdout.startswith(b"/dev/")


def test_a_dropped_connection_ends_its_terminal_and_what_left_it_lives_on(lab, ssh):
    script = "setsid sleep 51 </dev/null >/dev/null 2>&1 & echo la; sleep 52; touch fini"
    session = subprocess.Popen([*ssh(), "-tt", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert session.stdout.readline().strip() == b"la"
    until(lambda: {"sleep 51", "sleep 52"} <= set(commands(lab)))
    session.kill()
    session.communicate()
    until(lambda: "sleep 52" not in commands(lab))
    assert "sleep 51" in commands(lab)
    assert lab.read("node1", f"{lab.home('node1')}/fini") is None


def test_nobody_else_is_let_in(lab, ssh, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "key"], check=True)
    stranger = [str(tmp_path / "key") if word == str(lab.directory / "key") else word for word in ssh("true")]
    done = ask([*stranger[:1], "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", *stranger[1:]])
    assert done.returncode == 255
    assert b"Permission denied" in done.stderr
    assert all(node.port and _only_loopback(node.port) for node in lab.status())


def _only_loopback(port):
    addresses = {link.laddr.ip for link in psutil.net_connections("tcp") if link.laddr and link.laddr.port == port}
    return addresses == {"127.0.0.1"}


def test_files_are_sent_to_the_home_and_nowhere_else(lab, ssh, tmp_path):
    home = Path(lab.home("node1"))
    (tmp_path / "envoi").write_text("bonjour")
    batch = f"pwd\nput {tmp_path}/envoi {home}/plein\nput {tmp_path}/envoi court\nput {tmp_path}/envoi /racine\nget {tmp_path}/envoi {tmp_path}/pris\n"
    sftp = ["sftp", *(("-P" if word == "-p" else word) for word in ssh()[1:])]
    done = ask(sftp, batch.encode())
    assert f"Remote working directory: {home}" in done.stdout.decode()
    assert {file.name for file in home.iterdir() if file.read_text() == "bonjour"} == {"plein", "court", "racine"}
    assert not (tmp_path / "pris").exists()


def test_a_server_that_crashed_is_seen_and_put_right(lab):
    before = lab.status()
    pid = int((Path(lab.home("node2")).parent / "pid").read_text())
    os.kill(pid, signal.SIGKILL)
    until(lambda: [node.state for node in lab.status()] == ["up", "stopped"])
    lab.up()
    assert lab.status() == before


def test_another_program_finds_the_lab_and_gc_removes_it_when_its_folder_is_gone(lab, monkeypatch):
    monkeypatch.setattr(settings, "ENGINES", ("embedded",))
    other = Lab("autre", state=lab.directory.parent / "copie")
    other.up(1, engine="embedded")
    assert [(seen.name, seen.engine, seen.running) for seen in census.seen()] == [("autre", "embedded", 1), ("embarque", "embedded", 2)]
    (other.directory / "lab.json").unlink()
    assert [sentence for sentence in census.sweep() if "autre" in sentence]
    assert [seen.name for seen in census.seen()] == ["embarque"]
    assert [node.state for node in lab.status()] == ["up", "up"]


def test_what_it_cannot_do_is_told(lab, capsys):
    cli.up(lab.name)
    told = capsys.readouterr().out
    assert "apt" in told
    assert "isoler" in told
    with pytest.raises(LabError, match="n'a pas d'image"):
        build.containers(lab.engine)
    with pytest.raises(LabError, match=r"pas un moteur.*podman, docker, embedded"):
        lab.up(engine="qemu")


def test_doctor_explains_the_choice(monkeypatch, tmp_path):
    monkeypatch.setattr(settings, "STATE", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    findings = doctor.examine()
    assert [(finding.name, finding.found, finding.usable) for finding in findings] == [
        ("podman", False, False),
        ("docker", False, False),
        ("embedded", True, True),
    ]
    assert all(finding.command for finding in findings if not finding.usable)
    said = doctor.conclusion(findings)
    assert "tournera sur embedded" in said
    assert "apt" in said


@pytest.mark.lab
def test_a_lab_moves_from_one_engine_to_another():
    containers = settings.choose()
    lab = Lab(f"demenage-{os.getpid()}")
    with lab.owned():
        lab.up(1, engine="embedded")
        assert Lab(lab.name).engine.name == "embedded", "it is remembered"
        lab.up(engine=containers.name)
        assert [node.state for node in Lab(lab.name).status()] == ["up"]
        assert Lab(lab.name).engine.isolated
        assert embedded.Embedded().nodes(lab._label) == []
        lab.up(engine="embedded")
        assert containers.nodes(lab._label) == []
        lab.down()
