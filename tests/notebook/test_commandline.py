"""A command with holes: what is shown, what a terminal accepts, what runs."""

import pytest

from labs import paths
from labs.jobs.command import AdHoc, Playbook
from labs.notebook.commandline import CommandLine

SLEEP = CommandLine("ansible all -B 60 -P {P} -a '/bin/sleep {d}'")
WAIT = CommandLine("ansible-playbook playbooks/asynchrone.yml -e duree={d} -e sondage={P}")


def test_an_ad_hoc_command_is_filled_and_parsed():
    values = {"d": 5, "P": 3}
    assert SLEEP.terminal(values) == "ansible -i inventory/inventory.yml all -B 60 -P 3 -a '/bin/sleep 5'"
    assert SLEEP.command(values) == AdHoc("all", "command", "/bin/sleep 5", ("-B", "60", "-P", "3"))
    assert SLEEP.playbook(values) is None


def test_a_playbook_gets_its_numbers():
    command = WAIT.command({"d": 9, "P": 4})
    assert command == Playbook(paths.PLAYBOOKS / "asynchrone.yml", {"duree": 9, "sondage": 4})


def test_the_playbook_shown_is_the_one_that_runs():
    text = WAIT.playbook({"d": 9, "P": 4})
    assert text.startswith("- name:")
    assert "argv: [/bin/sleep, 9]" in text
    assert "poll: 4 #" in text
    assert "sondage: 4 #" in text
    assert "{{" not in text


def test_variables_of_ansible_may_stand_in_front():
    line = CommandLine("ANSIBLE_POLL_INTERVAL={P} ansible-playbook playbooks/synchrone.yml -e duree={d}")
    values = {"d": 1, "P": 3}
    assert line.terminal(values).startswith("ANSIBLE_POLL_INTERVAL=3 ansible-playbook -i inventory/inventory.yml playbooks/")
    command = line.command(values)
    assert (command.environment, command.extra_vars) == ({"ANSIBLE_POLL_INTERVAL": "3"}, {"duree": 1})
    assert command.line.startswith("ANSIBLE_POLL_INTERVAL=3 ansible-playbook synchrone.yml")
    assert line.playbook(values).startswith("- name:")
    assert CommandLine("ANSIBLE_FORKS=1 ansible all -a true").command({}).line == "ANSIBLE_FORKS=1 ansible all -a true"


@pytest.mark.parametrize("options", ["-e duree", "--diff", "-e", "-e duree=six"])
def test_what_a_panel_cannot_show_exactly_is_refused(options):
    with pytest.raises(ValueError, match=r"."):
        CommandLine(f"ansible-playbook playbooks/synchrone.yml {options}").playbook({})


def test_a_playbook_may_be_run_in_check_mode():
    line = CommandLine("ansible-playbook playbooks/synchrone.yml --check -e duree={d}")
    command = line.command({"d": 3})
    assert (command.options, command.extra_vars) == (("--check",), {"duree": 3})
    assert "playbooks/synchrone.yml --check -e duree=3" in line.terminal({"d": 3})
