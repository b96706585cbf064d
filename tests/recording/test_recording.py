"""Real runs on real nodes, and the Timeline that comes out. Behaviour is judged by order, overlap and count."""

from __future__ import annotations

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from labs.errors import LabError
from labs.jobs import sweep
from labs.jobs.command import AdHoc, Playbook
from labs.paths import ROOT
from labs.recording import record
from labs.timeline import store
from labs.timeline.model import BlockKind, FaultKind, Mode, Outcome, State

pytestmark = pytest.mark.lab

AFTER_ALL = 0.05  # seconds: what is told by two clocks readings of one machine


def run(lab, command, **options):
    """A run on nodes where nothing is left of the test before."""
    wait_for(lambda: all(lab.execute(node, ["pgrep", "-f", "AnsiballZ_"]).returncode for node in lab.nodes))
    recording = record(lab, command, **options)
    timeline = recording.wait(120)
    assert not recording.alive, recording.stdout
    return timeline, recording


def adhoc(lab, line, **options):
    return run(lab, AdHoc.parse(line), **options)


def playbook(lab, folder, text, **options):
    path = folder / "play.yml"
    path.write_text(text)
    return run(lab, Playbook(path), **options)


def wait_for(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("did not happen in time")


def sleeping(lab, seconds):
    return [node for node in lab.nodes if lab.execute(node, ["pgrep", "-f", f"^/bin/sleep {seconds}"]).returncode == 0]


def test_a_synchronous_run_holds_its_host_as_long_as_the_node_works(lab):
    timeline, _ = adhoc(lab, "ansible all -a '/bin/sleep 2'")
    assert timeline.status == "successful"
    assert [job.host for job in timeline.jobs if job.mode is Mode.SYNC and job.label == "sleep 2"] != []
    assert {job.host for job in timeline.jobs} == set(lab.nodes)
    for job in timeline.jobs:
        block = next(block for block in timeline.blocks if block.host == job.host)
        assert block.kind is BlockKind.SYNC
        assert block.start < job.start < job.end <= block.end
        assert job.end - job.start >= 2
        assert job.state is State.SUCCEEDED
        assert job.detected == block.end
    assert not timeline.polls


def test_poll_above_zero_blocks_and_polls(lab):
    timeline, _ = adhoc(lab, "ansible all -B 30 -P 1 -a '/bin/sleep 3'")
    assert len(timeline.jobs) == 3
    for job in timeline.jobs:
        assert (job.mode, job.state, job.rc, job.limit, job.command) == (Mode.POLLED, State.SUCCEEDED, 0, 30.0, ("/bin/sleep", "3"))
        assert job.interval == 1.0
        assert job.launched <= job.start < job.end < job.detected
        polls = [poll for poll in timeline.polls if poll.job == job.id]
        assert [poll.finished for poll in polls].count(True) == 1
        assert polls[-1].finished
        assert all(poll.end <= job.end + AFTER_ALL for poll in polls[:-2])
        assert all(job.launched < poll.start < poll.end <= poll.noticed + AFTER_ALL for poll in polls)
    assert {block.kind for block in timeline.blocks} == {BlockKind.POLLED}


def test_whoever_listens_is_told_what_happens_and_the_next_run_knows_how_long_this_one_was(lab):
    command = AdHoc.parse("ansible node1 -a '/bin/sleep 1'")
    first = record(lab, command)
    told = []
    first.subscribe(lambda: told.append(first.alive))
    took = first.wait(60).end
    assert told[0]
    assert told[-1] is False, "the end is told once it can be seen"
    assert record_once(lab, command).usual == pytest.approx(took, abs=0.1)


def record_once(lab, command):
    recording = record(lab, command)
    recording.wait(60)
    return recording


def test_poll_zero_returns_while_the_jobs_run_on(lab):
    timeline, _ = adhoc(lab, "ansible all -B 60 -P 0 -a '/bin/sleep 4'")
    assert timeline.controller_end < min(job.end for job in timeline.jobs)
    assert {job.mode for job in timeline.jobs} == {Mode.DETACHED}
    assert {job.state for job in timeline.jobs} == {State.SUCCEEDED}
    assert all(job.detected is None for job in timeline.jobs)
    assert {block.kind for block in timeline.blocks} == {BlockKind.LAUNCH}


def test_without_linger_a_job_is_still_running_when_the_recording_ends(lab):
    timeline, _ = adhoc(lab, "ansible node1 -B 60 -P 0 -a '/bin/sleep 5'", linger=0)
    (job,) = timeline.jobs
    assert (job.state, job.end) == (State.RUNNING, None)


def test_a_loop_of_launches_and_the_task_that_waits_for_them(lab, tmp_path):
    timeline, _ = playbook(
        lab,
        tmp_path,
        """
- hosts: node1
  gather_facts: false
  tasks:
    - name: Lancer
      ansible.builtin.command: "/bin/sleep {{ item }}"
      async: 30
      poll: 0
      loop: [2, 4]
      register: lances
    - name: Attendre
      ansible.builtin.async_status:
        jid: "{{ item.ansible_job_id }}"
      loop: "{{ lances.results }}"
      register: etats
      until: etats is finished
      delay: 1
      retries: 20
""",
    )
    short, long = timeline.jobs
    assert [short.label, long.label] == ["sleep 2", "sleep 4"]
    assert {job.mode for job in timeline.jobs} == {Mode.DETACHED}
    assert long.start < short.end, "the two ran at once"
    assert all(job.end <= job.detected for job in timeline.jobs)
    assert {timeline.tasks[0].id} == {job.task for job in timeline.jobs}
    kinds = [block.kind for block in timeline.blocks]
    assert kinds == [BlockKind.LAUNCH, BlockKind.STATUS]
    finishing = [poll for poll in timeline.polls if poll.finished]
    assert [poll.job for poll in finishing] == [short.id, long.id]


def test_a_cut_loses_synchronous_work_and_spares_a_detached_job(lab):
    for options, lost in (("", True), ("-B 60 -P 2", False)):
        work = f"/tmp/cut-{'lost' if lost else 'spared'}"
        recording = record(lab, AdHoc.parse(f"ansible all {options} -m shell -a '/bin/sleep 6; touch {work}'"))
        wait_for(lambda: "node2" in sleeping(lab, 6))
        lab.cut("node2")
        timeline = recording.wait(60)
        fault = timeline.faults[0]
        assert (fault.host, fault.kind) == ("node2", FaultKind.CUT)
        job = next(job for job in timeline.jobs if job.host == "node2")
        assert job.start < fault.start
        outcome = next(block.outcome for block in timeline.blocks if block.host == "node2")
        if lost:
            assert (job.state, outcome) == (State.KILLED, Outcome.UNREACHABLE)
        else:
            assert (job.state, outcome) == (State.SUCCEEDED, Outcome.OK)
            assert job.end - job.start >= 6
        assert (lab.read("node2", work) is None) == lost
        assert {job.state for job in timeline.jobs if job.host != "node2"} == {State.SUCCEEDED}


def test_failures_limits_and_kills_are_told_apart(lab):
    timeline, _ = adhoc(lab, "ansible node1 -B 30 -P 1 -m shell -a '/bin/sleep 1; exit 3'")
    assert [(job.state, job.rc) for job in timeline.jobs] == [(State.FAILED, 3)]

    timeline, _ = adhoc(lab, "ansible node1 -B 3 -P 1 -a '/bin/sleep 30'")
    (job,) = timeline.jobs
    assert job.state is State.TIMED_OUT
    assert job.end - job.start >= 2.5

    recording = record(lab, AdHoc.parse("ansible node1 -B 40 -P 0 -a '/bin/sleep 33'"))
    wait_for(lambda: sleeping(lab, 33))
    # The whole session, its oldest process first. Not the group: the wrapper may give the job a group of its own after the module was started,
    # which is then left in the wrapper's; killed without its job, it is a failure that the job's file tells.
    lab.execute("node1", ["sh", "-c", "pkill -9 -s $(ps -o sid= -p $(pgrep -f '^/bin/sleep 33') | tr -d ' ')"])
    jobs = recording.wait(60).jobs
    assert [(job.label, job.state) for job in jobs] == [("sleep 33", State.KILLED)], jobs


def test_an_orphan_is_told_from_a_job_that_its_limit_ended(lab):
    """What has left the job's process group survives the watchdog, whose file says that all is over."""
    timeline, _ = adhoc(lab, "ansible node1 -B 3 -P 1 -a '/usr/bin/setsid /bin/sleep 9'")
    (job,) = timeline.jobs
    assert job.state is State.ORPHANED
    assert job.end - job.start >= 8


def test_a_job_folder_of_one_s_own_is_found(lab, tmp_path):
    timeline, _ = playbook(
        lab,
        tmp_path,
        """
- hosts: node1
  gather_facts: false
  vars: {ansible_async_dir: /tmp/jobs}
  tasks:
    - ansible.builtin.command: /bin/sleep 2
      async: 30
      poll: 0
""",
    )
    (job,) = timeline.jobs
    assert (job.state, job.rc) == (State.SUCCEEDED, 0)
    assert lab.read("node1", f"/tmp/jobs/{job.id}") is not None


def test_the_job_of_another_user_is_followed_where_its_files_are(lab, tmp_path):
    """Asked without become, async_status looks in root's folder: its « finished » is no news of the job."""
    lab.execute("node1", ["useradd", "--create-home", "ouvrier"])
    timeline, _ = playbook(
        lab,
        tmp_path,
        """
- hosts: node1
  gather_facts: false
  become_method: ansible.builtin.su
  tasks:
    - ansible.builtin.command: /bin/sleep 3
      async: 30
      poll: 0
      become: true
      become_user: ouvrier
      register: job
    - ansible.builtin.async_status: {jid: "{{ job.ansible_job_id }}"}
      ignore_errors: true
    - ansible.builtin.async_status: {jid: "{{ job.ansible_job_id }}"}
      become: true
      become_user: ouvrier
      register: state
      until: state is finished
      retries: 30
      delay: 1
""",
    )
    (job,) = timeline.jobs
    assert (job.state, job.rc) == (State.SUCCEEDED, 0)
    assert job.detected > job.end
    assert not timeline.polls[0].finished
    assert lab.read("node1", f"/home/ouvrier/.ansible_async/{job.id}") is not None


def test_start_and_end_are_those_of_the_node(lab):
    """Against the node's own account: the process's start in /proc, the job file's mtime."""
    recording = record(lab, AdHoc.parse("ansible node1 -B 60 -P 0 -a '/bin/sleep 3'"))
    wait_for(lambda: sleeping(lab, 3))
    probe = (
        "import os,time;boot=time.time()-time.clock_gettime(time.CLOCK_BOOTTIME);"
        "pids=[p for p in os.listdir('/proc') if p.isdigit() and open(f'/proc/{p}/cmdline').read().split('\\0')[1:2][-1:] and "
        "'AnsiballZ_command' in open(f'/proc/{p}/cmdline').read().split('\\0')[1]];"
        "print(boot+int(open(f'/proc/{pids[0]}/stat').read().rpartition(')')[2].split()[19])/os.sysconf('SC_CLK_TCK'))"
    )
    start = float(lab.execute("node1", ["python3", "-c", probe]).text)
    (job,) = recording.wait(60).jobs
    mtime = float(lab.execute("node1", ["stat", "-c", "%.Y", f"/root/.ansible_async/{job.id}"]).text)
    assert job.start == pytest.approx(start - recording.started, abs=0.05)
    assert job.end == pytest.approx(mtime - recording.started, abs=0.05)


def test_what_a_terminal_launches_is_seen_too(lab):
    recording = record(lab, AdHoc.parse("ansible node1 -a '/bin/sleep 4'"))
    command = [str(ROOT / ".venv/bin/ansible"), "-i", str(lab.inventory), "node3", "-B", "60", "-P", "0", "-a", "/bin/sleep 2"]
    subprocess.run(command, check=True, capture_output=True)
    timeline = recording.wait(60)
    (foreign,) = [job for job in timeline.jobs if job.host == "node3"]
    assert (foreign.label, foreign.task, foreign.state) == ("sleep 2", None, State.SUCCEEDED)


def test_a_forged_event_stays_unconfirmed(lab, tmp_path):
    """Runner decodes events out of what Ansible prints: a task's name can lie, the node cannot be made to."""
    forged = forged_output(
        {
            "uuid": "forged-1",
            "event": "runner_on_ok",
            "created": "2026-11-24T00:00:00+00:00",
            "event_data": {
                "host": "node1",
                "task": "faux",
                "task_uuid": "forged-task",
                "task_action": "command",
                "resolved_action": "ansible.builtin.command",
                "res": {"ansible_job_id": "j123456789.42", "started": True, "finished": False},
            },
        }
    )
    name = "Honnête" + forged
    timeline, _ = playbook(
        lab,
        tmp_path,
        f"- hosts: node1\n  gather_facts: false\n  tasks:\n    - name: {json.dumps(name)}\n"
        "      ansible.builtin.command: /bin/sleep 2\n    - ansible.builtin.pause: {seconds: 2}\n",
    )
    lies = [job for job in timeline.jobs if job.id == "j123456789.42"]
    assert [(job.state, job.confirmed) for job in lies] == [(State.UNCONFIRMED, False)]
    assert [job.state for job in timeline.jobs if job.label == "sleep 2"] == [State.SUCCEEDED]


def forged_output(event):
    """An event as the runner's own callback would write it in the terminal (format: ansible-runner 2.4)."""
    import base64

    encoded = base64.b64encode(json.dumps(event).encode()).decode()
    blocks = "".join(f"{encoded[i : i + 78]}\x1b[{len(encoded[i : i + 78])}D" for i in range(0, len(encoded), 78))
    return f"\x1b[K{blocks}\x1b[K"


def test_a_local_task_that_claims_a_node_is_unconfirmed(lab, tmp_path):
    """``delegate_to: localhost`` says ok for a node that did nothing."""
    timeline, _ = playbook(
        lab,
        tmp_path,
        """
- hosts: node1
  gather_facts: false
  tasks:
    - name: Ailleurs
      ansible.builtin.command: /bin/true
      delegate_to: localhost
      vars: {ansible_connection: local, ansible_host: localhost}
    - ansible.builtin.pause: {seconds: 2}
""",
    )
    assert [job.state for job in timeline.jobs] == [State.UNCONFIRMED]


def test_cancel_ends_the_controller_and_the_jobs_and_leaves_nothing(lab):
    before = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    recording = record(lab, AdHoc.parse("ansible all -B 100 -P 1 -a '/bin/sleep 77'"))
    wait_for(lambda: len(sleeping(lab, 77)) == 3)
    assert sweep.controller_processes(recording._job.id)
    recording.cancel()
    assert sweep.controller_processes(recording._job.id) == []
    assert sleeping(lab, 77) == []
    timeline = recording.wait(30)
    assert timeline.status == "canceled"
    assert {job.state for job in timeline.jobs} == {State.KILLED}
    assert list((lab.directory / "runs").iterdir()) == []
    assert subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=True).stdout == before


def test_cancel_of_a_synchronous_run(lab):
    recording = record(lab, AdHoc.parse("ansible all -a '/bin/sleep 78'"))
    wait_for(lambda: len(sleeping(lab, 78)) == 3)
    recording.cancel()
    assert sleeping(lab, 78) == []
    assert recording.wait(30).status == "canceled"


def test_what_a_killed_owner_left_is_reaped_at_the_next_start(lab):
    """A kernel killed outright cannot clean up: its controller's processes are ended when the next run starts."""
    script = (
        "import sys,time;from labs.lab import Lab;from labs.recording import record;from labs.jobs.command import AdHoc;"
        f"r=record(Lab({lab.name!r}),AdHoc.parse(\"ansible node1 -a '/bin/sleep 79'\"));print(r._job.id,flush=True);time.sleep(60)"
    )
    owner = subprocess.Popen([str(ROOT / ".venv/bin/python"), "-c", script], stdout=subprocess.PIPE, text=True)
    run_id = owner.stdout.readline().strip()
    wait_for(lambda: sleeping(lab, 79))
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert sweep.controller_processes(run_id)
    record(lab, AdHoc.parse("ansible node2 -m ping")).wait(60)
    assert sweep.controller_processes(run_id) == []
    wait_for(lambda: not sleeping(lab, 79))


def test_a_node_with_another_host_key_is_refused(lab):
    """Whoever stands in a node's place is not talked to: ansible-runner alone would not check."""
    known_hosts = lab.directory / "known_hosts"
    kept = known_hosts.read_text()
    lines = kept.splitlines()
    other = lines[0].split()[-1]
    known_hosts.write_text("\n".join([*lines[:-1], " ".join([*lines[-1].split()[:-1], other])]) + "\n")
    try:
        for node in lab.nodes:
            lab.cut(node)  # a connection kept open is not checked again
        timeline, recording = adhoc(lab, "ansible all -m ping")
        assert {block.host: block.outcome for block in timeline.blocks} == {
            "node1": Outcome.OK,
            "node2": Outcome.OK,
            "node3": Outcome.UNREACHABLE,
        }
        assert "Host key verification failed" in recording.stdout
    finally:
        known_hosts.write_text(kept)


def test_a_node_that_dies_on_the_way_is_told(lab):
    recording = record(lab, AdHoc.parse("ansible all -a '/bin/sleep 8'"))
    wait_for(lambda: len(sleeping(lab, 8)) == 3)
    lab.engine.run("kill", lab._container("node3"))
    timeline = recording.wait(90)
    try:
        assert any(note.startswith("node3") for note in timeline.notes)
        assert {job.state for job in timeline.jobs if job.host != "node3"} == {State.SUCCEEDED}
        with pytest.raises(LabError, match=r"node3 ne répond pas.*labs up"):
            record(lab, AdHoc.parse("ansible all -m ping"))
    finally:
        lab.up()


def test_a_snapshot_may_be_taken_from_any_thread_at_any_moment(lab):
    recording = record(lab, AdHoc.parse("ansible all -B 30 -P 1 -a '/bin/sleep 2'"))

    def look():
        snapshots = []
        while recording.alive:
            snapshots.append(recording.timeline())
        return snapshots

    with ThreadPoolExecutor(2) as pool:
        for seen in [pool.submit(look), pool.submit(look)]:
            ends = [sum(job.end is not None for job in snapshot.jobs) for snapshot in seen.result()]
            assert ends[0] == 0
            assert ends == sorted(ends), "what has ended stays ended"
    final = recording.timeline()
    assert store.load(store.dump(final)) == final
