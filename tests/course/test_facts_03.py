"""What lesson 03 says of Ansible, on the core that is installed: ad hoc options, the answer's fields, jids, job files."""

from __future__ import annotations

import json
import time

import pytest

from labs.jobs.command import AdHoc
from labs.notebook import jobfiles
from labs.notebook.answers import answers
from labs.recording import record
from labs.timeline.model import Mode, Outcome

pytestmark = pytest.mark.lab

DEFAULT_POLL = 15  # seconds
GATE = "/tmp/faits-03"


def run(lab, line, linger=0.0):
    """A command to its end: the nodes' answers by name, and the run."""
    recording = record(lab, AdHoc.parse(line), linger=linger)
    timeline = recording.wait()
    return {answer.host: answer for answer in answers(recording.stdout)}, timeline


def ask(lab, node, jid, more=""):
    found, timeline = run(lab, f"ansible {node} -m ansible.builtin.async_status -a 'jid={jid}{more}'")
    return found if node == "all" else found[node], timeline


def content(lab, answer):
    read = lab.read(answer.host, str(lab.home(answer.host) / jobfiles.FOLDER / answer.jid))
    return None if read is None else json.loads(read)


def await_result(lab, answer):
    """The job's file once it holds a result; the job is let go for it."""
    lab.execute(answer.host, ["touch", GATE])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = content(lab, answer)
        if found is not None and "finished" not in found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"{answer.jid} never ended")


@pytest.fixture(scope="module")
def alone(lab):
    """``-B`` without ``-P``, started first: fifteen seconds go by while the other facts are looked at."""
    return record(lab, AdHoc.parse("ansible node3 -B 60 -a /bin/true"))


@pytest.fixture(scope="module")
def launched(lab, alone):
    """Three jobs just detached; each runs until it is let go, however slow the machine."""
    for node in lab.nodes:
        lab.execute(node, ["rm", "-f", GATE])
    found, timeline = run(lab, f"ansible all -B 300 -P 0 -m shell -a 'until test -e {GATE}; do sleep 0.1; done'")
    assert timeline.status == "successful"
    return found


def test_a_launch_answers_five_fields_and_a_jid_for_each_node(launched):
    assert len({answer.jid for answer in launched.values()}) == 3
    for answer in launched.values():
        assert answer.word == "CHANGED"
        assert answer.fields == {
            "ansible_job_id": answer.jid,
            "changed": True,
            "finished": False,
            "results_file": f"/root/.ansible_async/{answer.jid}",
            "started": True,
        }
        assert answer.fields["finished"] is False  # False == 0, and 0 is what older versions said
        assert answer.fields["started"] is True


def test_the_file_of_a_job_that_runs_says_so_and_no_more(lab, launched):
    first = content(lab, launched["node1"])
    assert first == {"started": True, "finished": False, "ansible_job_id": launched["node1"].jid}


def test_a_jid_belongs_to_one_node(lab, launched):
    found, timeline = ask(lab, "all", launched["node1"].jid)
    assert timeline.status == "failed"
    assert {host: answer.failed for host, answer in found.items()} == {"node1": False, "node2": True, "node3": True}
    assert found["node1"].word == "SUCCESS"
    assert found["node1"].fields["finished"] is False
    for host in ("node2", "node3"):
        assert found[host].fields["msg"] == "could not find job"
        assert found[host].fields["finished"] is True
    assert [block.outcome for block in timeline.blocks if block.host == "node2"] == [Outcome.FAILED]


def test_cleanup_erases_the_file_of_a_job_that_runs_on_and_writes_it_again(lab, launched):
    mine = launched["node2"]
    answer, _ = ask(lab, "node2", mine.jid, " mode=cleanup")
    assert answer.fields["erased"] == mine.fields["results_file"]
    assert answer.fields["finished"] is False, "whatever the job does"
    assert content(lab, mine) is None
    assert await_result(lab, mine)["rc"] == 0, "it came back, with the result of a job that nothing had stopped"


def test_a_result_is_the_commands_own_and_async_status_adds_to_it(lab, launched):
    mine = launched["node1"]
    written = await_result(lab, mine)
    assert not written.keys() & {"finished", "started", "ansible_job_id"}
    answer, _ = ask(lab, "node1", mine.jid)
    assert answer.word == "CHANGED"
    assert answer.fields["finished"] is True
    assert answer.fields["rc"] == 0
    assert answer.fields["delta"] == written["delta"]
    assert content(lab, mine) == written, "reading changes nothing, and with -P 0 nobody erases"

    answer, _ = ask(lab, "node1", mine.jid, " mode=cleanup")
    assert answer.fields["finished"] is False, "a cleanup does not tell"
    assert content(lab, mine) is None
    answer, timeline = ask(lab, "node1", mine.jid)
    assert answer.fields["msg"] == "could not find job"
    assert timeline.status == "failed"


def test_cmd_in_front_makes_every_job_fail_though_the_launch_looks_fine(lab):
    found, timeline = run(lab, "ansible node1 -B 30 -P 0 -a 'cmd=\"/bin/sleep 1\"'")
    assert timeline.status == "successful"
    assert found["node1"].word == "CHANGED"
    assert await_result(lab, found["node1"])["rc"] == 2
    answer, _ = ask(lab, "node1", found["node1"].jid)
    assert answer.failed


def test_without_b_the_option_p_is_ignored(lab):
    found, timeline = run(lab, "ansible node1 -P 0 -a '/bin/sleep 1'")
    assert found["node1"].fields == {"rc": 0}
    assert [job.mode for job in timeline.on("node1") if job.command] == [Mode.SYNC]


def test_b_alone_polls_every_fifteen_seconds_and_erases_the_file(lab, alone):
    timeline = alone.wait()
    (job,) = [job for job in timeline.on("node3") if job.mode is Mode.POLLED]
    assert timeline.controller_end - job.launched > DEFAULT_POLL
    assert lab.read("node3", str(lab.home("node3") / jobfiles.FOLDER / job.id)) is None


def test_the_number_after_the_point_is_a_process_of_the_node(lab):
    recording = record(lab, AdHoc.parse("ansible node1 -B 30 -P 0 -a /bin/true"), linger=5)
    recording.wait()
    (answer,) = answers(recording.stdout)
    name, _, pid = answer.jid.rpartition(".")
    (process,) = [process for process in recording.processes() if process.host == "node1" and process.pid == int(pid)]
    assert any("async_wrapper" in argument for argument in process.argv)
    assert name in process.argv
