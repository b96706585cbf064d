"""What lessons 06 and 07 say of locks, refusals, what is left behind and the settings near async, pinned on the installed core (docs/faits.md).

All but apt's lock is shown by the controller alone, over local connections.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from labs import paths
from labs.jobs.command import Playbook
from labs.recording import record
from labs.timeline import metrics

pytestmark = pytest.mark.plays

TOOLS = Path(sys.executable).parent
ASK = """
      ansible.builtin.async_status:
        jid: "{{ job.ansible_job_id }}"
      register: state
      until: state is finished
      retries: 60
      delay: 1
"""


def ansible(folder, body, *options, hosts=("n1",)):
    """A play over local connections, ``body`` being what follows its ``gather_facts``; its output and its return code."""
    play = folder / "play.yml"
    play.write_text(f"- hosts: all\n  connection: local\n  gather_facts: false\n{body}", encoding="utf-8")
    own = ["-e", f"ansible_python_interpreter={sys.executable}", "-e", f"folder={folder}"]
    kept = os.environ | {"ANSIBLE_ASYNC_DIR": str(folder / "jobs"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(
        [TOOLS / "ansible-playbook", "-i", ",".join([*hosts, ""]), play, *own, *options],
        check=False, capture_output=True, text=True, env=kept, timeout=120,
    )  # fmt: skip
    return done.stdout + done.stderr, done.returncode


# -- 1. apt's lock ------------------------------------------------------------------------------------------------------


def test_the_apt_module_waits_sixty_seconds_for_the_lock_by_default():
    told = subprocess.run([TOOLS / "ansible-doc", "--json", "ansible.builtin.apt"], check=True, capture_output=True, text=True)
    assert json.loads(told.stdout)["ansible.builtin.apt"]["doc"]["options"]["lock_timeout"]["default"] == 60


@pytest.mark.lab
@pytest.mark.parametrize(("playbook", "installed"), [("verrou", True), ("verrou_impatient", False), ("verrou_apt_get", False)])
def test_the_second_installation_waits_or_fails(lab, playbook, installed):
    recording = record(lab, Playbook.parse(f"{paths.PLAYBOOKS}/{playbook}.yml", paths.ROOT), linger=0)
    timeline = recording.wait(100)
    assert (timeline.status == "successful") is installed
    for node in lab.nodes:
        first, second = sorted((job for job in timeline.on(node) if job.limit), key=lambda job: job.start)
        assert lab.read(node, "/usr/bin/tree") is not None
        assert (lab.read(node, "/usr/bin/bc") is not None) is installed
        assert second.start < first.end, "the second was launched while the first held the lock"
        assert (second.end > first.end) is installed, "it waits for the lock, or fails at once"
    assert ("Could not get lock" in recording.stdout.replace("\r\n", "") or "lock-frontend" in recording.stdout) is not installed


# -- 2. actions that refuse async ---------------------------------------------------------------------------------------


def test_what_needs_the_controller_refuses_and_what_runs_on_the_node_accepts(tmp_path):
    (tmp_path / "source").write_text("true\n", encoding="utf-8")
    refused = {
        "copy": f"{{content: x, dest: {tmp_path}/copied}}",
        "template": f"{{src: {tmp_path}/source, dest: {tmp_path}/made}}",
        "script": f"{{cmd: {tmp_path}/source}}",
        "raw": "echo x",
        "debug": "{msg: x}",
        "gather_facts": "{}",
    }
    accepted = {
        "setup": "{gather_subset: '!all'}",
        "stat": "{path: /}",
        "wait_for": "{timeout: 0}",
        "lineinfile": f"{{path: {tmp_path}/noted, line: x, create: true}}",
    }
    tasks = "".join(
        f"    - ansible.builtin.{action}: {arguments}\n      async: 30\n      poll: 0\n      ignore_errors: true\n"
        for action, arguments in {**refused, **accepted}.items()
    )
    said, _ = ansible(tmp_path, f"  tasks:\n{tasks}")
    said = " ".join(said.split())
    told = set(re.findall(r"This action \((?:ansible\.\w+\.)?(\w+)\) does not support async", said))
    assert told == set(refused)
    assert not (tmp_path / "copied").exists()
    assert len(list((tmp_path / "jobs").iterdir())) == len(accepted)


# -- 3. what is left behind ---------------------------------------------------------------------------------------------

LAUNCH = """
    - ansible.builtin.shell: "/bin/sleep 3; echo done > {{ folder }}/after"
      async: 60
      poll: 0
      register: job
"""


def test_a_play_that_fails_leaves_its_job_running_and_its_file(tmp_path):
    _, code = ansible(tmp_path, f"  tasks:{LAUNCH}    - ansible.builtin.command: /bin/false\n    - name: Wait{ASK}")
    assert code != 0
    assert not (tmp_path / "after").exists(), "the job runs on"
    assert eventually((tmp_path / "after").exists)
    assert len(list((tmp_path / "jobs").iterdir())) == 1


def test_always_waits_and_erases_whatever_happens_and_the_failure_stays(tmp_path):
    body = f"""
    - block:
        - ansible.builtin.command: /bin/false
      always:
        - name: Wait{ASK.replace(chr(10) + "      ", chr(10) + "          ")}
        - ansible.builtin.async_status:
            jid: "{{{{ job.ansible_job_id }}}}"
            mode: cleanup
"""
    _, code = ansible(tmp_path, f"  tasks:{LAUNCH}{body}")
    assert code != 0
    assert (tmp_path / "after").exists()
    assert list((tmp_path / "jobs").iterdir()) == []


def test_the_limit_does_not_reach_what_has_left_the_jobs_group(tmp_path):
    body = """  tasks:
    - ansible.builtin.command: setsid /bin/sh -c "/bin/sleep 6; echo done > {{ folder }}/after"
      async: 2
      poll: 1
"""
    said, code = ansible(tmp_path, body)
    assert code != 0, said
    assert not (tmp_path / "after").exists()
    assert eventually((tmp_path / "after").exists), "it slept its six seconds to the end"


def eventually(true, patience=15.0):
    deadline = time.monotonic() + patience
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
    return true()


# -- 4. the settings near async -----------------------------------------------------------------------------------------

THREE = ("n1", "n2", "n3")
# Each task notes when it began and when it ended; n1's first task is the longest.
NOTED = """
    - name: {name}
      ansible.builtin.shell: >-
        echo "{{{{ inventory_hostname }}}} {name} +" >> {{{{ folder }}}}/log;
        /bin/sleep {{{{ {slow} if inventory_hostname == 'n1' else 0.2 }}}};
        echo "{{{{ inventory_hostname }}}} {name} -" >> {{{{ folder }}}}/log
"""


def story(folder, play="", first="", slow=0.2, *options):
    """What happened, in order: « n1 A + » when host n1 began task A, « n1 A - » when it ended it."""
    tasks = NOTED.format(name="A", slow=slow) + first + NOTED.format(name="B", slow=0.2)
    said, code = ansible(folder, f"{play}  tasks:{tasks}", *options, hosts=THREE)
    assert code == 0, said
    return (folder / "log").read_text(encoding="utf-8").splitlines()


def begun(lines):
    return [line[:-2] for line in lines if line.endswith("+")]


def test_one_fork_does_a_task_on_each_node_before_the_next_task(tmp_path):
    assert begun(story(tmp_path, "", "", 0.2, "-f", "1")) == ["n1 A", "n2 A", "n3 A", "n1 B", "n2 B", "n3 B"]


def test_serial_one_takes_a_node_to_the_end_before_the_next_node(tmp_path):
    assert begun(story(tmp_path, "  serial: 1\n")) == ["n1 A", "n1 B", "n2 A", "n2 B", "n3 A", "n3 B"]


def test_throttle_holds_one_task_and_not_the_others(tmp_path):
    lines = [line for line in story(tmp_path, first="      throttle: 1\n") if " A " in line]
    assert [line[-1] for line in lines] == ["+", "-"] * 3, "never two at once"


def test_free_lets_a_node_go_on_while_another_is_behind(tmp_path):
    lines = story(tmp_path, "  strategy: free\n", slow=6)
    assert lines.index("n2 B +") < lines.index("n1 A -")
    assert lines.index("n1 A -") < lines.index("n1 B +"), "on one node, tasks still follow one another"


def test_the_ideals_that_the_lessons_give():
    assert (metrics.barrier([8, 5, 6, 4], 2), metrics.one_by_one([8, 5, 6, 4])) == (14, 23)
    vars_of = yaml.safe_load((paths.PLAYBOOKS / "meme_travail.yml").read_text(encoding="utf-8"))[0]["vars"]
    first, second = (list(vars_of[name].values()) for name in ("premier", "second"))
    both = [a + b for a, b in zip(first, second, strict=True)]
    ideals = {
        "ordinaire": max(first) + max(second),
        "forks, serial": sum(both),
        "throttle": sum(first) + max(second),
        "free": max(both),
        "async": max(first + second),
    }
    assert list(ideals.values()) == [8, 12, 10, 5, 4]
