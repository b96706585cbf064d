"""The calibration: what is read off a run whose costs are known, and a real lab measured."""

from dataclasses import asdict, replace

import pytest

from labs import calibration
from labs.errors import LabError
from labs.jobs.command import AdHoc
from labs.lab import Lab
from labs.recording import record
from labs.timeline.metrics import makespan
from labs.timeline.simulate import Overheads, Plan, Play, Run, simulate

HOSTS = ("node1", "node2", "node3")
USUAL = Overheads()
SLOW = Overheads(startup=1.4, send=0.5, module=0.3, back=0.05, launch=0.7, wrap=0.3, detach=0.5, settle=0.3, status=0.6, finish=0.4)
GENEROUS = 0.35  # of the real run: a loaded machine must not change a verdict


def known(overheads, hosts=HOSTS):
    """What the calibration's playbook would give where these are the costs."""
    first = Play((Run("Ouvrir"), *calibration.ALONE), hosts=("node1",))
    second = Play((Run("Relier"), *calibration.TOGETHER))
    return simulate(Plan("Étalonnage", (first, second)), hosts, overheads)


@pytest.mark.parametrize("overheads", [USUAL, SLOW], ids=["usual", "slow"])
def test_the_costs_of_a_known_run_are_found_again(overheads, monkeypatch):
    monkeypatch.setattr(calibration.os, "cpu_count", lambda: 2)
    found = calibration.read(known(overheads))
    for name, value in asdict(overheads).items():
        assert getattr(found, name) == pytest.approx(value, rel=0.1, abs=0.03), name


@pytest.mark.parametrize("cores", [1.0, 1.5, 3.0, 5.0])
def test_how_costs_grow_with_the_hosts_is_found_again(cores, monkeypatch):
    """More of them at once than the machine has cores, too: they do not compute all the time."""
    monkeypatch.setattr(calibration.os, "cpu_count", lambda: 2)
    plan = Plan.of("", Run("Travailler", 3, limit=60, poll=1), Run("Finir"))
    overheads = replace(USUAL, cores=cores)
    wanted, found = (makespan(simulate(plan, HOSTS, costs)) for costs in (overheads, calibration.read(known(overheads))))
    assert found == pytest.approx(wanted, rel=0.1)


@pytest.mark.parametrize("fork", [0.006, 0.03, 0.08])
def test_what_each_more_host_costs_is_found_again(fork, monkeypatch):
    """Many short synchronous tasks on several hosts: what counts is what the controller does for each of them."""
    monkeypatch.setattr(calibration.os, "cpu_count", lambda: 2)
    plan = Plan.of("", *(Run(f"Tâche {number}") for number in range(8)))
    overheads = replace(USUAL, fork=fork)
    wanted, found = (makespan(simulate(plan, HOSTS, costs)) for costs in (overheads, calibration.read(known(overheads))))
    assert found == pytest.approx(wanted, rel=0.05)


@pytest.mark.parametrize("spread", [0.1, 0.3])
def test_how_much_steps_vary_is_found_again(spread):
    assert calibration.read(known(replace(USUAL, spread=spread))).spread == pytest.approx(spread, rel=0.4)


def test_a_machine_slower_on_the_whole_than_at_its_best_is_seen():
    """The least of each cost is what it costs; a run that took longer than their sum shows a machine that has other work."""
    timeline = known(USUAL)
    late = {task.id for task in timeline.tasks if task.name in {"Seul, trois"} | {step.name for step in calibration.TOGETHER}}
    last = max(task.end for task in timeline.tasks if task.name == "Seul, trois")

    def shifted(thing, **moments):
        return replace(thing, **{name: None if at is None else at + 2 * (at > last - 1) for name, at in moments.items()})

    held = replace(
        timeline,
        end=timeline.end + 2,
        controller_end=timeline.controller_end + 2,
        tasks=tuple(shifted(task, start=task.start, end=task.end) for task in timeline.tasks),
        blocks=tuple(shifted(b, start=b.start, end=b.end) if b.task in late else b for b in timeline.blocks),
        jobs=tuple(
            shifted(j, launched=j.launched, start=j.start, end=j.end, detected=j.detected) if j.task in late else j for j in timeline.jobs
        ),
    )
    assert calibration.read(held).status > 1.2 * calibration.read(timeline).status


def test_one_node_alone_is_enough():
    found = calibration.read(known(USUAL, ("node1",)))
    assert found.send == pytest.approx(USUAL.send, rel=0.1)


def test_a_lab_never_measured_has_the_shipped_costs(tmp_path, monkeypatch):
    lab = Lab("jamais-cree")
    monkeypatch.setattr(lab, "directory", tmp_path)
    assert calibration.load(lab) == USUAL
    (tmp_path / calibration.FILE).write_text(SLOW.dumps())
    assert calibration.load(lab) == SLOW


def test_a_lab_that_is_not_up_is_told():
    with pytest.raises(LabError):
        calibration.calibrate(Lab("jamais-cree"))


@pytest.mark.lab
def test_a_calibrated_simulation_is_not_far_from_a_real_run(lab):
    found = calibration.calibrate(lab)
    assert calibration.load(lab) == found
    assert all(value > 0 for name, value in asdict(found).items() if name not in {"turn", "settle", "detach", "connect"})
    real = record(lab, AdHoc.parse("ansible all -B 30 -P 2 -a '/bin/sleep 5'")).wait(60)
    foreseen = simulate(Plan.of("", Run("Travailler", 5, limit=30, poll=2)), lab.nodes, found, connected=True)
    assert makespan(foreseen) == pytest.approx(makespan(real), rel=GENEROUS)
    assert len(foreseen.jobs) == len(real.jobs)
