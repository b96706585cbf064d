"""The other kinds of answers, on a real node."""

from __future__ import annotations

import pytest
from handmade import write_exercise

from grader import catalog
from grader.run import grade

HINTS = {"orient": "a", "point": "b", "show": "c"}


def exercise(tmp_path, kind, checks, **more):
    data = {
        "id": "essai",
        "title": "Essai",
        "kind": kind,
        "statement": "Essayez.",
        "lab": {"nodes": 1},
        "checks": [{"id": f"point-{n}", "title": "Un point", "that": that, "points": 1, "success_msg": "oui", "fail_msg": "non", "hints": HINTS}
                   for n, that in enumerate(checks)],
    } | more  # fmt: skip
    folder = write_exercise(tmp_path / "exercices", data)
    return folder, lambda: catalog.find("essai", tmp_path / "exercices")


def given(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text)
    return file


@pytest.mark.lab
def test_a_command_line(tmp_path):
    _, found = exercise(tmp_path, "adhoc", ["nodes['node1'].commands('sleep 3') | length == 1", "nodes['node1'].jobs[0].limit == 20"])
    report = grade(found(), given(tmp_path, "answer.txt", "# sans attendre\nansible all -B 20 -P 0 -a '/bin/sleep 3'\n")).report
    assert (report.status, report.score) == ("graded", 2), report


def test_a_command_line_that_ansible_would_refuse_starts_no_lab(tmp_path):
    _, found = exercise(tmp_path, "adhoc", ["timeline.status == 'successful'"])
    report = grade(found(), given(tmp_path, "answer.txt", "ansible all -B vite --nimporte\n")).report
    assert (report.status, report.score) == ("error", None)
    report = grade(found(), given(tmp_path, "answer.txt", "ansible all -m ping\nansible all -m ping\n")).report
    assert "2 commandes" in report.message


@pytest.mark.lab
def test_a_configuration_and_parameters(tmp_path):
    checks = ["nodes['node1'].commands('sleep ' ~ parameters.duree) | length == 1", "nodes['node1'].jobs[0].mode == 'polled'"]
    checks += ["timeline.controller_end < 12"]  # with the default interval of 15 s, it is more than 15
    folder, found = exercise(tmp_path, "config", checks, playbook="play.yml", parameters={"duree": 1})
    (folder / "play.yml").write_text("- hosts: all\n  gather_facts: false\n  tasks:\n  - command: /bin/sleep {{ duree }}\n    async: 40\n")
    report = grade(found(), given(tmp_path, "ansible.cfg", "[defaults]\npoll_interval = 2\n")).report
    assert (report.status, report.score) == ("graded", 3), report
