"""The recorder on facts fed by hand: what must hold whatever the order in which the two sides speak."""

from __future__ import annotations

import itertools

import pytest

from labs.evidence.records import Beat, JobFile, ProcessEnded, ProcessSeen, Silence, Spoilt
from labs.jobs.events import HostEnded, HostStarted, ItemEnded, Launched, Polled, TaskStarted
from labs.timeline.jobs_seen import EVIDENCE_LAG
from labs.timeline.model import BlockKind, Mode, State
from labs.timeline.record import Recorder

T0 = 1_800_000_000.0
TMP = "/root/.ansible/tmp/run/ansible-tmp-1-2-3"
PYTHON = "/usr/bin/python3"


def wrapper(pid, ppid, start, stem="j42", limit="60"):
    return ProcessSeen("node1", pid, ppid, T0 + start, (PYTHON, f"{TMP}/async_wrapper.py", stem, limit, f"{TMP}/AnsiballZ_command.py", "_"))


def module(pid, ppid, start, name="command"):
    return ProcessSeen("node1", pid, ppid, T0 + start, (PYTHON, f"{TMP}/AnsiballZ_{name}.py"))


def program(pid, ppid, start, *argv):
    return ProcessSeen("node1", pid, ppid, T0 + start, argv)


def ended(pid, at):
    return ProcessEnded("node1", pid, T0 + at)


def started(action="command", task="t1", at=0.5):
    return [TaskStarted(T0 + at, task, "Tâche", action), HostStarted(T0 + at, "node1", task, "Tâche", action)]


# An async job: the wrapper forks three times, its module runs `sleep 3`, its file tells the end.
ASYNC = [
    wrapper(68, 67, 1.0),
    wrapper(71, 1, 1.1),
    wrapper(72, 71, 1.1),
    module(73, 72, 1.2),
    program(75, 73, 1.3, "/bin/sleep", "3"),
    JobFile("node1", "j42.68", T0 + 1.15, {"started": True, "finished": False}),
    ended(68, 1.4),
    ended(75, 4.3),
    ended(73, 4.35),
    JobFile("node1", "j42.68", T0 + 4.36, {"rc": 0, "changed": True}),
    ended(72, 4.4),
]
POLLED = [
    *started(),
    Polled(T0 + 2.5, "node1", "", "j42.68", finished=False, waited_by_status=False),
    Polled(T0 + 4.9, "node1", "t1", "j42.68", finished=True, waited_by_status=False),
    HostEnded(T0 + 4.91, "node1", "t1", "ok", "", 0),
]


def recorded(facts, *, now=10.0, over=True):
    recorder = Recorder("essai", ["node1"], T0)
    for fact in facts:
        if hasattr(fact, "task") or isinstance(fact, TaskStarted | Polled | Launched):
            recorder.event(fact)
        else:
            recorder.observe(fact)
    return recorder.timeline(T0 + now, controller_end=T0 + 5.0 if over else None)


def only_job(timeline):
    (job,) = timeline.jobs
    return job


def seconds(value):
    return pytest.approx(value, abs=0.001)


def test_an_async_job_has_its_times_from_the_node_and_its_detection_from_the_controller():
    job = only_job(recorded([*ASYNC, *POLLED]))
    assert (job.id, job.mode, job.label, job.limit, job.state, job.rc) == ("j42.68", Mode.POLLED, "sleep 3", 60.0, State.SUCCEEDED, 0)
    assert (job.launched, job.start, job.end, job.detected) == (seconds(1.0), seconds(1.2), seconds(4.36), seconds(4.9))


def test_a_synchronous_loop_learns_of_each_turn_at_its_own_end():
    facts = [*started(), module(80, 79, 1.0), ended(80, 2.0), ItemEnded(T0 + 2.2, "node1", "t1")]
    facts += [module(90, 89, 2.8), ended(90, 3.9), ItemEnded(T0 + 4.1, "node1", "t1"), HostEnded(T0 + 4.2, "node1", "t1", "ok", "", None)]
    assert [job.detected for job in recorded(facts).jobs] == [seconds(2.2), seconds(4.1)]
    assert recorded(facts[:3], over=False).jobs[0].detected is None


def test_who_speaks_first_does_not_matter():
    expected = recorded([*ASYNC, *POLLED])
    for mixed in (POLLED + ASYNC, list(itertools.chain.from_iterable(itertools.zip_longest(ASYNC, POLLED)))):
        assert recorded([fact for fact in mixed if fact]) == expected


def test_every_prefix_of_a_run_gives_a_timeline():
    facts = sorted(
        [*ASYNC, *POLLED],
        key=lambda fact: getattr(fact, "at", None) or getattr(fact, "start", None) or getattr(fact, "end", None) or fact.mtime,
    )
    for count in range(len(facts) + 1):
        recorded(facts[:count], over=False)


def test_before_any_event_names_it_a_job_belongs_to_the_task_its_host_is_busy_with():
    job = only_job(recorded([*started(), *ASYNC[:6]], now=2.0, over=False))
    assert (job.task, job.mode, job.state, job.end) == ("t1", Mode.POLLED, State.RUNNING, None)


def test_a_launch_makes_a_detached_job_with_its_item_for_want_of_a_program():
    facts = [*started(), Launched(T0 + 1.5, "node1", "t1", "j42.68", "trois"), HostEnded(T0 + 1.6, "node1", "t1", "ok", "", None)]
    timeline = recorded([*facts, *(fact for fact in ASYNC if getattr(fact, "pid", 0) != 75)])
    assert (only_job(timeline).mode, only_job(timeline).label) == (Mode.DETACHED, "trois")
    assert timeline.blocks[0].kind is BlockKind.LAUNCH


def test_what_others_have_written_is_in_one_line_and_commands_no_terminal():
    named = TaskStarted(T0 + 0.5, "t1", "Une tâche\n\x1b[2Jdeux", "shell")
    launched = Launched(T0 + 1.5, "node1", "t1", "j42.68", "un\x07\ndeux")
    facts = [named, HostStarted(T0 + 0.5, "node1", "t1", named.name, "shell"), launched]
    timeline = recorded([*facts, *(fact for fact in ASYNC if getattr(fact, "pid", 0) != 75)])
    assert timeline.tasks[0].name == "Une tâche [2Jdeux"
    assert only_job(timeline).label == "un deux"
    refused = HostEnded(T0 + 1.6, "node1", "t1", "failed", "rien\n\x1b[2Jà faire", 1)
    assert recorded([*facts, refused]).blocks[0].message == "rien [2Jà faire"
    shell = program(75, 73, 1.3, "/bin/sh", "-c", "/bin/sleep 3 &\nsleep 1\nwait\n")
    timeline = recorded([*facts, *(shell if getattr(fact, "pid", 0) == 75 and isinstance(fact, ProcessSeen) else fact for fact in ASYNC)])
    assert only_job(timeline).label == "/bin/sleep 3 & sleep 1 wait"


def test_a_launched_job_is_starting_until_its_node_shows_its_program():
    recorder = Recorder("essai", ["node1"], T0)
    for fact in started():
        recorder.event(fact)
    assert not recorder.starting(T0 + 1.4)
    recorder.event(Launched(T0 + 1.5, "node1", "t1", "j42.68", ""))
    assert recorder.starting(T0 + 1.6)
    recorder.observe(wrapper(68, 1, 1.2))
    recorder.observe(module(70, 68, 1.6))
    assert recorder.starting(T0 + 1.7)
    recorder.observe(program(71, 70, 1.9, "/bin/sleep", "2"))
    assert not recorder.starting(T0 + 2.0)


def test_a_launch_that_no_node_shows_is_not_waited_for_long():
    recorder = Recorder("essai", ["node1"], T0)
    for fact in (*started(), Launched(T0 + 1.5, "node1", "t1", "j9.9", "")):
        recorder.event(fact)
    assert recorder.starting(T0 + 1.6)
    assert not recorder.starting(T0 + 1.5 + EVIDENCE_LAG + 0.1)


def test_the_limit_is_told_from_a_kill():
    killed = [*ASYNC[:7], ended(75, 3.0), ended(73, 3.0), ended(72, 3.0)]
    assert only_job(recorded(killed)).state is State.KILLED
    overdue = [wrapper(68, 67, 1.0, limit="2"), wrapper(71, 1, 1.1, limit="2"), wrapper(72, 71, 1.1, limit="2"), module(73, 72, 1.2)]
    overdue += [ended(68, 1.4), ended(73, 3.3), ended(72, 3.3)]
    assert only_job(recorded(overdue)).state is State.TIMED_OUT, "the watchdog is alive: its word is a second away"
    told = JobFile("node1", "j42.68", T0 + 4.3, {"msg": "Timeout exceeded", "failed": True, "child_pid": 72})
    job = only_job(recorded([*overdue, told, ended(71, 4.4)]))
    assert (job.state, job.end) == (State.TIMED_OUT, seconds(3.3))


def test_a_job_that_ends_on_its_limit_has_ended_by_itself():
    """The watchdog does not see that what it kills has just left its result, and a second later writes its own word over it."""
    told = JobFile("node1", "j42.68", T0 + 4.36, {"rc": 3, "failed": True})
    late = JobFile("node1", "j42.68", T0 + 5.4, {"msg": "Timeout exceeded", "failed": True, "child_pid": 72})
    job = only_job(recorded([*ASYNC[:-2], told, late]))
    assert (job.state, job.rc, job.end) == (State.FAILED, 3, seconds(4.36))


def test_what_outlives_the_word_of_the_watchdog_is_an_orphan():
    told = JobFile("node1", "j42.68", T0 + 4.3, {"msg": "Timeout exceeded", "failed": True, "child_pid": 72})
    facts = [*ASYNC[:7], ended(73, 3.3), ended(72, 3.3), told, ended(71, 4.4)]
    job = only_job(recorded(facts))
    assert (job.state, job.end) == (State.ORPHANED, None)
    job = only_job(recorded([*facts, ended(75, 7.0)]))
    assert (job.state, job.end) == (State.ORPHANED, seconds(7.0))


def test_a_failed_job_has_its_exit_code():
    job = only_job(recorded([*ASYNC[:-2], JobFile("node1", "j42.68", T0 + 4.36, {"rc": 3, "failed": True})]))
    assert (job.state, job.rc) == (State.FAILED, 3)


def test_the_watchdog_of_a_job_of_before_is_no_job():
    assert recorded([wrapper(71, 1, -6.0), JobFile("node1", "j42.68", T0 - 2.0, {"rc": 0})]).jobs == ()
    assert recorded([wrapper(71, 1, -6.0)]).jobs == ()


def test_what_the_watchdog_of_a_job_of_before_still_writes_is_no_job():
    """A second after it has killed a job, it says so: by then, the next run may have begun."""
    facts = [
        wrapper(72, 1, -4.0),
        JobFile("node1", "j42.68", T0 + 0.5, {"msg": "Timeout exceeded", "failed": True, "child_pid": 73}),
        ended(72, 0.6),
    ]
    assert recorded(facts).jobs == ()


def test_a_job_of_before_that_still_runs_is_one():
    job = only_job(
        recorded([wrapper(72, 71, -6.0), module(73, 72, -5.9), JobFile("node1", "j42.68", T0 - 5.8, {"started": True, "finished": False})])
    )
    assert (job.id, job.state, job.start) == ("j42.68", State.RUNNING, seconds(-5.9))


def test_only_words_make_an_unconfirmed_job_and_only_after_a_while():
    words = [*started(), Launched(T0 + 1.5, "node1", "t1", "j9.9", ""), HostEnded(T0 + 1.6, "node1", "t1", "ok", "", None)]
    assert recorded(words, now=1.7, over=False).jobs == ()
    job = only_job(recorded(words))
    assert (job.state, job.start, job.confirmed) == (State.UNCONFIRMED, None, False)


def test_the_chmod_that_names_a_module_and_a_module_s_own_fork_are_no_jobs():
    facts = [
        *started("setup"),
        program(60, 25, 0.8, "chmod", "u+rwx", TMP, f"{TMP}/AnsiballZ_setup.py"),
        module(61, 60, 0.9, "setup"),
        module(62, 61, 1.0, "setup"),
        HostEnded(T0 + 2.0, "node1", "t1", "ok", "", None),
    ]
    job = only_job(recorded(facts))
    assert (job.id, job.label) == ("node1/61", "setup")


def test_a_pid_that_comes_back_is_another_process():
    facts = [
        *started(),
        module(61, 60, 0.9),
        ended(61, 1.5),
        module(61, 60, 2.0),
        ended(61, 2.5),
        HostEnded(T0 + 3, "node1", "t1", "ok", "", 0),
    ]
    assert [(job.start, job.end) for job in recorded(facts).jobs] == [(seconds(0.9), seconds(1.5)), (seconds(2.0), seconds(2.5))]


def test_a_synchronous_job_whose_node_became_unreachable_was_killed():
    facts = [*started(), module(61, 60, 0.9), ended(61, 3.0), HostEnded(T0 + 3.2, "node1", "t1", "unreachable", "perdu", None)]
    job = only_job(recorded(facts))
    assert (job.state, job.detected) == (State.KILLED, None)


def test_polls_take_the_status_runs_of_the_node_and_are_counted_once():
    looks = [
        *started("async_status", "t2", 2.0),
        module(80, 79, 2.2, "async_status"),
        ended(80, 2.4),
        module(82, 79, 4.5, "async_status"),
        ended(82, 4.7),
        Polled(T0 + 2.45, "node1", "t2", "j42.68", finished=False, waited_by_status=True),
        Polled(T0 + 4.75, "node1", "t2", "j42.68", finished=True, waited_by_status=True),
        Polled(T0 + 4.76, "node1", "t2", "j42.68", finished=True, waited_by_status=True),
    ]
    launch = [*started(), Launched(T0 + 1.5, "node1", "t1", "j42.68", ""), HostEnded(T0 + 1.6, "node1", "t1", "ok", "", None)]
    timeline = recorded([*launch, *ASYNC, *looks])
    assert [(poll.start, poll.noticed, poll.finished) for poll in timeline.polls] == [
        (seconds(2.2), seconds(2.45), False),
        (seconds(4.5), seconds(4.75), True),
    ]
    assert [job.module for job in timeline.jobs] == ["command"]
    assert timeline.jobs[0].detected == seconds(4.75)


def test_the_look_that_found_the_end_is_not_the_cleanup_that_followed():
    looks = [module(80, 79, 2.2, "async_status"), ended(80, 2.4), module(82, 79, 4.5, "async_status"), ended(82, 4.65)]
    cleanup = [module(84, 79, 4.7, "async_status"), ended(84, 4.85)]
    timeline = recorded([*ASYNC, *looks, *cleanup, *POLLED])
    assert [(poll.start, poll.finished) for poll in timeline.polls] == [(seconds(2.2), False), (seconds(4.5), True)]


def test_a_node_gone_silent_is_noted():
    timeline = recorded([*ASYNC, Silence("node1", T0 + 6.04)])
    assert timeline.notes == ("node1 n’a plus été observé à partir de 6,0 s : ce qui suit n’est pas prouvé.",)


def test_evidence_that_somebody_was_at_is_noted():
    timeline = recorded([*ASYNC, Spoilt("node1", T0 + 6.0, "stopped"), Spoilt("node1", T0 + 7.0, "disk")])
    assert timeline.notes == ("L’observation de node1 a été arrêtée, puis remise en marche.",)


def test_what_begins_after_ansible_has_returned_is_another_run_s():
    recorder = Recorder("essai", ["node1"], T0)
    detached = [*started(), Launched(T0 + 1.9, "node1", "t1", "j42.68", ""), HostEnded(T0 + 2.0, "node1", "t1", "ok", "", 0)]
    for fact in (*detached, *ASYNC, module(90, 89, 2.2, "ping"), module(95, 94, 3.0, "setup")):
        recorder.event(fact) if isinstance(fact, (TaskStarted, HostStarted, HostEnded, Launched)) else recorder.observe(fact)
    assert [job.id for job in recorder.timeline(T0 + 5, controller_end=T0 + 2.5).jobs] == ["j42.68", "node1/90"]
    assert [job.id for job in recorder.timeline(T0 + 5).jobs] == ["j42.68", "node1/90", "node1/95"]


def test_what_changes_the_picture_is_told_from_the_rest():
    recorder = Recorder("t", ["node1"], 0.0)
    module = ("/usr/bin/python3", "/root/.ansible/tmp/x/AnsiballZ_command.py")
    status = ("/usr/bin/python3", "/root/.ansible/tmp/x/AnsiballZ_async_status.py")
    records = [
        (ProcessSeen("node1", 5, 1, 1.0, ("sh", "-c", "python3 AnsiballZ_command.py")), False),
        (ProcessSeen("node1", 6, 5, 1.1, module), True),
        (ProcessSeen("node1", 7, 6, 1.2, ("/bin/sleep", "5")), True),
        (ProcessSeen("node1", 8, 1, 1.3, status), False),
        (ProcessEnded("node1", 8, 1.5), False),
        (ProcessEnded("node1", 7, 6.2), True),
        (ProcessEnded("node1", 6, 6.3), True),
        (ProcessEnded("node1", 99, 6.3), False),
        (JobFile("node1", "j1.6", 6.3, {}), True),
        (Beat("node1", 7.0), False),
    ]
    assert [(record, recorder.observe(record)) for record, _ in records] == records
