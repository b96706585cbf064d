"""The controller of an answer that nobody vouches for: ansible-runner's process isolation, with nothing of the host that a run could write to.

The container sees one folder, read-only: the answer, and the key and inventory made for it. What it says comes through its terminal, metered,
and is believed no more than any answer is: bounded, and no file is looked for at its word.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labs.errors import LabError
from labs.image import controller as image
from labs.jobs import meter
from labs.jobs.command import AdHoc, Command
from labs.lab import Lab

SEEN_AS = Path("/runner")  # where ansible-runner mounts the folder
MOST_OUTPUT = 16 * 1024**2  # bytes that a run may print, its events included
PRIVATE, READABLE, READABLE_FOLDER = 0o700, 0o644, 0o755


class NoWallsError(LabError):
    """The walls cannot be had: nothing is run without them."""

    def __init__(self) -> None:
        super().__init__("Les murs n'ont pas pu être montés autour de cette réponse.", "Rien n'a été exécuté : signalez-le.")


@dataclass(frozen=True, slots=True)
class WalledController:
    """The container of one run. ``folder`` is the run's own on the host; the container sees ``seen`` alone."""

    lab: Lab
    run: str
    folder: Path

    @property
    def seen(self) -> Path:
        return self.folder / "controller"

    @property
    def container(self) -> str:
        """The name that ansible-runner gives to the container of a run."""
        return f"ansible_runner_{self.run}"

    def arguments(self, command: Command) -> dict[str, Any]:
        """What tells ansible-runner the command line and its walls. Writes what the container is to see."""
        self._fill(command)
        told: dict[str, Any] = {
            "process_isolation": True,
            "process_isolation_executable": self.lab.engine.name,
            "container_image": image.tag(),
            "container_options": self.lab.controller_options(),
            "fact_cache_type": "",  # it would be kept in a folder that cannot be written
            "ident": self.run,
        }
        words: dict[str, Any]
        if isinstance(command, AdHoc):
            words = {"module": command.module, "module_args": command.arguments, "host_pattern": command.pattern}
        else:
            words = {"playbook": str(SEEN_AS / "project" / command.path.name), "extravars": dict(command.extra_vars)}
        return told | words | ({"cmdline": shlex.join(command.options)} if command.options else {})

    def environment(self, command: Command) -> dict[str, str]:
        """What the controller's environment holds beside what every run's does: nothing of the host's."""
        config = None if isinstance(command, AdHoc) else command.config
        return {
            "ANSIBLE_CALLBACK_PLUGINS": image.PLUGINS,
            # A whole path, which Ansible need not ask each node for at each task, and one that the controller may write to as well.
            "ANSIBLE_REMOTE_TMP": f"/tmp/.ansible/tmp/{self.run}",  # noqa: S108 - in containers of this run alone
        } | ({"ANSIBLE_CONFIG": str(SEEN_AS / "config" / "ansible.cfg")} if config else {})

    def enclose(self, runner: Any, on_event: Callable[[dict[str, Any]], object]) -> None:
        """Close what ansible-runner leaves open: its folder is mounted read-only, its output metered, its events taken from the terminal alone.

        Raises NoWallsError when the command is not the one that walls are made of.
        """
        command = list(runner.config.command)
        mount = f"{self.seen}/:{SEEN_AS}/:Z"
        if not runner.config.containerized or command[:2] != [self.lab.engine.name, "run"] or command.count(mount) != 1:
            raise NoWallsError
        command[command.index(mount)] = f"{mount},ro"
        settings = [f"{name}={value}" for name, value in self.lab.containers.environment.items()]
        # The engine stands in the run's own folder: of a container that is killed for its memory, its monitor writes a file where it stands.
        engine = ["env", f"--chdir={self.folder}", *settings, *command]
        runner.config.command = [sys.executable, "-I", "-S", meter.__file__, str(MOST_OUTPUT), *engine]
        runner.event_callback = on_event

    def remove(self) -> None:
        """End the container with all that runs in it; no error when it is gone already."""
        self.lab.engine.remove([self.container])

    def _fill(self, command: Command) -> None:
        self.folder.chmod(PRIVATE)
        project = self.seen / "project"
        if not isinstance(command, AdHoc):
            shutil.copytree(command.path.resolve().parent, project, symlinks=True)
            if command.config:
                (self.seen / "config").mkdir()
                shutil.copyfile(command.config, self.seen / "config" / "ansible.cfg")
        project.mkdir(parents=True, exist_ok=True)
        self.lab.write_for_controller(self.seen / "lab", SEEN_AS / "lab")
        (self.seen / "inventory").mkdir()
        (self.seen / "lab" / "inventory.yml").rename(self.seen / "inventory" / "inventory.yml")
        for path in (self.seen, *self.seen.rglob("*")):
            # ssh takes such a key, since it is not its user's own.
            path.chmod(READABLE_FOLDER if path.is_dir() else READABLE)
