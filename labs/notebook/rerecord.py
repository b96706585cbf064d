"""Runs, on a lab, what the lessons show recorded, and keeps the Timelines in notebooks/runs/."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, Any

from labs import paths
from labs.errors import LabError
from labs.inventory import write_atomically
from labs.jobs.command import Playbook, words
from labs.lab import Lab
from labs.notebook import asking, jobfiles, magic_cells, panel, recordings
from labs.notebook.commandline import CommandLine
from labs.notebook.jobfiles import Follower
from labs.recording import record
from labs.timeline import store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labs.recording import Recording
    from labs.timeline.model import Timeline

PATIENCE = 60.0  # seconds: no recorded run is that long
GLANCE = 0.05  # seconds between two looks at a run under way


def all_runs(lab_name: str, prefix: str = "") -> None:
    """Make anew the runs of notebooks/sources/runs.yml whose names begin with ``prefix``, each on new nodes.

    Raises LabError when the lab cannot.
    """
    lab = Lab(lab_name)
    for name, recipe in recordings.recipes().items():
        if name.startswith(prefix):
            lab.reset()
            print(f"{name} : {one(lab, name, recipe).status}")


def one(lab: Lab, name: str, recipe: Mapping[str, Any]) -> Timeline:
    """Make one run, after the one that it follows if there is such, and keep what its recipe says."""
    values = {"jid": _jid(lab, recipe["before"])} if "before" in recipe else {}
    command = _of_cell(recipe["playbook_cell"]) if "playbook_cell" in recipe else CommandLine(recipe["command"]).command(values)
    recording = record(lab, command, linger=asking.LINGER if "before" in recipe else panel.LINGER)
    follower = Follower(lab, recipe["file"]) if "file" in recipe else None
    timeline = _followed(recording, follower, **recipe.get("cut", {}))
    recordings.path(name).parent.mkdir(exist_ok=True)
    store.save(timeline, recordings.path(name))
    if recipe.get("printed"):
        # Ansible names files by their whole path: here, from the course's own folder.
        _keep(recordings.printed_path(name), recording.stdout.replace(f"{paths.ROOT}/", "") + "\n")
    if follower:
        _keep(recordings.versions_path(name), jobfiles.dumped(follower.path, follower.versions))
    return timeline


def _of_cell(name: str) -> Playbook:
    """What the ``%%playbook`` cell of this name runs, its text written to a file of its own."""
    cell = magic_cells.playbook(name)
    file = paths.STATE / "cellules" / f"{name}.yml"
    write_atomically(file, cell.body + "\n")
    _, *options = words(cell.line)
    return Playbook.parse(shlex.join([str(file), *options]), paths.ROOT)


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text)


def _jid(lab: Lab, line: str) -> str:
    """Launch jobs that a run is about; the jid of the first node's."""
    timeline = record(lab, CommandLine(line).command({}), linger=0).wait(PATIENCE)
    return timeline.on(lab.nodes[0])[-1].id


def _followed(recording: Recording, follower: Follower | None, node: str | None = None, after: float = 0.0) -> Timeline:
    """A run to its end. The link of ``node``, if one is named, is cut ``after`` seconds of its first job."""
    if node is not None:
        _await_job(recording, node, after)
        recording.lab.cut(node)
    deadline = time.monotonic() + PATIENCE
    while recording.alive and time.monotonic() < deadline:
        if follower:
            follower.look(recording.timeline())
        time.sleep(GLANCE)
    if recording.alive:
        recording.cancel()
        title = recording.command.title
        raise LabError(f"« {title} » n’est pas fini au bout de {PATIENCE:.0f} s.", "Vérifiez le labo avec « labs status ».")
    timeline = recording.wait()
    if follower:
        follower.look(timeline)
    return timeline


def _await_job(recording: Recording, node: str, after: float) -> None:
    """Return ``after`` seconds of the first job of ``node``; LabError when the run ends before."""
    while recording.alive:
        timeline = recording.timeline()
        if any(job.start is not None and timeline.end - job.start >= after for job in timeline.on(node)):
            return
        time.sleep(GLANCE)
    raise LabError(f"Le job de {node} n’a pas duré {after:.0f} s.", "Revoyez la durée dans notebooks/sources/runs.yml.")
