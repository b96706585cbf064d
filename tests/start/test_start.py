"""``./start``: what it says, what it refuses, what it never touches."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import suppress

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from labs import jupyter, setup, system
from labs.errors import LabError
from labs.paths import ROOT

TOKEN = "0123456789abcdef"


@pytest.fixture
def taken_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_help_needs_nothing():
    done = subprocess.run(["./start", "--help"], cwd=ROOT, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"})
    assert "--setup-only" in done.stdout


@pytest.fixture
def elsewhere(tmp_path):
    """A copy of ``./start`` in a folder of its own, with nothing made yet, and a PATH of a few programs."""
    (tmp_path / "kit").mkdir()
    for name in ("start", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path / "kit")
    (tmp_path / "bin").mkdir()
    for program in ("id", "dirname", "printf", "cat", "cksum"):
        (tmp_path / "bin" / program).symlink_to(f"/usr/bin/{program}")

    def start():
        return subprocess.run(
            ["/bin/sh", "./start", "--setup-only"],
            cwd=tmp_path / "kit",
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": str(tmp_path / "bin")},
        )

    return start


def test_a_machine_without_python_is_told_what_to_install(elsewhere):
    done = elsewhere()
    assert done.returncode == 2
    assert "Il faut Python 3.11, 3.12 ou 3.13" in done.stderr


def test_the_environment_that_is_there_does_not_depend_on_the_python_of_the_day(elsewhere, tmp_path):
    kit = tmp_path / "kit"
    (kit / ".venv" / "bin").mkdir(parents=True)
    python = kit / ".venv" / "bin" / "python"
    python.write_text("#!/bin/sh\n[ $1 = -V ] && echo 'Python 3.11.2' && exit\necho \"lancé : $*\"\n")
    python.chmod(0o755)
    lock = subprocess.run(["cksum"], input=(kit / "requirements.txt").read_bytes(), capture_output=True, check=True).stdout.decode().strip()
    (kit / ".venv" / "contrepoint").write_text(f"{lock} Python 3.11.2 {kit}\n")
    assert "lancé : -m labs.setup --setup-only" in elsewhere().stdout  # there is no other Python, and none is missed
    (kit / "requirements.txt").write_text("autre")
    assert "Il faut Python" in elsewhere().stderr


def test_a_busy_port_is_refused_in_a_sentence(taken_port):
    with pytest.raises(LabError, match=rf"Le port {taken_port} est déjà pris.*--port"):
        jupyter.free_port(taken_port)
    assert jupyter.free_port(None) in range(jupyter.FIRST_PORT, jupyter.LAST_PORT)


@pytest.mark.lab
def test_a_busy_port_ends_start_before_jupyter(taken_port):
    done = subprocess.run(["./start", "--no-browser", "--port", str(taken_port)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stdout
    assert f"Le port {taken_port} est déjà pris" in done.stderr
    assert "Traceback" not in done.stderr


def test_lessons_are_copied_once_and_never_overwritten(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(setup, "WORK", tmp_path / "travail")
    setup.copy_lessons()
    lesson = tmp_path / "travail/00_accueil.ipynb"
    lesson.write_text("mon travail")
    (tmp_path / "travail/01_synchrone_asynchrone.ipynb").unlink()
    setup.copy_lessons()
    assert lesson.read_text() == "mon travail"
    assert (tmp_path / "travail/01_synchrone_asynchrone.ipynb").exists()
    assert "1 copié " in capsys.readouterr().out


def test_a_copied_lesson_is_trusted_and_a_changed_one_is_not(monkeypatch, tmp_path):
    """What is not signed as ours is shown without its style."""
    monkeypatch.setattr(setup, "WORK", tmp_path / "travail")
    setup.copy_lessons()
    lesson = nbformat.read(tmp_path / "travail/00_accueil.ipynb", as_version=4)
    with NotebookNotary(data_dir=jupyter.server_environment("fr_FR.UTF-8", TOKEN)["JUPYTER_DATA_DIR"]) as notary:
        assert notary.check_signature(lesson)
        lesson.cells[-1].source = "import os"
        assert not notary.check_signature(lesson)


def test_the_server_is_on_the_loopback_and_its_token_is_not_on_the_command_line():
    options = jupyter.server_options(8888, browser=False)
    environment = jupyter.server_environment("fr_FR.UTF-8", TOKEN)
    assert "--ServerApp.ip=127.0.0.1" in options
    assert not any(TOKEN in option for option in options)
    assert environment["JUPYTER_TOKEN"] == TOKEN
    assert environment["LANG"] == "fr_FR.UTF-8"
    assert "LC_ALL" not in environment


def test_what_cannot_be_installed_is_asked_for_by_name(monkeypatch):
    monkeypatch.setattr(system, "can_install", lambda: False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(LabError, match=r"manque « mmdebstrap ».*mmdebstrap"):
        system.require("mmdebstrap")


@pytest.mark.lab
@pytest.mark.skipif(os.geteuid() != 0, reason="un petit disque de test se monte en administrateur")
def test_a_full_disk_is_told_and_nothing_is_lost(lab, tmp_path):
    """State on a disk of 64 KiB that is full: one sentence, and the lab as it was."""
    small = tmp_path / "plein"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], check=True)
    try:
        runs = lab.directory / "runs"
        runs.mkdir(exist_ok=True)
        subprocess.run(["mount", "--bind", str(small), str(runs)], check=True)
        with suppress(OSError):
            (runs / "bourrage").write_bytes(b"x" * 64 * 1024)
        command = [str(ROOT / ".venv/bin/labs"), "adhoc", "--name", lab.name, "all", "-m", "ping"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode in (1, 2)
        assert "Le disque est plein" in done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        assert [node.state for node in lab.status()] == ["up"] * 3
    finally:
        subprocess.run(["umount", str(lab.directory / "runs")], check=False)
        subprocess.run(["umount", str(small)], check=False)
