"""Asking Ansible for a setting: its own answer, with where it comes from, under what the learner wrote."""

import asyncio

import pytest

from labs.notebook import asksettings
from labs.notebook.asksettings import SettingPanel

NAME, VARIABLE = "DEFAULT_POLL_INTERVAL", "ANSIBLE_POLL_INTERVAL"


def asked(config="", value=""):
    panel = SettingPanel(NAME, VARIABLE)
    panel.config.value, panel.value.value = config, value
    asyncio.run(panel.ask())
    assert not panel.button.disabled
    return panel


def test_nothing_set_gives_the_value_of_origin():
    panel = asked()
    assert "DEFAULT_POLL_INTERVAL(default) = 15" in panel.answer.value
    assert "valeur d’origine" in panel.answer.value
    assert "ansible-config dump | grep -w DEFAULT_POLL_INTERVAL" in panel.command.value


def test_a_file_then_a_variable_which_wins():
    assert "DEFAULT_POLL_INTERVAL(ansible.cfg) = 5" in asked("[defaults]\npoll_interval = 5\n").answer.value
    panel = asked("[defaults]\npoll_interval = 5\n", "3")
    assert "DEFAULT_POLL_INTERVAL(env: ANSIBLE_POLL_INTERVAL) = 3" in panel.answer.value
    assert "ANSIBLE_POLL_INTERVAL=3 ansible-config dump" in panel.command.value


@pytest.mark.parametrize("config", ["[defaults]\npoll_interval = 5 # cinq\n", "[defaults]\npoll_interval = 2.5\n", "poll_interval = 5\n"])
def test_what_ansible_refuses_is_told_in_its_own_words(config):
    answer = asked(config).answer.value
    assert "ERROR: " in answer
    assert "aucune commande ne se lancerait" in answer
    assert "/tmp" not in answer
    assert "Traceback" not in answer


def test_the_still_picture_does_not_depend_on_the_machine(monkeypatch):
    asksettings._untouched.cache_clear()
    monkeypatch.setenv("ANSIBLE_POLL_INTERVAL", "9")
    still = asksettings.still(NAME, variable=VARIABLE)
    assert "DEFAULT_POLL_INTERVAL(default) = 15" in still["text/plain"]
    assert "DEFAULT_POLL_INTERVAL(default) = 15" in still["text/html"]
