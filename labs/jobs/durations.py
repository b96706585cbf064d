"""How long each command took on a lab when it last went well: what a progress bar can be drawn from."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from labs.errors import LabError
from labs.inventory import write_atomically
from labs.jobs.command import AdHoc, Command
from labs.lab import Lab

FILE = "durations.json"
MOST = 200  # commands remembered, the oldest being forgotten first


def last(lab: Lab, command: Command) -> float | None:
    """Seconds that the same command took on as many nodes when it last went well; None when that is not known."""
    return _read(lab).get(_key(lab, command))


def keep(lab: Lab, command: Command, seconds: float) -> None:
    """Remember how long a command took. What cannot be written is not remembered: no run fails for that."""
    known = _read(lab)
    key = _key(lab, command)
    known.pop(key, None)
    known[key] = round(seconds, 2)
    try:
        write_atomically(lab.directory / FILE, json.dumps(dict(list(known.items())[-MOST:]), indent=1) + "\n")
    except (OSError, LabError):
        return


def _read(lab: Lab) -> dict[str, float]:
    try:
        known = json.loads((lab.directory / FILE).read_text(encoding="utf-8"))
        return {str(key): float(seconds) for key, seconds in known.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _key(lab: Lab, command: Command) -> str:
    """The command as typed, and the text of its playbook: one that was edited since is another."""
    content = b"" if isinstance(command, AdHoc) else _bytes(command.path)
    told = f"{len(lab.nodes)} {command.line} ".encode() + content
    return hashlib.sha256(told).hexdigest()[:16]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
