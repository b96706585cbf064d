"""The same work in several ways: what each changes, what is kept of the learner's runs, and how they are put side by side."""

import asyncio

import pytest

from labs import paths
from labs.lab import Lab
from labs.notebook import bench, recordings
from labs.notebook.bench import Bench
from labs.timeline import store

BASE = "ansible-playbook playbooks/meme_travail.yml"
WAYS = {"ordinaire": "06-ordinaire", "forks": "06-forks", "strategy: free": "06-free"}


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "WORK", tmp_path)


def kept_before(*runs):
    """As if the learner had run these before: the recorded runs stand in for theirs."""
    for run in runs:
        bench._keep(run, recordings.load(run))


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (BASE, ""),
        (f"ANSIBLE_FORKS=1 {BASE}", "ANSIBLE_FORKS=1"),
        (f"{BASE[:-4]}_serial.yml", "serial: 1"),
        (f"{BASE[:-4]}_throttle.yml", "throttle: 1"),
        (f"{BASE[:-4]}_free.yml", "strategy: free"),
    ],
)
def test_a_way_is_told_by_what_it_changes(command, told):
    assert bench.changes(BASE, command) == told


def test_async_changes_two_tasks_and_adds_one():
    added = bench.changes(BASE, f"{BASE[:-4]}_async.yml").splitlines()
    assert added.count("async: 60") == added.count("poll: 0") == 2
    assert "ansible.builtin.async_status:" in added
    assert "- name: Second travail" not in added


def test_a_long_change_is_cut_short_in_the_table():
    told = bench._told({"ordinaire": "06-ordinaire", "async": "06-async"})["async"]
    assert told.startswith("async: 60\npoll: 0\n")
    assert told.endswith("autres lignes")


def test_what_stands_in_the_notebook_without_a_kernel():
    bundle = bench.still(WAYS)
    for text in bundle.values():
        assert "C par rapport à A" in text
        assert "strategy: free" in text
    assert bundle["text/html"].count("data:image/png;base64,") == 1
    assert "pas encore" in bundle["text/html"]


def test_choosing_a_way_changes_what_is_launched():
    panel = Bench(WAYS)
    assert "strategy: free" not in panel.command.value
    panel.choice.value = "strategy: free"
    assert "strategy: free" in panel.command.value
    panel.choice.value = "forks"
    assert "ANSIBLE_FORKS=1 ansible-playbook -i" in panel.command.value
    assert panel.choice.description == "Façon\u00a0:"


def test_nothing_is_compared_before_two_runs():
    kept_before("06-forks")
    assert bench.compared(Bench(WAYS).kept)["text/html"] == ""


def test_what_was_run_before_is_found_again_in_the_order_of_the_ways():
    kept_before("06-free", "06-ordinaire")
    panel = Bench(WAYS)
    assert list(panel.kept) == ["ordinaire", "strategy: free"]
    assert "(B ci-dessous)" in panel.table.value
    said = bench.compared(panel.kept)
    assert "Vos exécutions" in said["text/plain"]
    assert "B par rapport à A" in said["text/plain"]


def test_a_spoilt_file_is_as_none():
    kept_before("06-free")
    bench._file("06-free").write_text("{", encoding="utf-8")
    assert Bench(WAYS).kept == {}


def test_a_lab_that_is_not_there_is_told_and_nothing_is_kept():
    panel = Bench(WAYS, lab=Lab("jamais-cree"))
    asyncio.run(panel.run())
    assert "Traceback" not in panel.message.value
    assert panel.help.children
    assert panel.kept == {}
    assert panel.way == "ordinaire", "this one is still to run"
    assert not panel.busy


@pytest.mark.lab
def test_two_runs_are_kept_and_compared(lab):
    panel = Bench(WAYS, lab=lab)
    asyncio.run(panel.run())
    assert panel.way == "forks", "the next that was not run yet"
    panel.choice.value = "strategy: free"
    asyncio.run(panel.run())
    (shown,) = panel.stage.box.children
    assert "B par rapport à A" in shown.value
    assert shown.value.count("data:image/png;base64,") == 2, "both side by side, and the last run by itself"
    assert store.read(bench._file("06-free")).status == "successful"
    assert list(Bench(WAYS, lab=lab).kept) == ["ordinaire", "strategy: free"]
