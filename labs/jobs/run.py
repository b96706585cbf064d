"""One run of Ansible through ansible-runner: start, events, cancel, and nothing left behind."""

from __future__ import annotations

import atexit
import errno
import os
import shlex
import shutil
import sys
import threading
import time
import uuid
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import ansible_runner

from labs.errors import LabError
from labs.jobs import sweep
from labs.jobs.command import AdHoc, Command
from labs.jobs.events import Event, typed
from labs.jobs.walled import WalledController
from labs.lab import Lab

NO_PROGRAM = 127  # the exit code of a command that is not there
CONTROL_PATH_ROOM = 60  # bytes of a socket's path (108 at most) that ssh needs for itself
ENDED_BY_HAND = "canceled"  # ansible-runner's word


class Job:
    """A command on a lab. ``sink`` is called with each typed event, from the runner's thread: it must be quick.

    ``status`` is ansible-runner's: "starting", "running", then "successful", "failed", "canceled" or "error".
    """

    def __init__(self, lab: Lab, command: Command, sink: Callable[[Event], None]) -> None:
        self.lab = lab
        self.command = command
        self.id = uuid.uuid4().hex[:12]
        self.status = "starting"
        self.rc: int | None = None
        self.ended: float | None = None  # epoch seconds
        self._sink = sink
        self._output: list[str] = []
        self._cancelled = threading.Event()
        self._folder = lab.directory / "runs" / self.id
        self._controller = WalledController(lab, self.id, self._folder) if lab.walled else None
        self._thread = threading.Thread(target=self._run, name=f"ansible-{self.id}", daemon=True)

    def start(self) -> None:
        sweep.reap(self._folder.parent)
        try:
            sweep.claim(self._folder)
        except OSError as error:
            raise _unwritable(self._folder.parent, error) from error
        _running.add(self)
        self._thread.start()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def stdout(self) -> str:
        """What Ansible has printed so far."""
        return "\n".join(self._output)

    def wait(self, timeout: float | None = None) -> None:
        self._thread.join(timeout)

    def cancel(self) -> None:
        """End the controller's processes and this run's jobs on the nodes; returns when they are gone."""
        self._cancelled.set()
        # A worker may have forked between the look and the kill: look until there is nothing and the runner has noticed.
        while sweep.kill_controller(self.id) or self.alive:
            self._thread.join(0.1)
            if self._controller:
                self._controller.remove()
        try:
            with ThreadPoolExecutor() as pool:
                list(pool.map(self._sweep_node, self.lab.nodes))
        except RuntimeError:  # the interpreter is on its way out, and lets no thread start: one node after the other
            for node in self.lab.nodes:
                self._sweep_node(node)

    def _sweep_node(self, node: str) -> None:
        with suppress(LabError):  # a dead node runs no job
            sweep.kill_on_node(self.lab, node, self.id)

    def _run(self) -> None:
        try:
            runner = ansible_runner.interface.init_runner(
                private_data_dir=str(self._controller.seen if self._controller else self._folder),
                envvars=self._environment(),
                event_handler=self._on_event,
                cancel_callback=self._cancelled.is_set,
                suppress_env_files=True,
                quiet=True,
                **(self._controller.arguments(self.command) if self._controller else _arguments(self.command, self.lab)),
            )
            # Set here: the runner forgets the `settings` that it is given when there is no file of them.
            runner.config.suppress_output_file = True  # left open when a run ends badly; events carry the output
            runner.config.pexpect_timeout = 1  # seconds; it looks at its cancel flag between two reads of the terminal
            if self._controller:
                self._controller.enclose(runner, self._on_event)
            self.status = "running"
            runner.run()
            self.rc = runner.rc
            self.status = ENDED_BY_HAND if self._cancelled.is_set() else runner.status
            if self.rc == NO_PROGRAM:  # which the runner calls a failed run
                self.status = "error"
                self._output.append("Ansible est introuvable : « ./start » l'installe.")
        except OSError as error:
            self.status = "error"
            self._output.append(str(_unwritable(self._folder.parent, error)))
        except Exception as error:  # noqa: BLE001 - whatever the runner raises, the run is over and its reader must be told
            self.status = "error"
            self._output.append(f"{type(error).__name__}: {error}")
        finally:
            self.ended = time.time()
            if self._controller:
                with suppress(LabError):  # the lab that it belongs to will take it along
                    self._controller.remove()
            shutil.rmtree(self._folder, ignore_errors=True)
            _running.discard(self)

    def _on_event(self, raw: dict[str, Any]) -> bool:
        """Hand the event on; False: the runner need not write it to disk."""
        if raw.get("stdout"):
            self._output.append(raw["stdout"])
        for event in typed(raw):
            self._sink(event)
        return False

    def _environment(self) -> dict[str, str]:
        environment = {
            sweep.MARKER: self.id,
            # The node's process table then tells which run a module belongs to.
            "ANSIBLE_REMOTE_TMP": f"~/.ansible/tmp/{self.id}",
            # ansible-runner would turn it off; here the nodes' keys are known.
            "ANSIBLE_HOST_KEY_CHECKING": "True",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_FORCE_COLOR": "0",
            "LC_ALL": "C.UTF-8",
        }
        if self._controller:
            return environment | self._controller.environment(self.command)
        environment["ANSIBLE_SSH_CONTROL_PATH_DIR"] = str(_control_folder())
        environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        if not isinstance(self.command, AdHoc) and self.command.config:
            environment["ANSIBLE_CONFIG"] = str(self.command.config)
        return {**self.command.environment, **environment}


def _arguments(command: Command, lab: Lab) -> dict[str, Any]:
    """What tells ansible-runner the command line. The inventory goes with the options: it must not come between two playbooks."""
    inventories = [word for path in command.inventory or (str(lab.inventory),) for word in ("-i", path)]
    folder = {"project_dir": str(command.folder)} if command.folder else {}
    if isinstance(command, AdHoc):
        return {
            "module": command.module,
            "module_args": command.arguments,
            "host_pattern": command.pattern,
            "cmdline": shlex.join([*inventories, *command.options]),
            **folder,
        }
    *earlier, last = [str(path.resolve()) for path in (command.path, *command.following)]
    return {
        "playbook": last,
        "project_dir": str(command.path.resolve().parent),
        "extravars": dict(command.extra_vars),
        "cmdline": shlex.join([*inventories, *command.options, *earlier]),
        **folder,
    }


def _control_folder() -> Path:
    """Where ssh keeps its shared connections: a short path of the user's own, since a socket's path is short."""
    runtime = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/contrepoint-{os.getuid()}")  # noqa: S108 - made 0700 below
    folder = runtime / "cp" if len(str(runtime)) < CONTROL_PATH_ROOM else Path(f"/tmp/contrepoint-{os.getuid()}/cp")  # noqa: S108
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise LabError(f"Le dossier {folder} appartient à quelqu'un d'autre.", "Supprimez-le, ou définissez XDG_RUNTIME_DIR.")
    return folder


def _unwritable(folder: Path, error: OSError) -> LabError:
    if error.errno == errno.ENOSPC:
        return LabError("Le disque est plein : Ansible ne peut pas travailler.", "Libérez de la place, puis relancez.")
    return LabError(f"Impossible d'écrire dans {folder} ({error.strerror}).", "Vérifiez que ce dossier vous appartient, puis relancez.")


_running: weakref.WeakSet[Job] = weakref.WeakSet()


@atexit.register
def _cancel_all() -> None:
    """A kernel that shuts down takes its runs with it."""
    for job in list(_running):
        job.cancel()
