"""A machine where Ansible is not there: that is no run that failed."""

from __future__ import annotations

from labs import paths
from labs.jobs import run
from labs.jobs.command import Playbook
from labs.lab import Lab


def test_a_command_that_is_not_there_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "STATE", tmp_path / "state")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(run.sys, "executable", str(tmp_path / "python"))
    job = run.Job(Lab("sans-ansible"), Playbook(paths.PLAYBOOKS / "synchrone.yml"), lambda _: None)
    job.start()
    job.wait(60)
    assert job.status == "error"
    assert "Ansible est introuvable" in job.stdout
