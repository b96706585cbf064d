"""The nodes that one answer runs on: a lab made for it, and gone with it."""

from __future__ import annotations

import fcntl
import shutil
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from grader.errors import GraderError
from labs import paths
from labs.image import build
from labs.lab import OWNER_LOCK, Lab

PREFIX = "note-"
_TURN = "note.lock"  # held for a moment, so that nobody sweeps a lab away before its own lock is held
_proven: set[tuple[str, ...]] = set()  # the walls behind which Ansible was seen to work: to look again costs three small programs each time


@contextmanager
def fresh(count: int, *, isolated: bool = False, walled: bool = False) -> Iterator[Lab]:
    """``count`` new nodes, removed afterwards whatever happens. What a killed grading left behind is removed first.

    ``isolated``: each must be a machine of its own; GraderError where this machine can have no such nodes.
    ``walled``: behind the walls that an answer needs which nobody vouches for; LabError where there are none.
    """
    lab = Lab(f"{PREFIX}{uuid.uuid4().hex[:8]}", walled=walled)
    if isolated and not lab.engine.isolated:
        raise GraderError(
            "Cet exercice a besoin de conteneurs, et le labo embarqué n'en a pas : ses nœuds partagent les fichiers de cette machine.",
            "Rien n'a été noté. Installez podman (« sudo apt-get install podman »), puis relancez « ./start ».",
        )
    with ExitStack() as held:
        try:
            with _turn():
                _sweep()
                held.enter_context(lab.owned())
                _ensure_images(lab)  # made once, however many ask for them together
            lab.up(count)
            yield lab
        except BaseException:
            _proven.clear()  # whatever went wrong, an image that is gone may be why: the next one looks again
            raise
        finally:
            _remove(lab)


@contextmanager
def _turn() -> Iterator[None]:
    """Gradings, of this process or another, set up their labs one after the other."""
    paths.STATE.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        _hold(paths.STATE / _TURN, held)
        yield


def _ensure_images(lab: Lab) -> None:
    if not lab.walled:
        build.ensure(lab.engine)
        return
    from labs.image import controller  # ansible-runner, which a grading without walls does not need yet

    walls = (lab.engine.name, *lab.containers.lone_options())
    if walls not in _proven:
        controller.ensure(lab.containers)
        _proven.add(walls)


def _hold(path: Path, held: ExitStack) -> None:
    fcntl.flock(held.enter_context(path.open("w")), fcntl.LOCK_EX)


def _sweep() -> None:
    for lock_file in paths.STATE.glob(f"{PREFIX}*/{OWNER_LOCK}"):
        # Somebody else may be sweeping it, or have just finished.
        with suppress(FileNotFoundError, BlockingIOError), lock_file.open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if lock_file.exists():  # or its owner has just removed it, and let go
                _remove(Lab(lock_file.parent.name))


def _remove(lab: Lab) -> None:
    from labs.jobs import sweep  # psutil, which a grading without nodes does not need

    sweep.reap(lab.directory / "runs")
    lab.down()
    shutil.rmtree(lab.directory, ignore_errors=True)
