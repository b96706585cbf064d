"""What lesson 04 says of Ansible, pinned on the installed core (docs/faits.md). Judged by order, overlap and count."""

from __future__ import annotations

import json

import pytest
from ansible.playbook.task import Task

from labs.jobs.command import AdHoc, Playbook
from labs.recording import record
from labs.timeline.model import Outcome, State

pytestmark = pytest.mark.lab

ASK = """
      ansible.builtin.async_status:
        jid: "{{ job.ansible_job_id }}"
      register: state
      until: state is finished
      retries: 40
      delay: 1
"""


@pytest.fixture(scope="module")
def nodes(lab):
    """The nodes as new, once for all the facts."""
    lab.reset()
    return lab


def play(lab, folder, tasks, hosts="all", linger=30.0, **options):
    """A play of these tasks, run to its end and that of its jobs."""
    path = folder / "play.yml"
    path.write_text(f"- hosts: {hosts}\n  gather_facts: false\n  become_method: ansible.builtin.su\n{tasks}")
    recording = record(lab, Playbook(path, **options), linger=linger)
    timeline = recording.wait(120)
    assert not recording.alive, recording.stdout
    return timeline, recording


def kept(lab, node, name):
    """What a task of the play wrote of a registered result."""
    return json.loads(lab.read(node, f"/tmp/{name}.json"))


def keep(variable, name):
    return f"""
    - ansible.builtin.copy:
        content: "{{{{ {variable} | to_json }}}}"
        dest: /tmp/{name}.json
        mode: "0644"
"""


THREE_ENDS = f"""
  vars:
    work:
      node1: /bin/sleep 2
      node2: /bin/sleep 1; exit 3
      node3: for n in $(seq 20); do echo $n >> /tmp/journal; /bin/sleep 1; done
  tasks:
    - ansible.builtin.shell: "{{{{ work[inventory_hostname] }}}}"
      async: 10
      poll: 0
      register: job
{keep("job", "launch")}
    - name: Once
      ansible.builtin.async_status:
        jid: "{{{{ job.ansible_job_id }}}}"
      register: once
      failed_when: false
    - name: Cleared
{ASK}
      failed_when: false
{keep("{'failed': state is failed, 'result': state}", "cleared")}
    - name: Ignored
{ASK}
      ignore_errors: true
{keep("{'failed': state is failed, 'result': state}", "ignored")}
    - block:
        - ansible.builtin.async_status:
            jid: "{{{{ job.ansible_job_id }}}}"
      rescue:
        - ansible.builtin.file:
            path: /tmp/rescued
            state: touch
            mode: "0644"
"""


@pytest.fixture(scope="module")
def three_ends(nodes, tmp_path_factory):
    return play(nodes, tmp_path_factory.mktemp("ends"), THREE_ENDS)


def test_a_launch_succeeds_whatever_the_job_becomes_and_each_node_has_its_number(nodes, three_ends):
    launches = [kept(nodes, node, "launch") for node in nodes.nodes]
    assert all((launch["started"], launch["finished"], launch["changed"]) == (True, False, True) for launch in launches)
    assert len({launch["ansible_job_id"] for launch in launches}) == 3


def test_three_ends_have_three_answers(nodes, three_ends):
    good, bad, stopped = (kept(nodes, node, "ignored")["result"] for node in nodes.nodes)
    assert all(result["finished"] is True for result in (good, bad, stopped))
    assert (good["rc"], good["failed"]) == (0, False)
    assert (bad["rc"], bad["failed"]) == (3, True)
    assert "non-zero return code" in bad["msg"]  # alone on core 2.19, in a sentence on 2.21
    assert "rc" not in stopped
    assert (stopped["failed"], stopped["msg"]) == (True, "Timeout exceeded")


def test_failed_when_false_hides_the_failure_and_ignore_errors_does_not(nodes, three_ends):
    assert [kept(nodes, node, "cleared")["failed"] for node in nodes.nodes] == [False, False, False]
    assert [kept(nodes, node, "ignored")["failed"] for node in nodes.nodes] == [False, True, True]
    assert kept(nodes, "node2", "cleared")["result"]["rc"] == 3


def test_rescue_runs_where_the_job_failed_and_mends_the_play(nodes, three_ends):
    timeline, _ = three_ends
    assert [nodes.read(node, "/tmp/rescued") is not None for node in nodes.nodes] == [False, True, True]
    assert timeline.status == "successful"


def test_a_job_stopped_by_its_limit_leaves_its_work_and_its_file(nodes, three_ends):
    timeline, _ = three_ends
    (job,) = [job for job in timeline.on("node3") if job.limit]
    assert job.state in {State.TIMED_OUT, State.ORPHANED}
    assert len(nodes.read("node3", "/tmp/journal").split()) >= 2
    assert json.loads(nodes.read("node3", f"/root/.ansible_async/{job.id}"))["msg"] == "Timeout exceeded"


def test_async_status_without_until_asks_once_and_a_running_job_is_no_failure(three_ends):
    timeline, recording = three_ends
    (once,) = [task for task in timeline.tasks if task.name == "Once"]
    assert all(sum(once.start <= poll.noticed <= once.end for poll in timeline.polls if poll.host == host) == 1 for host in timeline.hosts)
    assert "FAILED - RETRYING" in recording.stdout, "« not yet » is told so, of jobs that run"


def test_a_failed_job_takes_its_node_out_and_leaves_the_others_in(nodes, tmp_path):
    tasks = f"""
  tasks:
    - ansible.builtin.shell: "{{{{ '/aucune/commande' if inventory_hostname == 'node2' else '/bin/sleep 3' }}}}"
      async: 60
      poll: 0
      register: job
    - name: Wait
{ASK}
    - ansible.builtin.file:
        path: /tmp/after
        state: touch
        mode: "0644"
"""
    timeline, _ = play(nodes, tmp_path, tasks)
    assert [nodes.read(node, "/tmp/after") is not None for node in nodes.nodes] == [True, False, True]
    gone = max(block.end for block in timeline.blocks if block.host == "node2")
    assert gone < max(block.end for block in timeline.blocks if block.host == "node1"), "its retries are not used up"


def test_the_limit_is_exact_up_to_five_seconds_and_comes_in_steps_of_five_above(nodes, tmp_path):
    tasks = """
  vars:
    limits: {node1: [3, 5], node2: [6, 7], node3: [10, 11]}
  tasks:
    - ansible.builtin.command: /bin/sleep 25
      loop: "{{ limits[inventory_hostname] }}"
      async: "{{ item }}"
      poll: 0
"""
    timeline, _ = play(nodes, tmp_path, tasks, linger=40)
    lasted = {int(job.limit): job.end - job.launched for job in timeline.jobs if job.state is not State.ORPHANED}
    due = {3: 3, 5: 5, 6: 10, 7: 10, 10: 10, 11: 15}
    assert len(lasted) >= 4
    assert all(due[limit] - 0.3 <= seconds for limit, seconds in lasted.items()), lasted
    assert all(seconds < due[limit] + 4.5 for limit, seconds in lasted.items()), lasted


def test_the_controller_gives_up_and_the_job_runs_on(nodes, tmp_path):
    """node1: too few polls. node2: too few retries."""
    tasks = """
  strategy: free
  tasks:
    - ansible.builtin.shell: /bin/sleep 8 && echo fini > /tmp/polled
      async: 6
      poll: 6
      when: inventory_hostname == 'node1'
    - ansible.builtin.shell: /bin/sleep 14 && echo fini > /tmp/asked
      async: 60
      poll: 0
      register: job
      when: inventory_hostname == 'node2'
    - name: Ask
      ansible.builtin.async_status:
        jid: "{{ job.ansible_job_id }}"
      register: state
      until: state is finished
      retries: 2
      delay: 1
      failed_when: state.finished
      when: inventory_hostname == 'node2'
    - ansible.builtin.copy:
        content: "{{ state | to_json }}"
        dest: /tmp/state.json
        mode: "0644"
      when: inventory_hostname == 'node2'
"""
    for _ in range(3):  # a node too slow to begin its job in time spoils the run: another
        timeline, recording = play(nodes, tmp_path, tasks, hosts="node1,node2")
        (polled,) = [block for block in timeline.blocks if block.host == "node1" and block.outcome is not Outcome.SKIPPED]
        if polled.outcome is Outcome.FAILED and polled.message != "Timeout exceeded":
            break
    assert timeline.status == "failed"
    assert polled.message.startswith(
        ("async task did not complete within the requested time - 6s", "async task produced unparsable results")
    )
    assert nodes.read("node1", "/tmp/polled") == b"fini\n"
    assert kept(nodes, "node2", "state")["finished"] is False
    assert recording.stdout.count("Ask (") == 2, "two retries are told, and the last answer ends the task"
    assert len([poll for poll in timeline.polls if poll.host == "node2"]) == 3
    assert nodes.read("node2", "/tmp/asked") == b"fini\n"
    assert {job.state for job in timeline.jobs if job.limit} == {State.SUCCEEDED}


def test_without_retries_or_delay_there_are_three_more_questions_five_seconds_apart(nodes, tmp_path):
    assert Task().delay == 5
    tasks = """
  tasks:
    - name: Never
      ansible.builtin.ping:
      register: pong
      until: false
      delay: 0
      ignore_errors: true
"""
    _, recording = play(nodes, tmp_path, tasks, hosts="node1")
    assert recording.stdout.count("Never (") == 3


def test_apt_in_the_background_tells_what_changed_when_it_is_waited_for(nodes, tmp_path):
    tasks = f"""
  tasks:
    - ansible.builtin.apt: {{name: tree}}
      async: 120
      poll: 0
      register: job
{keep("job", "launch")}
    - name: Wait
{ASK}
      notify: Told
{keep("state", "first")}
    - ansible.builtin.apt: {{name: tree}}
      async: 120
      poll: 0
      register: job
{keep("job", "again")}
    - name: Wait again
{ASK}
{keep("state", "second")}
  handlers:
    - name: Told
      ansible.builtin.file:
        path: /tmp/told
        state: touch
        mode: "0644"
"""
    timeline, _ = play(nodes, tmp_path, tasks, hosts="node3")
    assert timeline.status == "successful"
    told = {name: kept(nodes, "node3", name)["changed"] for name in ("launch", "first", "again", "second")}
    assert told == {"launch": True, "first": True, "again": True, "second": False}
    assert nodes.read("node3", "/tmp/told") is not None
    assert nodes.read("node3", "/usr/bin/tree") is not None


def test_check_mode_launches_the_job_and_the_module_does_nothing(nodes, tmp_path):
    tasks = f"""
  tasks:
    - ansible.builtin.command: /bin/sleep 20
      async: 60
      poll: 0
      register: job
    - name: Wait
{ASK}
    - ansible.builtin.apt: {{name: bc}}
      async: 60
      poll: 2
"""
    timeline, recording = play(nodes, tmp_path, tasks, hosts="node1", options=("--check", "-v"))
    assert timeline.status == "successful"
    assert {job.module for job in timeline.jobs if job.limit} == {"command", "apt"}
    assert all(job.command == () for job in timeline.jobs), "no sleep was started"
    assert "skipping: [node1] => " in recording.stdout
    assert "changed: [node1]" in recording.stdout, "apt foresees its change"
    assert nodes.read("node1", "/usr/bin/bc") is None


def test_async_status_needs_the_become_of_the_launch(nodes, tmp_path):
    tasks = f"""
  tasks:
    - ansible.builtin.user: {{name: ouvrier}}
    - ansible.builtin.command: /bin/sleep 3
      async: 60
      poll: 0
      become: true
      become_user: ouvrier
      register: job
    - ansible.builtin.async_status: {{jid: "{{{{ job.ansible_job_id }}}}"}}
      register: elsewhere
      failed_when: false
{keep("elsewhere", "elsewhere")}
    - name: Wait
      become: true
      become_user: ouvrier
{ASK}
"""
    timeline, _ = play(nodes, tmp_path, tasks, hosts="node2")
    told = kept(nodes, "node2", "elsewhere")
    assert (told["msg"], told["finished"]) == ("could not find job", True)
    assert told["results_file"].startswith("/root/.ansible_async/")
    (job,) = [job for job in timeline.jobs if job.limit]
    assert job.state is State.SUCCEEDED
    assert nodes.read("node2", f"/home/ouvrier/.ansible_async/{job.id}") is not None


def test_a_launch_that_nobody_waits_for_hides_its_failure(nodes):
    recording = record(nodes, AdHoc.parse("ansible node1 -B 30 -P 0 -a /aucune/commande"))
    timeline = recording.wait(60)
    assert timeline.status == "successful"
    assert timeline.jobs[-1].state is State.FAILED
