"""The settings that Ansible would work under, and where each comes from: its own dump, for given variables and a given ansible.cfg."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from labs.errors import LabError

DUMP = ("dump", "--format", "json")
PLAIN = {"LC_ALL": "C.UTF-8", "ANSIBLE_NOCOLOR": "1"}
SHOWN_AS = "/config"
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
    tool = str(Path(sys.executable).parent / "ansible-config")
    return _read(_asked([tool, *DUMP], {**kept, **PLAIN, **(environment or {}), **chosen}))


def effective_behind_walls(config: Path) -> Effective:
    """The same of an ansible.cfg that nobody vouches for: even to read one, Ansible makes the folders that it names.

    Raises LabError where there are no walls.
    """
    from labs.engines import settings, walls
    from labs.engines.container import containers
    from labs.image import controller

    engine = containers(settings.choose(), walls.need_containers())
    image = controller.ensure(engine)
    with TemporaryDirectory(prefix="contrepoint-") as scratch:
        shown = Path(scratch, "shown")
        shown.mkdir(mode=0o755)
        shutil.copyfile(config, shown / "ansible.cfg")
        (shown / "ansible.cfg").chmod(0o644)
        variables = PLAIN | {"ANSIBLE_CONFIG": f"{SHOWN_AS}/ansible.cfg"}
        options = [
            *engine.lone_options(),
            f"--volume={shown}:{SHOWN_AS}:ro",
            *(f"--env={name}={value}" for name, value in variables.items()),
        ]
        return _read(_asked([engine.name, "run", "--rm", *options, image, "ansible-config", *DUMP], os.environ | engine.environment))


def _asked(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    with TemporaryDirectory() as elsewhere:  # where no ansible.cfg lies about
        try:
            return subprocess.run(
                command,
                check=False,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                cwd=elsewhere,
                env=environment,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LabError(
                "«\u00a0ansible-config\u00a0» ne répond pas.",
                "Relancez\u00a0; si cela revient, refaites l’installation avec «\u00a0./start\u00a0».",
            ) from error


def _read(done: subprocess.CompletedProcess[str]) -> Effective:
    if done.returncode:
        refused = _REFUSED.search(done.stderr)
        return Effective(refusal=refused[1].strip() if refused else done.stderr.strip())
    return Effective({entry["name"]: Setting(entry["value"], entry["origin"]) for entry in json.loads(done.stdout) if "name" in entry})
