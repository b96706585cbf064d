"""Runs, on a lab, what the lessons show recorded, and keeps the Timelines in notebooks/runs/."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from labs.errors import LabError
from labs.lab import Lab
from labs.notebook import recordings
from labs.notebook.commandline import CommandLine
from labs.recording import record
from labs.timeline import store

if TYPE_CHECKING:
    from labs.recording import Recording
    from labs.timeline.model import Timeline

PATIENCE = 60.0  # seconds: no recorded run is that long
GLANCE = 0.05  # seconds between two looks at a run under way


def all_runs(lab_name: str) -> None:
    """Make every run of notebooks/sources/runs.yml anew, each on new nodes. Raises LabError when the lab cannot."""
    lab = Lab(lab_name)
    for name, recipe in recordings.recipes().items():
        lab.reset()
        timeline = run(lab, recipe["command"], **recipe.get("cut", {}))
        recordings.path(name).parent.mkdir(exist_ok=True)
        store.save(timeline, recordings.path(name))
        print(f"{name} : {timeline.status}")


def run(lab: Lab, line: str, node: str | None = None, after: float = 0.0) -> Timeline:
    """Run a command line to its end. The link of ``node``, if one is named, is cut ``after`` seconds of its first job."""
    recording = record(lab, CommandLine(line).command({}))
    if node is not None:
        _await_job(recording, node, after)
        lab.cut(node)
    timeline = recording.wait(PATIENCE)
    if recording.alive:
        recording.cancel()
        raise LabError(f"« {line} » n’est pas fini au bout de {PATIENCE:.0f} s.", "Vérifiez le labo avec « labs status ».")
    return timeline


def _await_job(recording: Recording, node: str, after: float) -> None:
    """Return ``after`` seconds of the first job of ``node``; LabError when the run ends before."""
    while recording.alive:
        timeline = recording.timeline()
        if any(job.start is not None and timeline.end - job.start >= after for job in timeline.on(node)):
            return
        time.sleep(GLANCE)
    raise LabError(f"Le job de {node} n’a pas duré {after:.0f} s.", "Revoyez la durée dans notebooks/sources/runs.yml.")
