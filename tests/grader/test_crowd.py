"""How many at once, what nobody had seen end, and how long a node was left alone: on runs made by hand."""

from __future__ import annotations

from dataclasses import replace

from handmade import NODES, job, module

from grader.crowd import Crowd, busiest
from labs.evidence.records import ProcessRun
from labs.timeline.model import Poll


def work(place, start, seconds, jid="", end=None):
    """The processes of one ``/bin/sleep``, in a background job when ``jid`` is given."""
    first = 100 * place
    wrapper = ("/usr/bin/python3", "/root/.ansible/tmp/x/async_wrapper.py", jid, "60", "AnsiballZ_command.py", "_")
    parent = (ProcessRun("node1", first, 1, wrapper, start - 0.2, start + seconds + 0.1),) if jid else ()
    return (*parent, ProcessRun("node1", first + 1, first, ("/bin/sleep", str(seconds)), start, start + seconds if end is None else end))


def look(name, start, end, *, finished=False):
    return Poll("node1", name, end + 0.1, finished, start, end)


def two_jobs(story, *polls, second=4.0, shared=False):
    """``sleep 2`` from 1 s, ``sleep 3`` from ``second``; each in a job of its own, or both in one."""
    other = "j1" if shared else "j2"
    story.on("node1", *work(1, 1.0, 2, "j1"), *work(2, second, 3, other))
    jobs = [job("node1", id="j1.1", start=0.8, end=second + 3.2 if shared else 3.2)]
    if not shared:
        jobs.append(job("node1", id="j2.1", start=second - 0.2, end=second + 3.2))
    story.with_jobs(*jobs)
    story.timeline = replace(story.timeline, polls=polls)
    return story.observed.nodes["node1"]


def test_the_most_at_once_and_when():
    assert busiest([(0, 4), (1, 6), (2, 3), (7, 8)]) == Crowd(3, 2, 3)
    assert busiest([(0, 2), (2, 4)]) == Crowd(1, 0, 4)
    assert busiest([(0, 2), (1, None)]) == Crowd(2, 1, 2)
    assert busiest([(0, 3), (1, None), (2, None)]) == Crowd(3, 2, 3)
    assert busiest([(1, None)]) == Crowd(1, 1, None)
    assert busiest([]).count == 0


def test_what_an_observer_may_have_told_late_is_no_overlap(story):
    assert busiest([(0, 2.03), (2, 4)], 0.1).count == 1
    assert busiest([(0, 2.3), (2, 4)], 0.1) == Crowd(2, 2, 2.3)
    assert busiest([(0, 0.04)], 0.1).count == 1
    story.on("node1", *work(1, 1.0, 2, "j1", end=3.03), *work(2, 3.0, 2, "j1"))  # as xargs does: the next at once
    story.with_jobs(job("node1", id="j1.1", start=0.8, end=5.2))
    assert story.observed.nodes["node1"].most_at_once("/bin/sleep").count == 1


def test_a_program_is_found_whatever_its_arguments(story):
    node = two_jobs(story)
    assert [run.arguments for run in node.program("/bin/sleep")] == ["2", "3"]
    assert [run.job.id for run in node.program("sleep")] == ["j1.1", "j2.1"]
    assert node.program("/bin/true") == ()


def test_the_pauses_that_ansible_adds_are_no_executions(story):
    two_jobs(story)
    story.on("node1", ProcessRun("node1", 9, 1, ("sleep", "0"), 0.5, 0.6), *work(1, 1.0, 2))
    assert [run.arguments for run in story.observed.nodes["node1"].program("/bin/sleep")] == ["2"]


def test_a_job_to_itself_counts_until_it_ends_and_a_shared_one_does_not(story):
    assert two_jobs(story, second=3.1).most_at_once("/bin/sleep") == Crowd(2, 2.9, 3.2)
    assert two_jobs(story, second=3.1, shared=True).most_at_once("/bin/sleep").count == 1


def test_a_job_is_unseen_until_a_look_has_found_it_ended(story):
    none, first = two_jobs(story).unseen("/bin/sleep")
    assert none == ()
    assert [found.id for found in first] == ["j1.1"]
    for early in (look("j1.1", 2.0, 2.2), look("j2.1", 3.3, 3.5, finished=True), look("j1.1", 3.3, 3.9, finished=True)):
        assert two_jobs(story, early).unseen("/bin/sleep")[1]
    node = two_jobs(story, look("j1.1", 3.3, 3.5, finished=True))
    assert node.unseen("/bin/sleep") == ((), ())
    assert node.seen_ended(node.jobs[0]) == 3.5
    assert [found.id for found in node.forgotten("/bin/sleep")] == ["j2.1"]


def test_the_patience_between_two_looks_at_one_job(story):
    assert two_jobs(story).patience() is None
    looks = [look("j1.1", at, at + 0.3) for at in (1.5, 6.8, 12.0)]
    assert two_jobs(story, look("j2.1", 1.0, 1.2), *looks).patience() == 12.0 - 6.8
    story.on("node1", ProcessRun("node1", 20, 1, ("sshd: root@pts/0",), 0.1, None), module("node1", 6.8, 11.0))
    assert story.observed.nodes["node1"].patience() == 1.0, "what a look costs is no wait"


def test_a_node_at_rest_neither_works_nor_is_visited(story):
    node = two_jobs(story, second=13.5)
    assert node.at_rest("/bin/sleep", 23.0) == 8.0, "6.1 s and 2.3 s beyond the step of 4 s: of 10.1 s and 6.3 s"
    story.on("node1", ProcessRun("node1", 20, 1, ("sshd: root@pts/0",), 0.1, None), *work(1, 1.0, 2, "j1"), module("node1", 9.0, 11.0))
    story.with_jobs(job("node1", id="j1.1", start=0.8, end=3.2))
    assert story.observed.nodes["node1"].at_rest("/bin/sleep", 20.5) == 6.0, "1.8 s and 5.5 s beyond it"
    assert story.observed.nodes[NODES[1]].at_rest("/bin/true", 9.0) == 0.0


def test_a_busy_machine_lengthens_no_rest_between_two_looks_at_one_job(story):
    looks = [look("j2.1", at, at + 0.2) for at in (4.0, 5.1, 9.8)]
    assert two_jobs(story, *looks[1:]).at_rest("/bin/sleep", 9.8) == 2.0, "of 2.6 s"
    assert two_jobs(story, *looks).at_rest("/bin/sleep", 9.8) == 1.0, "what the play asked for between two other looks"
