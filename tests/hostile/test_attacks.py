"""What an answer tries against the host, the machine and its own mark: each is named in a table, and what must become of it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import corpus
import pytest

from labs.lab import Lab

pytestmark = pytest.mark.lab

AT_ONCE = 2
ATTEMPTS = corpus.table("attempts")
ATTACKS = corpus.table("attacks")
CONFIGS = corpus.table("configs")
PLACES = {name: place for place, attempts in ATTEMPTS.items() for name in attempts}


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    lab = Lab(f"proie-{os.getpid()}")
    with lab.owned():
        lab.up(1)
        network = lab.engine.ensure_network(lab._network, lab._holder)
        with corpus.host(tmp_path_factory.mktemp("hote"), network.address(1)) as host:
            before = host.state(), _inside(lab)
            yield host
            assert (host.state(), _inside(lab)) == before
            assert host.calls == []
        lab.down()


def _inside(lab):
    """The files of a node that nobody was to touch, and what runs there."""
    shown = "ls -lR /root /tmp /etc | sha256sum; ps -eo args= | grep -v -e ps -e sh -e sha256sum -e ls"
    return lab.execute("node1", ["sh", "-c", shown]).text


@pytest.fixture(scope="module")
def tried(host, tmp_path_factory):
    """Every answer graded, some at once; gives the futures by name."""
    root = tmp_path_factory.mktemp("copies")
    attempts, attacks, configs = map(host.fill, (ATTEMPTS, ATTACKS, CONFIGS))

    def start(name, files, exercise="travail-simple", **options):
        return pool.submit(corpus.attempt, exercise, corpus.write(root / name.replace(" ", "-"), files), **options)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = {place: start(place, corpus.answer_of(tries), wall=180) for place, tries in attempts.items()}
        for name, attack in attacks.items():
            started[name] = start(name, corpus.answer_to(attack), runs=attack.get("runs", 1), wall=8 if attack.get("endless") else 60)
        for name, text in configs.items():
            kind, file = ("travail-config", "ansible.cfg") if "config" in text else ("travail-ligne", "answer.txt")
            started[name] = start(name, {file: text.get("config") or text["line"]}, kind)
        yield started
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", PLACES)
def test_an_attempt_finds_nothing(tried, name):
    """It was made, up to its end, and shows neither the secret nor that anything was reached."""
    done = tried[PLACES[name]].result()
    found = done.said.partition(f'"msg": "<{name}>')[2].partition("\n")[0]
    assert found, done.said[-3000:]
    assert corpus.SECRET not in found
    assert "reached" not in found


@pytest.mark.parametrize("place", ATTEMPTS)
def test_the_attempts_leave_no_trace(tried, place):
    done = tried[place].result()
    assert corpus.SECRET not in done.said
    assert done.outcome == "full", done.graded.report.message
    assert done.left == []


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gets_what_it_deserves(tried, name, record_property):
    attack, done = ATTACKS[name], tried[name].result()
    report = done.graded.report
    record_property("outcome", f"{done.outcome} {sorted(done.lost)} {report.message}")
    record_property("seconds", round(done.seconds, 1))
    wanted = attack.get("outcomes") or ["error" if attack.get("error") else "full" if attack.get("full") else "lost"]
    assert done.outcome in wanted, (report.message, done.lost, done.said[-3000:])
    if done.outcome == "lost":
        assert set(attack.get("lost", ())) <= done.lost
    assert done.left == []


@pytest.mark.parametrize("name", CONFIGS)
def test_a_configuration_or_a_line_touches_nothing_of_the_host(tried, host, name):
    done = tried[name].result()
    report = done.graded.report
    assert corpus.SECRET not in done.said + report.to_json()
    assert done.left == []


def test_forged_events_are_told_and_earn_nothing(tried):
    """They do arrive, as what the controller says: that is what makes the mark that they do not get worth something."""
    done = tried["forge the events of a job"].result()
    assert "forged" in {task.name for task in done.graded.timelines[0].tasks}
    assert {"travail", "reussi"} <= done.lost


@pytest.mark.parametrize("whose", ["controller", "node"])
def test_what_is_killed_for_its_memory_leaves_nothing_where_the_grading_was_launched(tried, whose):
    tried[f"take all memory of the {whose}"].result()
    assert not Path("oom").exists()
