"""What lessons 00 and 01 say of a synchronous task, of nodes that wait for each other and of a lost link (docs/faits.md).

What a lab is needed for is in tests/recording/test_recording.py; the rest is shown by the controller alone, over local connections.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.plays

TOOLS = Path(sys.executable).parent
LOCAL = ["-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]


def ansible(tool, *arguments, folder=None):
    """What it printed and its return code, away from any configuration and inventory."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")} | {"ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run([TOOLS / tool, *arguments], check=False, capture_output=True, text=True, env=kept, cwd=folder, timeout=120)
    return done.stdout + done.stderr, done.returncode


def test_five_forks_and_the_linear_strategy_are_the_defaults(tmp_path):
    said, _ = ansible("ansible-config", "dump", folder=tmp_path)
    assert "DEFAULT_FORKS(default) = 5\n" in said
    assert "DEFAULT_STRATEGY(default) = linear\n" in said


def test_ping_is_a_python_program_that_answers_pong_and_sends_no_packet(tmp_path):
    """The name stands for no address: nothing could be sent to it."""
    said, code = ansible("ansible", "all", "-i", "nowhere.invalid,", "-m", "ansible.builtin.ping", *LOCAL, folder=tmp_path)
    assert code == 0
    assert '"ping": "pong"' in said


def test_without_an_inventory_ansible_knows_no_node(tmp_path):
    said, _ = ansible("ansible", "all", "-m", "ansible.builtin.ping", folder=tmp_path)
    assert "provided hosts list is empty" in said
    assert "pong" not in said


def test_a_task_begins_when_the_one_before_is_over_everywhere(tmp_path):
    play = tmp_path / "play.yml"
    play.write_text(
        """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.shell: "/bin/sleep {{ 3 if inventory_hostname == 'slow' else 0 }}; echo first >> {{ folder }}/order"
    - ansible.builtin.shell: "echo second >> {{ folder }}/order"
""",
        encoding="utf-8",
    )
    said, code = ansible("ansible-playbook", "-i", "quick,slow,", play, *LOCAL, "-e", f"folder={tmp_path}", folder=tmp_path)
    assert code == 0, said
    assert (tmp_path / "order").read_text().split() == ["first", "first", "second", "second"]


def test_a_node_that_is_unreachable_leaves_the_playbook_and_the_others_go_on(tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("here ansible_connection=local\ngone ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1\n", encoding="utf-8")
    play = tmp_path / "play.yml"
    play.write_text(
        """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.command: /bin/true
    - ansible.builtin.shell: "echo {{ inventory_hostname }} >> {{ folder }}/went"
""",
        encoding="utf-8",
    )
    said, code = ansible("ansible-playbook", "-i", hosts, play, *LOCAL[2:], "-e", f"folder={tmp_path}", folder=tmp_path)
    assert code != 0
    assert "UNREACHABLE" in said
    assert (tmp_path / "went").read_text() == "here\n"
