"""How far the simulator is from real runs: twenty plans, none of which the calibration uses, simulated and run.

Each plan is written as a playbook and run once a round; the median makespan is compared with the one simulated by the overheads of the
lab: the medians of a calibration every five plans. A machine whose speed drifts thus harms both sides, and all plans, alike. What other
programs do meanwhile is told beside each figure, and ``--calm`` lets each run wait for a moment when they do little.

    python benchmarks/simulator.py [--rounds 3] [--calm SECONDS] [--only NAME …]
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import yaml

from labs import calibration
from labs.jobs.command import Playbook
from labs.lab import Lab
from labs.recording import record
from labs.timeline.metrics import makespan
from labs.timeline.simulate import Include, Local, Overheads, Plan, Play, Room, Run, Wait, batches, simulate, window
from labs.timeline.simulate.plan import Step, Work

HOSTS = ("node1", "node2", "node3")
TARGET = 0.10
STRETCH = 5  # plans from one calibration to the next
CALM, CALM_WINDOW = 30.0, 2.0  # percent of the cores in use, over so many seconds
DIFFERENT = {"node1": 2.0, "node2": 5.0, "node3": 3.0}

PLANS = (
    Plan.of("synchrone", Run("Travailler", 4), Run("Finir", 1)),
    Plan.of("synchrone-durees", Run("Travailler", DIFFERENT), Run("Continuer", {"node1": 4.0, "node2": 1.0, "node3": 2.0})),
    Plan.of("synchrone-boucle", Run("Travailler", items=(1, 2, 1.5))),
    Plan.of("synchrone-courtes", *(Run(f"Tâche {number}") for number in range(8))),
    Plan.of("forks-1", Run("Travailler", 2), Run("Finir"), forks=1),
    Plan.of("forks-2", Run("Travailler", 3), forks=2),
    Plan.of("serial-1", Run("Travailler", 2), Run("Finir"), serial=(1,)),
    Plan.of("serial-2", Run("Travailler", DIFFERENT), Run("Finir", 1), serial=(2,)),
    Plan.of("throttle-1", Run("Travailler", 2, throttle=1), Run("Finir", 1)),
    Plan.of("libre", Run("Travailler", DIFFERENT), Run("Continuer", {"node1": 4.0, "node2": 1.0, "node3": 2.0}), strategy="free"),
    Plan.of("sondage-2", Run("Travailler", 7, limit=60, poll=2)),
    Plan.of("sondage-3-durees", Run("Travailler", DIFFERENT, limit=60, poll=3), Run("Finir")),
    Plan.of("sondage-1-forks-1", Run("Travailler", 3, limit=60, poll=1), forks=1),
    Plan.of("sondage-boucle", Run("Travailler", items=(2, 3), limit=60, poll=2)),
    Plan.of("attente", Run("Lancer", 6, limit=60, poll=0), Run("Pendant ce temps", 1), Wait("Attendre", "Lancer", 30, 2)),
    Plan.of("attente-delai", Run("Lancer", 8, limit=60, poll=0), Wait("Attendre", "Lancer", 30, 5)),
    Plan.of("tous-ensemble", Run("Lancer", items=(1, 2, 3, 4, 5), limit=60, poll=0), Wait("Attendre", "Lancer", 30, 1)),
    Plan.of("lots-2", batches((1, 2, 3, 4, 5), 2, delay=1)),
    Plan.of("lots-2-longs", batches((6, 7, 6, 7, 7), 2, delay=2)),
    Plan.of("fenetre-2", *window((2, 4, 6, 3), 2, delay=1)),
)


def main() -> None:
    options = _options()
    plans = [plan for plan in PLANS if not options.only or plan.title in options.only]
    calibrations: list[Overheads] = []
    measured: dict[str, list[float]] = {plan.title: [] for plan in plans}
    lab = Lab(f"bench-{os.getpid()}")
    with lab.for_now(len(HOSTS)):
        _run(lab, PLANS[0])  # opens the connections and fills the caches that the others find ready
        for number in range(options.rounds):
            for place, plan in enumerate(plans):
                if place % STRETCH == 0:
                    _wait_for_calm(options.calm)
                    calibrations.append(calibration.measure(lab))
                    print(f"round {number + 1}, load {os.getloadavg()[0]:.1f}, {calibrations[-1]}", flush=True)
                _wait_for_calm(options.calm)
                measured[plan.title].append(_run(lab, plan))
                said = f"{plan.title}: {measured[plan.title][-1]:.2f} s, simulated {_simulated(plan, _medians(calibrations)):.2f} s"
                print(f"round {number + 1}, load {os.getloadavg()[0]:.1f}, {said}", flush=True)
    _report(plans, measured, _medians(calibrations))


def _medians(calibrations: Sequence[Overheads]) -> Overheads:
    """The median of several calibrations, cost by cost."""
    return Overheads(**{field.name: statistics.median(getattr(one, field.name) for one in calibrations) for field in fields(Overheads)})


def _wait_for_calm(patience: float) -> None:
    """Wait until the machine is idle for most of two seconds, at most ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and psutil.cpu_percent(CALM_WINDOW) > CALM:
        pass


def _simulated(plan: Plan, overheads: Overheads) -> float:
    return makespan(simulate(plan, HOSTS, overheads, connected=True))


def _run(lab: Lab, plan: Plan) -> float:
    """Seconds of a real run."""
    with tempfile.TemporaryDirectory() as folder:
        recording = record(lab, Playbook(_written(plan, Path(folder)), options=("-f", str(plan.forks))))
        timeline = recording.wait()
    if timeline.status != "successful":
        raise RuntimeError(recording.stdout)
    return makespan(timeline)


def _report(plans: Sequence[Plan], measured: dict[str, list[float]], overheads: Overheads) -> None:
    print(f"\n{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, Python {platform.python_version()}\n{overheads}\n")
    print("| plan | simulated | measured, median | from … to | error |\n|---|---|---|---|---|")
    errors = []
    for plan in plans:
        simulated, median = _simulated(plan, overheads), statistics.median(measured[plan.title])
        errors.append(simulated / median - 1)
        spread = f"{min(measured[plan.title]):.1f} … {max(measured[plan.title]):.1f}"
        print(f"| {plan.title} | {simulated:.1f} s | {median:.1f} s | {spread} | {errors[-1]:+.0%} |")
    within = sum(abs(error) <= TARGET for error in errors)
    worst = max(errors, key=abs)
    print(f"\n{within} of {len(errors)} within {TARGET:.0%}; median error {statistics.median(map(abs, errors)):.1%}, worst {worst:+.0%}")


# -- a plan as a playbook -----------------------------------------------------------------------------------------------


def _written(plan: Plan, folder: Path) -> Path:
    """Write a plan as a playbook and the files that it includes; returns the playbook."""
    path = folder / f"{plan.title}.yml"
    path.write_text(yaml.safe_dump([_play(play, folder) for play in plan.plays], sort_keys=False), encoding="utf-8")
    return path


def _play(play: Play, folder: Path) -> dict[str, Any]:
    head: dict[str, Any] = {"hosts": ",".join(play.hosts or ("all",)), "gather_facts": False, "strategy": play.strategy}
    if play.serial:
        head["serial"] = list(play.serial)
    return {**head, "tasks": [_task(step, folder, str(number)) for number, step in enumerate(play.steps)]}


def _task(step: Step, folder: Path, place: str) -> dict[str, Any]:
    match step:
        case Include():
            names = [f"{place}-{turn}.yml" for turn in range(len(step.files))]
            for name, file in zip(names, step.files, strict=True):
                tasks = [_task(one, folder, f"{name}-{number}") for number, one in enumerate(file)]
                (folder / name).write_text(yaml.safe_dump(tasks, sort_keys=False), encoding="utf-8")
            return {"name": step.name, "include_tasks": "{{ fichier }}", "loop": names, "loop_control": {"loop_var": "fichier"}}
        case Run():
            return _run_task(step)
        case Wait():
            return {
                "name": step.name,
                "async_status": {"jid": "{{ un.ansible_job_id }}"},
                "loop": f"{{{{ {_register(step.of)}.results | default([{_register(step.of)}]) }}}}",
                "loop_control": {"loop_var": "un"},
                **_until("etat is finished", "etat", step),
            }
        case Room():
            count = "grep -l '\"finished\": false' ~/.ansible_async/* 2>/dev/null | wc -l"
            return {"name": step.name, "shell": count, **_until(f"compte.stdout | int < {step.size}", "compte", step)}
        case Local(once=True):
            return {"name": step.name, "pause": {"seconds": int(step.seconds)}}
        case Local():
            return {"name": step.name, "debug": {"msg": step.name}}


def _run_task(step: Run) -> dict[str, Any]:
    works = (step.seconds,) if step.items is None else step.items
    # No work is what the calibration calls so. Of the sleeps, the command module takes some a second late (docs/mesures.md).
    program = "/bin/sleep {{ secondes[item][inventory_hostname] }}" if any(works) else "/bin/true"
    task: dict[str, Any] = {"name": step.name, "command": program}
    task["vars"] = {"secondes": [_by_host(work) for work in works]}
    if step.items is None:
        task["vars"]["item"] = 0
    else:
        task["loop"] = list(range(len(works)))
    if step.limit is not None:
        task |= {"async": int(step.limit), "poll": int(step.poll)}
    if step.throttle:
        task["throttle"] = step.throttle
    return {**task, "register": _register(step.name)}


def _by_host(work: Work) -> dict[str, float]:
    return {host: float(work.get(host, 0.0)) if isinstance(work, dict) else float(work) for host in HOSTS}


def _until(condition: str, register: str, step: Wait | Room) -> dict[str, Any]:
    return {"register": register, "until": condition, "retries": step.retries, "delay": int(step.delay)}


def _register(name: str) -> str:
    return "r_" + "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each plan")
    parser.add_argument("--calm", type=float, default=0.0, metavar="SECONDS", help="how long a run may wait for a calm machine")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="these plans only")
    return parser.parse_args()


if __name__ == "__main__":
    main()
