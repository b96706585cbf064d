"""What lesson 02 says of polling, on the Ansible that is installed."""

from __future__ import annotations

from itertools import pairwise

import pytest

from grader.checks import AnswerRun
from labs.effective import effective
from labs.notebook import scenarios
from labs.notebook.commandline import CommandLine
from labs.recording import record
from labs.timeline.model import BlockKind, Mode, State

pytestmark = pytest.mark.plays

SETTING, VARIABLE = "DEFAULT_POLL_INTERVAL", "ANSIBLE_POLL_INTERVAL"


def ran(lab, line, **values):
    """The run of a command line of the lessons, to the end of its jobs."""
    recording = record(lab, CommandLine(line).command(values))
    timeline = recording.wait(90)
    assert not recording.alive
    return AnswerRun(timeline, recording.processes())


def rhythms(run):
    return [node.rhythm(node.jobs[0]) for node in run.nodes.values()]


# -- the setting --------------------------------------------------------------------------------------------------------


@pytest.fixture
def written(tmp_path):
    def under(text, **environment):
        (tmp_path / "ansible.cfg").write_text(text)
        return effective(tmp_path / "ansible.cfg", environment)

    return under


def test_the_default_is_15_seconds(written):
    setting = written("").settings[SETTING]
    assert (setting.value, setting.origin) == (15, "default")


def test_the_file_changes_it_and_the_variable_wins(written):
    assert written("[defaults]\npoll_interval = 5\n").settings[SETTING].value == 5
    setting = written("[defaults]\npoll_interval = 5\n", **{VARIABLE: "3"}).settings[SETTING]
    assert (setting.value, setting.origin) == (3, f"env: {VARIABLE}")


@pytest.mark.parametrize("value", ["5 # secondes", "5s", "2.5"])
def test_a_hash_in_the_line_is_part_of_a_value_that_must_be_a_whole_number(written, value):
    found = written(f"[defaults]\npoll_interval = {value}\n")
    assert found.settings == {}
    assert value in found.refusal


@pytest.mark.parametrize("text", ["[defaults]\npoll_interval = 5 ; secondes\n", "# secondes\n[defaults]\n; secondes\npoll_interval = 5\n"])
def test_a_semicolon_and_a_line_of_its_own_are_comments(written, text):
    assert written(text).settings[SETTING].value == 5


@pytest.mark.parametrize("text", ["[defaults]\ninternal_poll_interval = 5\n", "[default]\npoll_interval = 5\n"])
def test_what_looks_like_it_changes_nothing_and_is_not_complained_of(written, text):
    found = written(text)
    assert found.refusal == ""
    assert found.settings[SETTING].value == 15


# -- what is done with it -----------------------------------------------------------------------------------------------


@pytest.mark.lab
def test_async_alone_is_polled_every_15_seconds(lab):
    run = ran(lab, "ansible-playbook playbooks/sans_poll.yml -e duree={d}", d=1)
    assert all(15 <= rhythm.first <= 17 and rhythm.seen == 1 for rhythm in rhythms(run)), "a wait is never shorter than what was asked"
    assert all(job.mode is Mode.POLLED for job in run.timeline.jobs)


@pytest.mark.lab
def test_the_variable_counts_for_a_task_that_says_nothing(lab):
    run = ran(lab, "ANSIBLE_POLL_INTERVAL={P} ansible-playbook playbooks/sans_poll.yml -e duree={d}", d=1, P=3)
    assert all(3 <= rhythm.first <= 4 for rhythm in rhythms(run))


@pytest.mark.lab
def test_the_task_wins_and_each_look_is_a_module_run_on_the_node_with_nothing_in_between(lab):
    run = ran(lab, "ANSIBLE_POLL_INTERVAL=15 ansible-playbook playbooks/asynchrone.yml -e duree={d} -e sondage={P}", d=3, P=2)
    assert all(2 <= rhythm.first <= 3 for rhythm in rhythms(run)), "a wait without any visit, as long as asked"
    for host, node in run.nodes.items():
        looks = [p for p in run.processes if p.host == host and any("AnsiballZ_async_status" in word for word in p.argv)]
        assert len(looks) >= len(node.polls) >= 1
    reports = [task for task in run.timeline.tasks if task.action == "file"]
    assert reports[0].start >= max(job.detected for job in run.timeline.jobs if job.mode is Mode.POLLED) - 0.1


@pytest.mark.lab
def test_poll_0_goes_on_at_once_and_nobody_learns_the_end(lab):
    run = ran(lab, "ansible-playbook playbooks/sans_attendre.yml -e duree={d}", d=8)
    jobs = [job for job in run.timeline.jobs if job.mode is Mode.DETACHED]
    assert len(jobs) == 3
    assert run.timeline.polls == ()
    assert all(job.state is State.SUCCEEDED and job.detected is None for job in jobs)
    reports = [block for block in run.timeline.blocks if block.kind is BlockKind.SYNC]
    assert len(reports) == 3
    assert all(report.start < job.end for report in reports for job in jobs if job.host == report.host)
    assert run.timeline.controller_end < max(job.end for job in jobs)


@pytest.mark.lab
def test_poll_without_async_is_synchronous(lab):
    run = ran(lab, "ansible-playbook playbooks/poll_seul.yml -e duree={d}", d=1)
    assert [job.mode for job in run.timeline.jobs] == [Mode.SYNC] * 3
    assert run.timeline.polls == ()


@pytest.mark.lab
def test_a_node_that_is_polled_keeps_its_fork(lab):
    run = ran(lab, "ansible all -f 1 -B 30 -P {P} -a '/bin/sleep {d}'", d=1, P=1)
    spans = sorted((job.start, job.detected) for job in run.timeline.jobs)
    assert len(spans) == 3
    assert all(following[0] >= before[1] for before, following in pairwise(spans))


@pytest.mark.parametrize(
    ("d", "interval", "late"), [(8, 5, 2), (7, 5, 3), (6, 5, 4), (10, 5, 0), (9, 4, 3), (8, 9, 1), (4, 3, 2), (1, 15, 14)]
)
def test_the_formula(d, interval, late):
    assert scenarios.detection_delay(d, interval) == late
    assert 0 <= late < interval
