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


@pytest.mark.lab
def test_several_command_lines_are_as_many_runs_on_nodes_prepared_first(tmp_path):
    checks = [
        "runs | length == 2",
        "runs[1].command == \"ansible all -m shell -a '/bin/sleep 1; touch /tmp/apres'\"",
        "runs[0].nodes['node1'].commands('sleep 2') | length == 1 and runs[1].nodes['node1'].commands('sleep 1') | length == 1",
        "timeline.controller_end == runs[0].timeline.controller_end",
        "runs[0].nodes['node1'].files['/tmp/apres'] is none and runs[1].nodes['node1'].files['/tmp/apres'] is not none",
        "nodes['node1'].files['/tmp/avant'] == '7 et 7' and nodes['node1'].modified['/tmp/avant'] < 0",
    ]
    lab = {"nodes": 1, "prepare": "avant.yml", "commands": [1, 2], "files": ["/tmp/avant", "/tmp/apres"]}
    folder, found = exercise(tmp_path, "adhoc", checks, lab=lab, drawn={"n": [7, 8]})
    task = 'ansible.builtin.copy: {content: "[[ n ]] et {{ n }}", dest: /tmp/avant}'
    (folder / "avant.yml").write_text(f"- hosts: all\n  gather_facts: false\n  tasks:\n  - {task}\n")
    answer = given(
        tmp_path, "answer.txt", "ansible all -B 20 -P 0 -a '/bin/sleep 2'\nansible all -m shell -a '/bin/sleep 1; touch /tmp/apres'\n"
    )
    result = grade(found(), answer)
    assert (result.report.status, result.report.score) == ("graded", len(checks)), result.report
    assert len(result.timelines) == 2


@pytest.mark.lab
def test_a_playbook_run_twice_and_a_preparation_that_fails(tmp_path):
    checks = [
        "runs[0].timeline.jobs | length == 1",
        "runs[1].timeline.jobs | length == 1",
        "runs[1].nodes['node1'].files['/tmp/deux'] == 'x\\nx\\n'",
    ]
    folder, found = exercise(tmp_path, "playbook", checks, lab={"nodes": 1, "runs": 2, "files": ["/tmp/deux"]})
    play = "- hosts: all\n  gather_facts: false\n  tasks:\n  - {}\n"
    answer = given(tmp_path, "answer.yml", play.format("shell: echo x >> /tmp/deux"))
    report = grade(found(), answer).report
    assert (report.status, report.score) == ("graded", 3), report
    folder, found = exercise(tmp_path, "playbook", checks, lab={"nodes": 1, "prepare": "avant.yml"})
    (folder / "avant.yml").write_text(play.format("command: /bin/false"))
    report = grade(found(), answer).report
    assert (report.status, report.score) == ("error", None)
    assert "La préparation des nœuds (avant.yml) a échoué" in report.message
