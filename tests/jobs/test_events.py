"""What ansible-runner's events carry on the installed core, row by row: the course teaches it and the recorder stands on it."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

import ansible_runner
import pytest

from labs.jobs.events import HostEnded, Launched, Polled, typed

pytestmark = pytest.mark.lab

PLAY = """
- hosts: node1
  gather_facts: false
  tasks:
    - name: Synchrone
      ansible.builtin.command: /bin/sleep 1
    - name: Sondé
      ansible.builtin.command: /bin/sleep 3
      async: 20
      poll: 1
    - name: Lancé
      ansible.builtin.command: "/bin/sleep {{ item }}"
      async: 20
      poll: 0
      loop: [4, 6]
      register: lances
    - name: Attendu
      ansible.builtin.async_status:
        jid: "{{ item.ansible_job_id }}"
      loop: "{{ lances.results }}"
      register: etats
      until: etats is finished
      delay: 1
      retries: 15
    - name: Échoué
      ansible.builtin.shell: /bin/sleep 1; exit 3
      async: 20
      poll: 1
      ignore_errors: true
"""


def run(lab, folder, **what):
    raw = []
    folder.mkdir(exist_ok=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ansible_runner.run(
        private_data_dir=str(folder),
        inventory=str(lab.inventory),
        event_handler=lambda event: raw.append(event) or False,
        suppress_env_files=True,
        quiet=True,
        envvars={"PATH": path},
        settings={"suppress_ansible_output": True},
        **what,
    )
    return raw


@pytest.fixture(scope="module")
def raw(lab, tmp_path_factory):
    folder = tmp_path_factory.mktemp("events")
    (folder / "play.yml").write_text(PLAY)
    return run(lab, folder / "data", playbook=str(folder / "play.yml"))


def named(raw, event, task=None):
    return [e["event_data"] for e in raw if e["event"] == event and (task is None or e["event_data"].get("task") == task)]


def test_a_host_s_start_tells_its_moment_alone(raw):
    for data in named(raw, "runner_on_start"):
        assert not {"start", "end", "res"} & data.keys()
    assert all(datetime.fromisoformat(e["created"]).tzinfo for e in raw if e["event"] == "runner_on_start")


def test_polls_carry_the_jid_and_a_task_id_of_their_own(raw):
    polls = named(raw, "runner_on_async_poll")
    known = {data["task_uuid"] for data in named(raw, "playbook_on_task_start")}
    assert polls
    for data in polls:
        assert data["jid"].startswith("j")
        assert (data["res"]["started"], data["res"]["finished"]) == (True, False)
        assert data["task_uuid"] not in known


def test_the_poll_that_finds_the_end_is_no_poll_event(raw):
    (ok,) = named(raw, "runner_on_async_ok", "Sondé")
    assert ok["jid"] == ok["res"]["ansible_job_id"]
    assert all(not data["res"]["finished"] for data in named(raw, "runner_on_async_poll"))
    (failed,) = named(raw, "runner_on_async_failed", "Échoué")
    assert failed["res"]["rc"] == 3


def test_nothing_tells_when_a_polled_job_was_launched(raw):
    about = [e for e in raw if e["event_data"].get("task") == "Sondé" and e["event"] not in {"playbook_on_task_start", "runner_on_start"}]
    assert {e["event"] for e in about} == {"runner_on_async_ok", "runner_on_ok"}


def test_results_have_the_controller_s_times(raw):
    for data in named(raw, "runner_on_ok"):
        assert datetime.fromisoformat(data["end"]) >= datetime.fromisoformat(data["start"])
        assert data["duration"] >= 0


def test_a_retry_counts_its_attempts(raw):
    retries = named(raw, "runner_retry", "Attendu")
    assert retries
    assert all(data["res"]["attempts"] >= 1 for data in retries)


def test_started_and_finished_are_booleans(raw):
    told = [e["event_data"]["res"] for e in raw if "finished" in (e["event_data"].get("res") or {})]
    assert told
    assert all(isinstance(res["finished"], bool) and isinstance(res["started"], bool) for res in told)


def test_what_the_typed_events_make_of_it(raw):
    events = [event for e in raw for event in typed(e)]
    launched = [event for event in events if isinstance(event, Launched)]
    assert [event.item for event in launched] == ["4", "6"]
    finishing = {event.jid for event in events if isinstance(event, Polled) and event.finished and event.waited_by_status}
    assert finishing == {event.jid for event in launched}
    outcomes = [event.outcome for event in events if isinstance(event, HostEnded)]
    assert outcomes == ["ok", "ok", "ok", "ok", "failed"]


def test_an_ad_hoc_command_has_no_task_start(lab, tmp_path):
    raw = run(lab, tmp_path, module="command", module_args="/bin/sleep 2", host_pattern="node1", cmdline="-B 20 -P 1")
    assert named(raw, "playbook_on_task_start") == []
    assert named(raw, "runner_on_start")
    assert named(raw, "runner_on_async_ok")
