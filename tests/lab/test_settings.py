"""Which engine is chosen, and what is said where there is none; the engines' programs are stood for by scripts that fail as theirs do."""

from __future__ import annotations

from pathlib import Path

import pytest

from labs import setup, system
from labs.engines import embedded, settings
from labs.errors import LabError


@pytest.fixture
def bare_machine(monkeypatch, tmp_path):
    """No engine on the PATH, nothing remembered, nothing that may be installed. Gives the folder of its programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(settings, "STATE", tmp_path / "state")
    monkeypatch.setattr(system, "can_install", lambda: False)
    return programs


def program(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_machine_without_containers_has_the_embedded_lab_and_is_told_so(bare_machine, capsys):
    assert setup.ensure_engine().name == "embedded"
    assert "labo embarqué fera l’affaire" in capsys.readouterr().out


def test_a_machine_without_any_engine_is_told_the_one_command_that_helps(bare_machine, monkeypatch):
    monkeypatch.setattr(embedded, "find_spec", lambda _: None)
    with pytest.raises(LabError, match=r"Aucun moteur de labo.*apt-get install podman"):
        setup.ensure_engine()


def test_where_no_container_starts_and_nothing_may_be_installed_the_embedded_lab_does(bare_machine, capsys):
    """The next ./start tries again: what was missing may be there."""
    program(
        bare_machine, "podman", "[ $1 = version ] && echo 5.0 && exit; echo 'Error: newuidmap: not found' >&2; [ $1 = image ] || exit 126"
    )
    engine = setup.ensure_image(setup.ensure_engine())
    assert engine.name == "embedded"
    assert "sudo apt-get install uidmap" in capsys.readouterr().out
    assert settings.choose().name == "embedded"
    assert setup.ensure_engine().name == "podman"


def test_podman_is_preferred_to_docker(bare_machine):
    program(bare_machine, "podman", "echo 5.0")
    program(bare_machine, "docker", "echo 28.0")
    assert settings.first_usable().engine == "podman"


def test_docker_is_taken_where_podman_does_not_answer(bare_machine):
    program(bare_machine, "podman", "echo 'cannot talk' >&2; exit 125")
    program(bare_machine, "docker", "echo 28.0")
    assert settings.first_usable().engine == "docker"


def test_a_remembered_engine_that_is_gone_is_forgotten(bare_machine):
    settings.save(settings.Settings("docker", "", settings.LOW_LIMITS))
    program(bare_machine, "podman", "echo 5.0")
    assert setup.ensure_engine().name == "podman"
    assert settings.load() is None


def test_what_is_remembered_is_what_was_found(bare_machine):
    found = settings.Settings("podman", "runc", settings.LOW_LIMITS)
    settings.save(found)
    assert settings.load() == found
    configuration = found.make().environment["CONTAINERS_CONF"]
    assert (
        Path(configuration).read_text()
        == '[engine]\nruntime = "runc"\n[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n'
    )


def test_limits_are_low_where_only_walls_need_it(bare_machine):
    """Podman leaves the machine's own limits alone until one is named: then it asks for its defaults of the others, which may be too high."""
    refusal = (
        "case \"$*\" in *ulimit=nofile*) ;; *ulimit=*) echo 'Error: setting rlimit type 7: operation not permitted' >&2; exit 126;; esac"
    )
    program(bare_machine, "podman", f"[ $1 = build ] && echo 0123\n{refusal}")
    assert settings.find_working("podman", "image").ulimits == settings.LOW_LIMITS


def test_no_runtime_that_starts_is_told(bare_machine):
    program(bare_machine, "podman", "echo 'Error: cgroups in hybrid mode not supported' >&2; exit 126")
    with pytest.raises(settings.NothingStartsError, match=r"aucun conteneur ne démarre.*hybrid"):
        settings.find_working("podman", "image")
    assert settings.load() is None
