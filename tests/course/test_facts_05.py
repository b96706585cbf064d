"""What lesson 05 says of batches, pinned on the installed core (docs/faits.md). Judged by order, overlap and count."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from ansible.playbook.task import Task

from labs import paths
from labs.jobs.command import Playbook
from labs.notebook import scenarios
from labs.recording import record
from labs.timeline import metrics
from labs.timeline.model import State
from labs.timeline.simulate import simulate

pytestmark = pytest.mark.plays

LESSON = (paths.NOTEBOOKS / "sources" / "05_lots.md").read_text(encoding="utf-8")
DURATIONS = (1, 2, 3, 4, 5)


# -- what needs no lab: the controller alone ----------------------------------------------------------------------------


def ansible(folder, tasks, *options, included=""):
    """A play of these tasks on the controller itself; what it wrote on both its outputs, and its return code."""
    play = folder / "play.yml"
    play.write_text(f"- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n{tasks}", encoding="utf-8")
    (folder / "included.yml").write_text(included, encoding="utf-8")
    tool = Path(sys.executable).parent / "ansible-playbook"
    kept = os.environ | {"ANSIBLE_ASYNC_DIR": str(folder / "jobs"), "ANSIBLE_NOCOLOR": "1"}
    own = ["-e", f"ansible_python_interpreter={sys.executable}"]
    done = subprocess.run(
        [tool, "-i", "localhost,", play, *own, *options], check=False, capture_output=True, text=True, env=kept, timeout=120
    )
    return done.stdout + done.stderr, done.returncode


def test_batch_cuts_a_list_and_a_loop_takes_it_as_it_is(tmp_path):
    tasks = """
    - ansible.builtin.include_tasks: included.yml
      loop: "{{ [1, 2, 3, 4, 5] | batch(2) }}"
      loop_control:
        loop_var: current_batch
"""
    included = '- ansible.builtin.debug:\n    msg: "lot {{ current_batch | to_json }}"\n'
    said, code = ansible(tmp_path, tasks, included=included)
    assert code == 0, said
    assert re.findall(r"lot (\[.*?\])", said) == ["[1, 2]", "[3, 4]", "[5]"]


def test_a_block_takes_no_loop(tmp_path):
    tasks = """
    - loop: [1, 2]
      block:
        - ansible.builtin.debug:
"""
    said, code = ansible(tmp_path, tasks, "--syntax-check")
    assert code != 0
    assert "loop" in said
    assert "Block" in said


@pytest.mark.parametrize(("control", "warned"), [("", True), ("loop_control: {loop_var: lot}", False)])
def test_two_loops_of_one_name_are_warned_of(tmp_path, control, warned):
    name = "item" if warned else "lot"
    tasks = f"""
    - ansible.builtin.include_tasks: included.yml
      loop: [[1, 2], [3]]
      {control}
"""
    included = f'- ansible.builtin.debug:\n    msg: "{{{{ item }}}}"\n  loop: "{{{{ {name} }}}}"\n'
    said, code = ansible(tmp_path, tasks, included=included)
    assert code == 0, said
    assert ("already in use" in " ".join(said.split())) is warned


def test_register_over_a_loop_keeps_one_answer_a_turn_under_the_name_of_the_loop(tmp_path):
    tasks = """
    - ansible.builtin.command:
        argv: [/bin/sleep, "{{ duration }}"]
      loop: [0.1, 0.2]
      loop_control: {loop_var: duration}
      async: 20
      poll: 0
      register: launched
    - ansible.builtin.copy:
        content: "{{ launched | to_json }}"
        dest: "{{ playbook_dir }}/launched.json"
        mode: "0600"
    - ansible.builtin.async_status:
        jid: "{{ launch.ansible_job_id }}"
      loop: "{{ launched.results }}"
      loop_control: {loop_var: launch, label: "job of {{ launch.duration }}"}
      register: status
      until: status is finished
      retries: 20
      delay: 1
"""
    said, code = ansible(tmp_path, tasks)
    assert code == 0, said
    results = json.loads((tmp_path / "launched.json").read_text(encoding="utf-8"))["results"]
    assert [answer["duration"] for answer in results] == [0.1, 0.2]
    assert len({answer["ansible_job_id"] for answer in results}) == 2
    assert all(answer["started"] == 1 and answer["finished"] == 0 for answer in results)
    assert "job of 0.1" in said
    assert "'ansible_job_id'" not in said, "the label takes the place of the whole answer"


def test_the_defaults_of_a_repeated_task():
    assert Task.fattributes["delay"].default == 5


def test_the_ideals_of_the_lesson():
    assert [metrics.barrier(DURATIONS, size) for size in (1, 2, 3, 4, 5)] == [15, 11, 8, 9, 5]
    assert metrics.one_by_one(DURATIONS) == 15
    assert metrics.window(DURATIONS, 2) == 9
    assert metrics.all_at_once(DURATIONS) == 5
    assert metrics.barrier(sorted(DURATIONS, reverse=True), 2) == 9
    assert metrics.barrier((3, 8, 2, 6), 2) == 14
    assert metrics.window((3, 8, 2, 6), 2) == 11
    assert metrics.barrier((2, 4, 6, 8, 10), 2) == 22
    assert metrics.window((2, 4, 6, 8, 10), 2) == 18
    assert metrics.barrier((6, 7, 6, 7, 7), 2) == 21


@pytest.mark.parametrize("delay", [1, 5])
def test_with_jobs_of_minutes_what_ansible_costs_fades_away(delay):
    minutes = tuple(60 * duration for duration in DURATIONS)
    simulated = simulate(scenarios.named("lots").plan({"n": 2, "D": delay}, minutes), ("node1", "node2", "node3"), connected=True)
    assert {job.state for job in simulated.jobs} == {State.SUCCEEDED}
    assert metrics.barrier(minutes, 2) < metrics.makespan(simulated) < 1.03 * metrics.barrier(minutes, 2)


@pytest.mark.parametrize("name", ["batch_control.yml", "execute_batch.yml"])
def test_the_playbooks_in_the_text_are_those_that_run(name):
    shown = [yaml.safe_load(fence) for fence in re.findall(r"^```yaml\n((?:#|- name:) .*?)^```", LESSON, re.DOTALL | re.MULTILINE)]
    assert yaml.safe_load((paths.PLAYBOOKS / name).read_text(encoding="utf-8")) in shown


# -- what nodes show ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nodes(lab):
    """The nodes as new, once for all the facts."""
    lab.reset()
    return lab


def ran(lab, path, **variables):
    recording = record(lab, Playbook(path, extra_vars=variables), linger=15)
    timeline = recording.wait(200)
    assert not recording.alive, recording.stdout
    return timeline


def in_order(timeline, host):
    return sorted(timeline.on(host), key=lambda job: job.start)


@pytest.mark.lab
def test_a_polled_loop_runs_its_jobs_one_by_one(nodes):
    timeline = ran(nodes, paths.PLAYBOOKS / "boucle_sondee.yml", durations=[1, 2], sondage=1)
    for host in timeline.hosts:
        first, second = in_order(timeline, host)
        assert first.end < second.start
        assert first.detected < second.start


@pytest.mark.lab
def test_the_default_delay_holds_a_batch_for_five_seconds(nodes):
    """Two at once at most, a barrier between batches; a first question at once, the next 5 s later; a job that has ended is asked once."""
    timeline = ran(nodes, paths.PLAYBOOKS / "batch_control.yml", durations=[2, 3, 1], status_delay=5)
    assert timeline.status == "successful"
    for host in timeline.hosts:
        one, two, three = in_order(timeline, host)
        assert two.start < one.detected, "launched together"
        assert max(one.end, two.end) <= max(one.detected, two.detected) < three.start, "a barrier"
        looks = {
            job.id: sorted(poll.noticed for poll in timeline.polls if poll.host == host and poll.job == job.id) for job in (one, two, three)
        }
        for moments in looks.values():
            assert all(later - sooner > 4.9 for sooner, later in pairwise(moments))
        assert looks[one.id][0] < one.start + 5 or len(looks[one.id]) == 1, "the first question comes at once"
        if one.detected > two.end:
            assert len(looks[two.id]) == 1


FAILING = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.include_tasks: batch.yml
      loop: "{{ [[1, 'fails'], [2]] }}"
      loop_control: {loop_var: current_batch}
"""
BATCH = """
- ansible.builtin.shell: "{{ 'exit ' ~ (3 if inventory_hostname == 'node2' else 0) if work == 'fails' else '/bin/sleep ' ~ work }}"
  loop: "{{ current_batch }}"
  loop_control: {loop_var: work}
  async: 30
  poll: 0
  register: launched
- ansible.builtin.async_status:
    jid: "{{ launch.ansible_job_id }}"
  loop: "{{ launched.results }}"
  loop_control: {loop_var: launch}
  register: status
  until: status is finished
  retries: 30
  delay: 1
"""


@pytest.mark.lab
def test_a_job_that_fails_keeps_the_next_batch_from_its_node_alone(nodes, tmp_path):
    (tmp_path / "play.yml").write_text(FAILING, encoding="utf-8")
    (tmp_path / "batch.yml").write_text(BATCH, encoding="utf-8")
    timeline = ran(nodes, tmp_path / "play.yml")
    assert {host: len(timeline.on(host)) for host in timeline.hosts} == {"node1": 3, "node2": 2, "node3": 3}
    assert {job.state for job in timeline.on("node2")} == {State.SUCCEEDED, State.FAILED}
