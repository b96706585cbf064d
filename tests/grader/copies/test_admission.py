"""One more lab starts when the machine has room for it, and only then."""

from __future__ import annotations

import pytest

from grader.copies import admission
from grader.copies.admission import Gate, Load, Machine

QUIET = Load(0.2, 0.1, 10**10)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def gate(clock, load):
    return Gate(meter := Meter(load), clock), meter


class Meter:
    def __init__(self, load):
        self.now = load

    def load(self):
        return self.now


def asked(gate, clock, under_way, after=1.0):
    clock.now += after
    return gate.refusal(under_way)


def test_a_quiet_machine_takes_one_after_the_other(clock):
    door, _ = gate(clock, QUIET)
    assert asked(door, clock, 0, 0.1) == "une mesure de la charge"
    assert asked(door, clock, 0) == ""
    assert asked(door, clock, 1, 0.5) == "le démarrage du labo précédent"
    assert asked(door, clock, 1) == ""


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        (Load(0.97, 0.1, 10**10), "du temps de processeur"),
        (Load(0.5, 0.9, 10**10), "du temps de processeur"),
        (Load(0.2, 0.1, 10**8), "de la mémoire libre"),
    ],
)
def test_a_busy_machine_is_waited_for_and_told(clock, load, reason):
    door, meter = gate(clock, load)
    assert [asked(door, clock, 2, 2) for _ in range(100)] == [reason] * 100
    meter.now = QUIET
    assert asked(door, clock, 2, 2) == ""


def test_with_nothing_under_way_patience_ends(clock):
    door, _ = gate(clock, Load(1, 1, 10**10))
    answers = [asked(door, clock, 0, 5) for _ in range(20)]
    first = answers.index("")
    assert admission.PATIENCE / 5 <= first <= admission.PATIENCE / 5 + 2
    assert asked(door, clock, 1, 5) == "du temps de processeur"  # and patience begins anew


def test_the_load_is_measured_once_a_window(clock):
    door, meter = gate(clock, QUIET)
    asked(door, clock, 0)
    meter.now = Load(1, 1, 10**10)
    assert asked(door, clock, 1, 2) == "du temps de processeur"
    meter.now = QUIET
    assert asked(door, clock, 1, 0.2) == "du temps de processeur"


def test_this_machine_has_a_load():
    load = Machine().load()
    assert 0 <= load.busy <= 1
    assert 0 <= load.pressure <= 1
    assert load.memory > 0


def test_a_kernel_that_counts_no_pressure_says_none(tmp_path, monkeypatch):
    monkeypatch.setattr(admission, "_PRESSURE", tmp_path / "rien")
    assert Machine().load().pressure == 0
