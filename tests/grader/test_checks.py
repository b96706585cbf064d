"""What a check sees of a run, on runs made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from handmade import NODES, background, job, module

from grader.checks import NodeFile
from labs.evidence.records import ProcessRun
from labs.timeline.model import Block, BlockKind, Outcome, Poll, State


def commands(story, text, host="node1"):
    return story.observed.nodes[host].commands(text)


def test_a_command_is_its_program_and_its_arguments(story):
    assert len(commands(story, "/bin/sleep 8")) == 1
    assert len(commands(story, "sleep 8")) == 1
    assert commands(story, "/bin/sleep 9") == ()
    assert commands(story, "/bin/sleep") == ()


def test_a_shell_that_speaks_of_a_command_does_not_run_it(story):
    story.on("node1", ProcessRun("node1", 5, 1, ("/bin/sh", "-c", "/bin/sleep 8"), 1.0, 9.0))
    assert commands(story, "/bin/sleep 8") == ()


def test_a_run_knows_the_job_that_it_ran_in(story):
    assert commands(story, "/bin/sleep 8")[0].job == job("node1")
    story.on("node2", ProcessRun("node2", 5, 1, ("sleep", "8"), 1.0, 9.0))
    assert commands(story, "/bin/sleep 8", "node2")[0].job is None


def test_a_process_number_that_serves_twice_does_not_confuse_families(story):
    later = ProcessRun("node1", 33, 1, ("/bin/sh", "-c", "autre chose"), 40.0, None)
    orphan = ProcessRun("node1", 90, 33, ("/bin/sleep", "8"), 41.0, None)
    story.on("node1", *background("node1"), later, orphan)
    inside, outside = commands(story, "/bin/sleep 8")
    assert inside.job is not None
    assert outside.job is None
    assert outside.duration is None


def test_what_only_events_tell_is_shown_to_no_check(story):
    claim = job("node1", start=None, end=None, id="j99.1", state=State.UNCONFIRMED)
    story.with_jobs(*story.timeline.jobs, claim)
    context = story.observed.context
    assert claim not in context["timeline"].jobs
    assert claim not in context["nodes"]["node1"].jobs
    assert len(context["timeline"].jobs) == len(NODES)


def test_a_visit_is_a_module_in_the_controllers_session(story):
    node = story.observed.nodes["node1"]
    assert node.visited_after(9.1)
    assert not node.visited_after(10.5)
    story.on("node1", *background("node1", end=12.0))  # the job's own python lives on, and visits nobody
    assert not story.observed.nodes["node1"].visited_after(9.1)
    story.on("node1", *background("node1"), module("node1", 3.0, 9.0))
    assert not story.observed.nodes["node1"].visited_after(9.1)


def test_unreachable_is_what_the_controller_met_last(story):
    lost = Block("node2", "t1", BlockKind.SYNC, 1.0, 4.0, Outcome.UNREACHABLE)
    story.timeline = replace(story.timeline, blocks=(lost, Block("node2", "t2", BlockKind.LOCAL, 4.0, 4.1, Outcome.OK)))
    assert story.observed.nodes["node2"].unreachable  # a debug task reaches nobody
    assert not story.observed.nodes["node1"].unreachable
    again = Block("node2", "t3", BlockKind.SYNC, 5.0, 6.0, Outcome.OK)
    story.timeline = replace(story.timeline, blocks=(lost, again))
    assert not story.observed.nodes["node2"].unreachable


def test_files_and_their_moments(story):
    story.files["node3"] = {"/tmp/termine": None}
    nodes = story.observed.nodes
    assert nodes["node1"].files["/tmp/termine"] == "fini\n"
    assert nodes["node1"].modified["/tmp/termine"] == 9.05
    assert nodes["node3"].files["/tmp/termine"] is None
    assert nodes["node3"].modified["/tmp/termine"] is None
    assert NodeFile("", 1.0).content == ""


@pytest.mark.parametrize(("end", "believed"), [(9.0, True), (9.1, False), (None, False)])
def test_a_look_cannot_have_found_what_its_node_had_not_ended(story, end, believed):
    poll = Poll("node1", "j77.30", 8.9, finished=True, start=8.7, end=8.9)
    story.with_jobs(job("node1", end=end, state=State.SUCCEEDED if end else State.RUNNING))
    story.timeline = replace(story.timeline, polls=(poll,))
    assert [look.finished for look in story.observed.nodes["node1"].polls] == [believed]
