"""The settings that Ansible would work under, and where each comes from: its own dump, for given variables and a given ansible.cfg."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from labs.errors import LabError

PATIENCE = 60.0  # seconds: it takes half a second on a machine that has nothing else to do
_REFUSED = re.compile(r"^(?:\[ERROR\]|ERROR): *(.+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Setting:
    """``origin``, in Ansible's words: ``default``, ``env: ANSIBLE_…``, or the path of a file."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Effective:
    """Every setting by its name, such as DEFAULT_POLL_INTERVAL; or none, and in ``refusal`` what Ansible has against the configuration."""

    settings: Mapping[str, Setting] = field(default_factory=dict)
    refusal: str = ""


def effective(config: Path | None = None, environment: Mapping[str, str] | None = None) -> Effective:
    """Ask ``ansible-config``. Without ``config``, the files that Ansible finds for itself count; variables of this process never do.

    Raises LabError when it does not answer.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    chosen = {"ANSIBLE_CONFIG": str(config)} if config else {}
    tool = Path(sys.executable).parent / "ansible-config"
    with TemporaryDirectory() as elsewhere:  # where no ansible.cfg lies about
        try:
            done = subprocess.run(
                [tool, "dump", "--format", "json"],
                check=False,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                cwd=elsewhere,
                env={**kept, "LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1", **(environment or {}), **chosen},
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LabError(
                "«\u00a0ansible-config\u00a0» ne répond pas.",
                "Relancez\u00a0; si cela revient, refaites l’installation avec «\u00a0./start\u00a0».",
            ) from error
    if done.returncode:
        refused = _REFUSED.search(done.stderr)
        return Effective(refusal=refused[1].strip() if refused else done.stderr.strip())
    return Effective({entry["name"]: Setting(entry["value"], entry["origin"]) for entry in json.loads(done.stdout) if "name" in entry})
