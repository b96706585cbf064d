"""The moment of a fault: late enough, never on a poll's own session, and never missed in silence."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from handmade import background, module

from grader import faults
from grader.faults import Injector
from grader.spec import Fault
from labs.errors import LabError
from labs.evidence.records import ProcessRun
from labs.faults.journal import FaultRecord
from labs.timeline.model import Block, BlockKind, Outcome

CUT = Fault(kind="cut", node="node2", after=3, command="/bin/sleep 8")


class Link:
    """Stands where the lab stands, and notes the cuts that are asked of it."""

    def __init__(self):
        self.cuts = []

    def cut(self, node, *, patience):
        self.cuts.append((node, patience))
        return FaultRecord(node, "cut", time.time(), time.time())


@pytest.fixture
def link():
    return Link()


@pytest.fixture
def clock(monkeypatch):
    """The run's clock, moved by hand."""

    class Clock:
        now = 0.0

    monkeypatch.setattr(time, "time", lambda: Clock.now)
    return Clock


def living(processes):
    return tuple(replace(process, end=None) for process in processes)


def job_alone():
    """A job that runs in the background, the launch's session being over."""
    sshd, launcher, *rest = background("node2")
    return (replace(sshd, end=None), launcher, *living(rest))


def sync_command():
    return (ProcessRun("node2", 20, 1, ("sshd: root@pts/0",), 0.2, None), ProcessRun("node2", 34, 20, ("/bin/sleep", "8"), 1.0, None))


def test_nothing_before_its_moment(link, clock):
    injector = Injector(link, (CUT,), 0.0)
    for clock.now in (0.5, 2.0, 3.9):
        injector.tick(sync_command())
    assert link.cuts == []


def test_a_command_in_its_session_is_cut_at_once_and_once(link, clock):
    injector = Injector(link, (CUT,), 0.0)
    for clock.now in (4.0, 4.1, 4.2):
        injector.tick(sync_command())
    assert link.cuts == [("node2", 0.0)]


def test_beside_a_background_job_the_fault_waits_for_a_calm_moment(link, clock):
    injector = Injector(link, (CUT,), 0.0)
    for clock.now in (4.0, 4.1):
        injector.tick((*job_alone(), module("node2", 3.9, None)))
    assert link.cuts == [("node2", faults.PATIENCE)]


def test_a_fault_done_in_time_is_settled(link, clock):
    injector = Injector(link, (CUT,), 0.0)
    clock.now = 4.1
    injector.tick(sync_command())
    injector.settle(replace(process, end=4.2) for process in sync_command())
    assert link.cuts == [("node2", 0.0)]


def test_a_fault_that_came_too_late_leaves_nothing_to_judge(link, clock):
    injector = Injector(link, (CUT,), 0.0)
    clock.now = 20.0
    injector.tick(job_alone())
    with pytest.raises(LabError, match="n'a pas pu être faite pendant"):
        injector.settle(background("node2"))


def test_a_fault_never_done_leaves_nothing_to_judge(link):
    with pytest.raises(LabError, match="n'a pas pu être faite pendant"):
        Injector(link, (CUT,), 0.0).settle(background("node2"))


@pytest.mark.parametrize("processes", [(), background("node1"), background("node2", end=5.9)])
def test_a_command_that_never_ran_or_died_by_itself_is_the_answers_affair(link, processes):
    Injector(link, (CUT,), 0.0).settle(processes)
    assert link.cuts == []


def lost(story, host):
    """The controller could not reach this host at some moment."""
    block = Block(host, "t2", BlockKind.STATUS, 4.0, 5.0, Outcome.UNREACHABLE)
    story.timeline = replace(story.timeline, blocks=(*story.timeline.blocks, block))
    return story.observed


def test_a_cut_that_fell_on_a_short_visit_is_known(story):
    assert not faults.fell_on_a_visit(story.observed, (CUT,))
    assert faults.fell_on_a_visit(lost(story, "node2"), (CUT,))


def test_a_cut_that_struck_the_work_itself_is_no_chance(story):
    story.on("node2", *sync_command())
    assert not faults.fell_on_a_visit(lost(story, "node2"), (CUT,))


def test_a_node_lost_for_another_reason_is_no_chance(story):
    assert not faults.fell_on_a_visit(lost(story, "node3"), (CUT,))
