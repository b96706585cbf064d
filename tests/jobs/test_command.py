from __future__ import annotations

from pathlib import Path

import pytest

from labs.errors import LabError
from labs.jobs.command import AdHoc, Playbook, poll_interval


def test_a_line_is_read_as_ansible_would():
    command = AdHoc.parse("ansible all -B 60 -P 0 -m shell -a 'sleep 3; echo fini' --forks 2")
    assert command == AdHoc("all", "shell", "sleep 3; echo fini", ("-B", "60", "-P", "0", "--forks", "2"))


@pytest.mark.parametrize(
    "line",
    [
        "ansible all -m ping",
        "all -m ping",
        "ansible all -i inventory/inventory.yml -m ping",
        "ansible -m ping all",
    ],
)
def test_the_inventory_and_the_word_ansible_do_not_matter(line):
    assert AdHoc.parse(line) == AdHoc("all", "ping")


def test_options_glued_to_their_value():
    assert AdHoc.parse("ansible all -B60 --poll=0 -a id").options == ("-B", "60", "--poll", "0")


def test_flags_and_repeated_options_are_kept_in_order():
    assert AdHoc.parse("ansible all -b -vv -e a=1 -e b=2 -a id").options == ("-b", "-v", "-v", "-e", "a=1", "-e", "b=2")


def test_the_line_is_what_one_would_type():
    assert AdHoc.parse("ansible all -B 60 -a '/bin/sleep 5'").line == "ansible all -a '/bin/sleep 5' -B 60"
    assert Playbook(Path("/x/a.yml"), {"duree": 8}).line == "ansible-playbook a.yml -e duree=8"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ansible", "pattern"),
        ("ansible all -B", "-B"),
        ("ansible all --nope", "nope"),
        ("ansible all -a 'sleep", "n’est pas refermé"),
    ],
)
def test_a_wrong_line_is_told(line, told):
    with pytest.raises(LabError, match=told):
        AdHoc.parse(line)


@pytest.mark.parametrize(
    ("line", "interval"),
    [
        ("ansible all -B 30 -P 2 -a x", 2.0),
        ("ansible all -B 30 --poll=7 -a x", 7.0),
        ("ansible all -B 30 -P3 -a x", 3.0),
        ("ansible all -B 30 -a x", None),
    ],
)
def test_the_poll_interval_that_a_command_says(line, interval):
    assert poll_interval(AdHoc.parse(line)) == interval
    assert poll_interval(Playbook(Path("p.yml"), options=("-P", "2"))) is None
