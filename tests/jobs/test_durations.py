"""What a lab remembers of how long commands took."""

from __future__ import annotations

from pathlib import Path

import pytest

from labs.jobs import durations
from labs.jobs.command import AdHoc, Playbook


class FakeLab:
    def __init__(self, directory: Path, nodes=("node1", "node2")) -> None:
        self.directory, self.nodes = directory, nodes


SLEEP = AdHoc.parse("ansible all -a '/bin/sleep 5'")


@pytest.fixture
def lab(tmp_path):
    return FakeLab(tmp_path)


def test_the_last_duration_of_the_same_command(lab):
    assert durations.last(lab, SLEEP) is None
    durations.keep(lab, SLEEP, 6.5)
    durations.keep(lab, SLEEP, 6.254)
    assert durations.last(lab, SLEEP) == 6.25
    assert durations.last(lab, AdHoc.parse("ansible all -a '/bin/sleep 6'")) is None
    assert durations.last(FakeLab(lab.directory, ("node1",)), SLEEP) is None, "fewer nodes is another matter"


def test_an_edited_playbook_is_another_command(lab, tmp_path):
    path = tmp_path / "play.yml"
    path.write_text("- hosts: all\n")
    durations.keep(lab, Playbook(path), 3.0)
    assert durations.last(lab, Playbook(path)) == 3.0
    path.write_text("- hosts: node1\n")
    assert durations.last(lab, Playbook(path)) is None


def test_a_spoilt_file_is_as_good_as_none(lab):
    for text in ("{", "[1]", '{"a": "b"}', "3"):
        (lab.directory / durations.FILE).write_text(text)
        assert durations.last(lab, SLEEP) is None
    durations.keep(lab, SLEEP, 1.0)
    assert durations.last(lab, SLEEP) == 1.0


def test_the_oldest_are_forgotten(lab, monkeypatch):
    monkeypatch.setattr(durations, "MOST", 2)
    commands = [AdHoc("all", arguments=f"/bin/sleep {n}") for n in range(3)]
    for command in commands:
        durations.keep(lab, command, 1.0)
    assert [durations.last(lab, command) for command in commands] == [None, 1.0, 1.0]


def test_where_nothing_can_be_written_no_run_fails(tmp_path):
    durations.keep(FakeLab(tmp_path / "gone"), SLEEP, 1.0)
