"""The exercise's own files as one run needs them: copied aside, with this learner's values in them."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from grader import parameters
from grader.errors import ExerciseError

if TYPE_CHECKING:
    from grader.spec import Exercise
    from labs.lab import Lab

ANSWERS = (
    "start",
    "solution",
    "right",
    "wrong",
    "runs",
)  # folders of answers, and of their runs: no verdict on another one depends on them
UNSEEN = (*ANSWERS, "exercise.yml")  # what no run needs: answers, and what is asked of them
PREPARE_SECONDS = 300.0  # that a preparation may last
TICK = 0.1  # seconds


@contextmanager
def copied(exercise: Exercise) -> Iterator[Path]:
    """A folder with the exercise's playbooks and what lies beside them, for as long as the context lives."""
    with TemporaryDirectory(prefix="contrepoint-exercice-") as scratch:
        folder = Path(scratch) / exercise.id
        shutil.copytree(exercise.folder, folder, ignore=shutil.ignore_patterns(*UNSEEN))
        parameters.fill_folder(folder, exercise.parameters)
        yield folder


def prepare(exercise: Exercise, playbook: Path, lab: Lab, heed: Callable[[], None]) -> None:
    """Run the exercise's preparation on fresh nodes; ``heed`` is called often, and may raise to give up.

    Raises ExerciseError when it does not succeed: nobody's answer is to blame.
    """
    from labs.jobs.command import Playbook
    from labs.jobs.run import Job

    job = Job(lab, Playbook(playbook, extra_vars=exercise.parameters), lambda _: None)
    job.start()
    deadline = time.monotonic() + PREPARE_SECONDS
    try:
        while job.alive and time.monotonic() < deadline:
            heed()
            job.wait(TICK)
    finally:
        if job.alive:
            job.cancel()
    if job.status != "successful":
        last = (job.stdout.strip().splitlines() or ["sans message"])[-1]
        raise ExerciseError(f"La préparation des nœuds ({playbook.name}) a échoué : {last}.", "Rien n'a été noté : recommencez.")
