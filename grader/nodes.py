"""The nodes that one answer runs on: a lab made for it, and gone with it."""

from __future__ import annotations

import fcntl
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from labs import paths
from labs.lab import Lab

PREFIX = "note-"
_LOCK = "grading.lock"  # held for as long as the grading lives: the kernel lets go of it however the process ends


@contextmanager
def fresh(count: int) -> Iterator[Lab]:
    """``count`` new nodes, removed afterwards whatever happens. What a killed grading left behind is removed first."""
    _sweep()
    lab = Lab(f"{PREFIX}{uuid.uuid4().hex[:8]}")
    lab.directory.mkdir(parents=True)
    with (lab.directory / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            lab.up(count)
            yield lab
        finally:
            _remove(lab)


def _sweep() -> None:
    for lock_file in paths.STATE.glob(f"{PREFIX}*/{_LOCK}"):
        # Somebody else may be sweeping it, or have just finished.
        with suppress(FileNotFoundError, BlockingIOError), lock_file.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(Lab(lock_file.parent.name))


def _remove(lab: Lab) -> None:
    lab.down()
    shutil.rmtree(lab.directory, ignore_errors=True)
