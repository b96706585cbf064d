"""What grading many copies costs: answers without a run, answers on nodes for several ``--jobs``, 500 copies, and nbgrader beside.

    python benchmarks/grading.py quick                     # grader --help, answers that need no run
    python benchmarks/grading.py many [--sizes 125 250 500]  # copies of values: time and memory as their number grows
    python benchmarks/grading.py nodes [--copies 40] [--jobs 1 4 8 16] [--lab-nodes N] [--together]
    python benchmarks/grading.py nbgrader --venv FOLDER [--copies 40] [--lab-nodes N]
    python benchmarks/grading.py bare [--copies 40] [--jobs 1 4 8 16] [--lab-nodes N]

Copies for ``nodes``, ``nbgrader`` and ``bare`` are the answers that « lots-deux » and « pb-patienter » keep, right and wrong, over and over.
Memory is the PSS of the grader and of all that it started, without the nodes, divided by the labs that were up. nbgrader (0.9.6, in an
environment of its own) runs, one copy after the other, notebooks whose one cell launches the same playbook by the same ansible-playbook, on a
lab of as many nodes. ``bare`` launches these playbooks and does nothing else, so many at once, on as many labs that are up already: no grader
that plays them can be quicker. ``--lab-nodes`` gives the two exercises another number of nodes than theirs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory
from threading import Event, Thread

import psutil

from grader import catalog, parameters
from grader.copies.admission import Gate, Load
from grader.copies.batch import Batch, LearnerFrom
from grader.copies.course import Course
from grader.copies.engines import Here
from grader.copies.intake import find
from grader.copies.records import Store
from grader.nodes import PREFIX
from labs import paths
from labs.lab import Lab

EXERCISES = ("lots-deux", "pb-patienter")
GRADER = [sys.executable, "-m", "grader.cli"]
TICK = 0.5  # seconds between two looks at memory


def main() -> None:
    options = _options()
    with TemporaryDirectory(prefix="mesure-") as scratch:
        {"quick": _quick, "many": _many, "nodes": _nodes, "nbgrader": _nbgrader, "bare": _bare}[options.what](options, Path(scratch))


# -- without a run


def _quick(_: argparse.Namespace, scratch: Path) -> None:
    print(f"grader --help: {statistics.median(_help() for _ in range(10)):.3f} s (median of 10)")
    not_yaml, broken = "- hosts: all\n  tasks: [\n", "[defaults\npoll_interval = 3\n"
    for exercise_id, name, text in (
        ("sync-lire", "value", "duree: 20\ntache: Sauvegarder\nnoeud: node3\n"),
        ("poll-defaut", "config syntax", broken),
        ("lots-deux", "not YAML", not_yaml),
    ):
        folder = scratch / exercise_id
        _write(folder, exercise_id, itertools.repeat(text), 200)
        seconds = _graded_here(folder, scratch / f"{exercise_id}-out", exercise_id)
        print(f"{name} ({exercise_id}): {1000 * seconds / 200:.1f} ms an answer, from the intake to its record")


def _help() -> float:
    started = time.perf_counter()
    subprocess.run([*GRADER, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


class _Quiet:
    """A watcher that shows nothing, and a meter that finds the machine idle."""

    def planned(self, *_: int) -> None: ...

    def waiting(self, _: str) -> None: ...

    def judged(self, *_: object) -> None: ...

    def load(self) -> Load:
        return Load(0, 0, 1 << 40)


def _graded_here(copies: Path, out: Path, exercise_id: str) -> float:
    """Seconds for reading and judging all, the exercise loaded before."""
    course = Course(only=[exercise_id])
    started = time.perf_counter()
    found = list(find(copies, course, out / "atelier", out, print))
    Batch(course, Store(out), _Quiet(), Event(), Here(1, Gate(_Quiet()))).grade(found, LearnerFrom.NAME)
    return time.perf_counter() - started


def _many(options: argparse.Namespace, scratch: Path) -> None:
    texts = [
        f"duree: {15 + n % 8}\ntache: {t}\nnoeud: node{1 + n % 3}\n" for n in range(24) for t in ("Préparer", "Sauvegarder", "Vérifier")
    ]
    for size in options.sizes:
        folder = scratch / f"{size}"
        _write(folder, "sync-lire", itertools.cycle(texts), size)
        started, peak = time.perf_counter(), 0
        with subprocess.Popen(
            _command(folder, scratch / f"{size}-out", 1), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as grading:
            process = psutil.Process(grading.pid)
            while grading.poll() is None:
                peak = max(peak, process.memory_info().rss if process.is_running() else 0)
                time.sleep(0.05)
        seconds = time.perf_counter() - started
        print(
            f"{size} copies: {seconds:.1f} s, {1000 * seconds / size:.0f} ms a copy, peak {peak / 1e6:.0f} MB (pages and sheets included)",
            flush=True,
        )


# -- on nodes


@dataclass
class _Seen:
    """What was sampled while a grading went on: bytes a running copy, and how busy the processors were, from 0 to 100."""

    pss: list[float]
    busy: float = 0.0


def _nodes(options: argparse.Namespace, scratch: Path) -> None:
    exercises = _exercises(options, scratch)
    for batch in (EXERCISES,) if options.together else [(one,) for one in EXERCISES]:
        name, count = " + ".join(batch), options.copies // len(EXERCISES) * len(batch)
        for exercise_id in batch:
            _write(scratch / name, exercise_id, itertools.cycle(_answers(exercise_id)), count // len(batch))
        asked = [f"--exercise={exercise_id}" for exercise_id in batch]
        marks = {}
        for jobs in options.jobs:
            out = scratch / f"{name}-{jobs}"
            seconds, seen = _sampled(_command(scratch / name, out, jobs, *asked, "--exercices", str(exercises)))
            marks[jobs] = {one["name"]: one["total"] for one in json.loads((out / "notes.json").read_text())["copies"]}
            memory = f"{statistics.mean(seen.pss) / 1e6:.0f} MB" if seen.pss else "?"
            print(
                f"{name}, --jobs {jobs}: {seconds:.0f} s for {count} ({seconds / count:.1f} s each), processors {seen.busy:.0f} % busy, "
                f"{memory} a running copy",
                flush=True,
            )
        same = all(one == marks[options.jobs[0]] for one in marks.values())
        print(f"{name}: verdicts {'identical' if same else 'NOT identical'} for --jobs {', '.join(map(str, options.jobs))}", flush=True)


def _sampled(command: list[str]) -> tuple[float, _Seen]:
    seen, done = _Seen([]), Event()
    psutil.cpu_percent()
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as grading:
        sampler = Thread(target=_sample, args=(psutil.Process(grading.pid), seen, done))
        sampler.start()
        grading.wait()
        done.set()
        sampler.join()
    seen.busy = psutil.cpu_percent()
    return time.perf_counter() - started, seen


def _sample(process: psutil.Process, seen: _Seen, done: Event) -> None:
    while not done.wait(TICK):
        labs = len(list(paths.STATE.glob(f"{PREFIX}*/inventory.yml")))
        if labs:
            seen.pss.append(sum(_pss(one) for one in (process, *process.children(recursive=True))) / labs)


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:
        return 0


# -- nbgrader


def _nbgrader(options: argparse.Namespace, scratch: Path) -> None:
    import nbformat

    environment = os.environ | {"PATH": f"{options.venv / 'bin'}:{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    for exercise_id in EXERCISES:
        lab = Lab(f"mesure-{os.getpid()}")
        with lab.for_now(_lab_nodes(options, exercise_id)):
            count = options.copies // len(EXERCISES)
            course = scratch / exercise_id
            for number, answer in zip(range(count), itertools.cycle(_answers(exercise_id)), strict=False):
                folder = scratch / "answers" / exercise_id / f"{number}"
                _put(answer, folder, exercise_id)
                run = _playing(folder, exercise_id, lab)
                cell = nbformat.v4.new_code_cell(f"import subprocess\nassert subprocess.run({run!r}, capture_output=True).returncode == 0")
                cell.metadata["nbgrader"] = {
                    "grade": True, "solution": False, "locked": True, "schema_version": 3, "grade_id": "note", "points": 1, "task": False,
                }  # fmt: skip
                for place in ("source", f"submitted/{number}") if number == 0 else (f"submitted/{number}",):
                    target = course / place / "devoir"
                    target.mkdir(parents=True)
                    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), target / "devoir.ipynb")
            subprocess.run(
                ["nbgrader", "generate_assignment", "devoir", "--force"], cwd=course, env=environment, check=True, capture_output=True
            )
            started = time.perf_counter()
            subprocess.run(["nbgrader", "autograde", "devoir", "--force"], cwd=course, env=environment, check=True, capture_output=True)
            seconds = time.perf_counter() - started
            print(f"{exercise_id}, nbgrader: {seconds:.0f} s for {count} copies ({seconds / count:.1f} s each)", flush=True)


# -- the playbooks alone


def _bare(options: argparse.Namespace, scratch: Path) -> None:
    for exercise_id in EXERCISES:
        count = options.copies // len(EXERCISES)
        for jobs in options.jobs:
            with ExitStack() as held, ThreadPoolExecutor(jobs) as pool:
                free: Queue[Lab] = Queue()
                for number in range(jobs):
                    lab = Lab(f"mesure-{os.getpid()}-{number}")
                    held.enter_context(lab.for_now(_lab_nodes(options, exercise_id)))
                    free.put(lab)
                folders = [scratch / f"{exercise_id}-{jobs}" / f"{number}" for number in range(count)]
                for folder, answer in zip(folders, itertools.cycle(_answers(exercise_id)), strict=False):
                    _put(answer, folder, exercise_id)
                psutil.cpu_percent()
                started = time.perf_counter()
                list(pool.map(lambda folder: _play(folder, exercise_id, free), folders))  # noqa: B023 - over before the next
                seconds, busy = time.perf_counter() - started, psutil.cpu_percent()
            print(
                f"{exercise_id}, {jobs} playbooks at once: {seconds:.0f} s for {count} ({seconds / count:.1f} s each), processors {busy:.0f} % busy",
                flush=True,
            )


def _play(folder: Path, exercise_id: str, free: Queue[Lab]) -> None:
    lab = free.get()
    subprocess.run(_playing(folder, exercise_id, lab), check=False, capture_output=True)  # wrong answers may fail
    free.put(lab)


def _playing(folder: Path, exercise_id: str, lab: Lab) -> list[str]:
    """The command that plays an answer with nobody to judge it."""
    program = Path(sys.executable).parent / "ansible-playbook"
    extra = json.dumps(dict(catalog.find(exercise_id).parameters))
    return [str(program), "-i", str(lab.inventory), str(folder / "answer.yml"), "-e", extra]


# -- copies


def _lab_nodes(options: argparse.Namespace, exercise_id: str) -> int:
    return options.lab_nodes or catalog.find(exercise_id).lab.nodes


def _exercises(options: argparse.Namespace, scratch: Path) -> Path:
    """A folder of the two exercises, on so many nodes as are asked for."""
    for exercise_id in EXERCISES:
        exercise = catalog.find(exercise_id)
        copy = shutil.copytree(exercise.folder, scratch / "exercises" / exercise_id) / "exercise.yml"
        told, other = f"nodes: {exercise.lab.nodes}\n", f"nodes: {_lab_nodes(options, exercise_id)}\n"
        text = copy.read_text()
        assert text.count(told) == 1
        copy.write_text(text.replace(told, other))
    return scratch / "exercises"


def _answers(exercise_id: str) -> list[Path]:
    folder = catalog.find(exercise_id).folder
    return [folder / "solution", *sorted((folder / "right").iterdir()), *sorted((folder / "wrong").iterdir())]


def _write(folder: Path, exercise_id: str, answers: Iterator[Path | str], count: int) -> None:
    """So many copies in a folder, each of them a folder."""
    for number, answer in zip(range(count), answers, strict=False):
        target = folder / f"copie {number:03}" / exercise_id
        if isinstance(answer, str):
            target.mkdir(parents=True)
            (target / ("ansible.cfg" if answer.startswith("[") else "answer.yml")).write_text(answer)
        else:
            _put(answer, target, exercise_id)


def _put(answer: Path, target: Path, exercise_id: str) -> None:
    """An answer that the exercise keeps, as the first of its learners would have written it."""
    shutil.copytree(answer, target)
    parameters.fill_folder(target, catalog.find(exercise_id).parameters)


def _command(copies: Path, out: Path, jobs: int, *more: str) -> list[str]:
    return [*GRADER, "grade", str(copies), "--out", str(out), "--jobs", str(jobs), "--learner-from", "aucun", *more]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["quick", "many", "nodes", "nbgrader", "bare"])
    parser.add_argument("--sizes", type=int, nargs="+", default=[125, 250, 500])
    parser.add_argument("--copies", type=int, default=40)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 4, 8, 16])
    parser.add_argument("--together", action="store_true", help="nodes: both exercises in one class, an answer to each from everyone")
    parser.add_argument("--lab-nodes", type=int, help="in place of what the exercises say")
    parser.add_argument("--venv", type=Path, help="where nbgrader is installed")
    return parser.parse_args()


if __name__ == "__main__":
    main()
