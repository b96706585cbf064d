"""All labs of this machine that are this user's, whatever checkout they belong to, and the removal of what is nobody's any more."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from rich.table import Table

from labs.engines import settings
from labs.engines.base import Engine, NodeState
from labs.errors import LabError
from labs.jobs import sweep as runs
from labs.lab import OWNER_LOCK, Lab, is_ready
from labs.paths import STATE


@dataclass(frozen=True, slots=True)
class LabSeen:
    """A lab as an engine shows it. ``folder`` is None for one of an earlier version of the kit, about which nothing is known."""

    name: str
    engine: str
    folder: Path | None
    nodes: int
    running: int
    since: datetime | None  # None when no node is left of it


def seen() -> list[LabSeen]:
    """The labs that the engines of this machine show, in order of name and folder."""
    found = []
    for engine in _engines():
        for label, group in groupby(engine.all_nodes(), key=lambda node: node.lab):
            found.append(_summary(label.partition(".")[2], engine, list(group)))
    return sorted(found, key=lambda lab: (lab.name, str(lab.folder)))


def _summary(name: str, engine: Engine, nodes: list[NodeState]) -> LabSeen:
    running = sum(node.running for node in nodes)
    return LabSeen(name, engine.name, nodes[0].folder, len(nodes), running, min(node.since for node in nodes))


def table(labs: list[LabSeen]) -> Table:
    """A table for the terminal."""
    drawn = Table("Labo", "Moteur", "Nœuds", "État", "Depuis", "Dossier")
    for lab in labs:
        state = "prêt" if lab.running == lab.nodes else f"{lab.nodes - lab.running} à l'arrêt"
        if lab.folder and _why_nobodys(lab.folder):
            state = "abandonné"
        since = f"{lab.since.astimezone():%d/%m %H:%M}" if lab.since else ""
        drawn.add_row(lab.name, lab.engine, str(lab.nodes), state, since, str(lab.folder or "inconnu"))
    return drawn


def sweep() -> list[str]:
    """Remove labs whose owner is gone, and end jobs that no run answers for; a French sentence for each thing done."""
    done = []
    for engine in _engines():
        done += [sentence for lab in _labs_of(engine) if (sentence := _collect(lab))]
        done += _end_orphans(engine)
    done += [sentence for lab in _labs_on_disk() if (sentence := _collect(lab, shown=False))]
    return done


def _engines() -> Iterator[Engine]:
    for name in settings.ENGINES:
        engine = settings.named(name)
        if engine.found and not settings.complaint(engine):
            yield engine


def _labs_of(engine: Engine) -> list[Lab]:
    """Labs of which a node or a network is there."""
    folders = {node.folder for node in engine.all_nodes() if node.folder} | {owner.folder for _, owner in engine.networks()}
    return [Lab(folder.name, state=folder.parent, engine=engine) for folder in sorted(folders)]


def _labs_on_disk() -> list[Lab]:
    """Labs of this checkout of which a crash may have left the folder alone."""
    return [Lab(lock.parent.name) for lock in sorted(STATE.glob("*/lock"))]


def _collect(lab: Lab, *, shown: bool = True) -> str:
    """Remove a lab that is nobody's; empty when it is somebody's, or when someone is at it. ``shown``: the engine shows something of it."""
    if not _why_nobodys(lab.directory, shown=shown):
        return ""
    if not lab.directory.exists():  # and so there is no lock, and nobody to wait for
        lab.dismantle()
        return f"Labo {lab.name} supprimé : son dossier {lab.directory} a disparu."
    with suppress(BlockingIOError), lab.lock(wait=False):
        if reason := _why_nobodys(lab.directory, shown=shown):  # asked again, since nothing can change now
            runs.reap(lab.directory / "runs")
            lab.dismantle()
            shutil.rmtree(lab.directory, ignore_errors=True)
            return f"Labo {lab.name} supprimé : {reason}."
    return ""


def _why_nobodys(folder: Path, *, shown: bool = True) -> str:
    """Why a lab is nobody's, in French; empty when it may be somebody's."""
    if _is_free(folder / OWNER_LOCK):
        return "le programme qui l'avait démarré s'est arrêté"
    if not folder.exists():
        return "son dossier a disparu"
    # ``down`` leaves a folder with measures for the next ``up``, and no key.
    left = (folder / "lab.json").exists() or (folder / "key").exists() or shown
    return "son démarrage a été interrompu" if left and not is_ready(folder) else ""


def _is_free(lock: Path) -> bool:
    """Whether a lock that was held by a lab's owner is held no more."""
    try:
        with lock.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or never there
        return False
    return True


def _end_orphans(engine: Engine) -> list[str]:
    """End, on the nodes of labs in service, what runs of dead owners left and what its watchdog missed."""
    done = []
    for lab in _labs_of(engine):
        dead = runs.dead(lab.directory / "runs")
        for node in lab.nodes:
            with suppress(LabError):  # a stopped node runs no job
                ended = sum(runs.kill_on_node(lab, node, run) for run in dead) + runs.kill_orphans(lab, node)
                if ended:
                    done.append(f"{lab.name}, {node} : {ended} processus sans maître terminés.")
        runs.reap(lab.directory / "runs")
    return done
