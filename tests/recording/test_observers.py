"""The observers of a lab outlast a run, are heard by several listeners, and never tell less for it."""

from __future__ import annotations

import time

import psutil
import pytest

from grader import nodes
from labs.evidence import observers
from labs.evidence.records import JobFile, ProcessSeen, Silence, Spoilt
from labs.evidence.watch import Watch
from labs.jobs.command import AdHoc
from labs.recording import record

pytestmark = pytest.mark.lab

OBSERVERS = "What one node does"  # the first words of the observer's source, which is on its command line


def watching(lab, node="node1"):
    """The observers that run on a node."""
    listed = lab.execute(node, ["ps", "-eo", "pid,args"]).text.splitlines()
    return [line.split()[0] for line in listed if OBSERVERS in line]


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def run(lab, line):
    return record(lab, AdHoc.parse(line), linger=0).wait(60)


@pytest.fixture
def heard():
    return []


def test_two_runs_have_the_same_observers(lab):
    run(lab, "ansible all -m ping")
    first = watching(lab)
    run(lab, "ansible all -m ping")
    assert watching(lab) == first
    assert len(first) == 1


def test_who_comes_later_is_told_what_goes_on(lab, heard):
    before = record(lab, AdHoc.parse("ansible node1 -B 60 -P 0 -a '/bin/sleep 61'"), linger=0)
    assert before.wait(60).jobs[0].command == ("/bin/sleep", "61")
    watch = Watch(lab, heard.append)
    watch.start()
    watch.stop()
    told = [seen.argv for seen in heard if isinstance(seen, ProcessSeen)]
    assert told.count(("/bin/sleep", "61")) == 1
    later = run(lab, "ansible node1 -m ping")
    assert ("/bin/sleep", "61") in [job.command for job in later.jobs], "a job of before that runs is of this story too"
    before.cancel()


def test_what_ended_is_told_before_one_stops_listening(lab, heard):
    watch = Watch(lab, heard.append)
    watch.start()
    lab.execute("node1", ["sh", "-c", "exec sleep 0.2"])
    watch.stop()
    (sleeper,) = [seen.pid for seen in heard if isinstance(seen, ProcessSeen) and seen.argv == ("sleep", "0.2")]
    assert [told.pid for told in heard if getattr(told, "end", None) and told.pid == sleeper] == [sleeper]


def test_new_nodes_have_new_observers(fresh_lab):
    run(fresh_lab, "ansible all -m ping")
    fresh_lab.reset()
    timeline = run(fresh_lab, "ansible all -m ping")
    assert (timeline.status, timeline.notes) == ("successful", ())
    assert len(timeline.jobs) == 3


def test_one_that_is_killed_is_told_to_who_listens_and_replaced_for_the_next(lab, heard):
    watch = Watch(lab, heard.append)
    watch.start()
    until(lambda: watching(lab, "node2"))
    lab.execute("node2", ["kill", "-9", *watching(lab, "node2")])
    until(lambda: any(isinstance(told, Silence) for told in heard))
    watch.stop()
    assert [told.host for told in heard if isinstance(told, Silence)] == ["node2"]
    assert run(lab, "ansible all -m ping").notes == ()


def test_nobody_listens_for_long_and_they_go(lab, monkeypatch):
    monkeypatch.setattr(observers, "KEPT", 0.5)
    run(lab, "ansible all -m ping")
    until(lambda: not watching(lab))
    assert lab.directory not in observers._kept


def test_a_recording_leaves_no_process_on_nodes_or_host(lab, monkeypatch):
    monkeypatch.setattr(observers, "KEPT", 0.1)
    before = set(psutil.Process().children(recursive=True))
    run(lab, "ansible all -m ping")
    until(lambda: lab.directory not in observers._kept)
    until(lambda: [told for told in started_since(before) if "[mux]" not in told] == [])  # an ssh connection is kept for the next run
    assert [node for node in lab.nodes if watching(lab, node)] == []


def started_since(before):
    """Each process that descends from this one and that was not there: its command line, or what is known of one that is ending."""
    for child in set(psutil.Process().children(recursive=True)) - before:
        try:
            yield " ".join(child.cmdline())
        except psutil.Error:
            yield str(child)


JOB = """
import json, os, sys, time
path = "/root/.ansible_async/j1.7"
os.makedirs(os.path.dirname(path), exist_ok=True)
for told in ({"started": 1, "finished": 0, "ansible_job_id": "j1.7"}, *map(json.loads, sys.argv[5:])):
    with open(path + ".tmp", "w") as file:
        json.dump(told, file)
    os.rename(path + ".tmp", path)
    time.sleep(1)
"""
RESULT = '{"rc": 0, "changed": true}'
WATCHDOGS = '{"msg": "Timeout exceeded", "failed": true, "child_pid": 8}'


@pytest.mark.parametrize(("over", "spoilt"), [(WATCHDOGS, []), ('{"rc": 1, "failed": true}', ["job-file"])])
def test_the_watchdogs_word_over_a_result_is_no_forgery_and_any_other_is(heard, over, spoilt):
    """A job may end by itself as its limit falls; who wrote its result over it otherwise, nobody can tell."""
    with nodes.fresh(1, walled=True) as lab:
        told = observers.Observers(lab, heard.append)
        # As a wrapper looks in the process table: its own program, then the job's number, limit and module.
        wrapper = ["python3", "/root/async_wrapper.py", "j1", "60", "module", "_", RESULT, over]
        lab.engine.execute(lab._container("node1"), ["sh", "-c", "cat > /root/async_wrapper.py"], JOB.encode())
        until(told.ask)
        lab.engine.execute(lab._container("node1"), wrapper)
        told.end()
    assert [record.result.get("rc") for record in heard if isinstance(record, JobFile)][:2] == [None, 0]
    assert [record.by for record in heard if isinstance(record, Spoilt)] == spoilt
