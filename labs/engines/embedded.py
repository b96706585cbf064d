"""The embedded lab, for machines where nothing may be installed: each node is an SSH server of this machine, with a home of its own.

A node is a record and a folder of the same name in the user's store; its processes are those that carry its folder in their environment.
It runs as the user does, with the machine's programs, files and network: what it therefore cannot do is in ``CANNOT``.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from ipaddress import IPv4Network
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import psutil

from labs.engines.base import Completed, HostKey, Network, NodeSpec, NodeState, Owner
from labs.engines.embedded_node import BESIDE, MARK, NodeFolder
from labs.errors import LabError
from labs.paths import ROOT

STORE = (Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "contrepoint").resolve()
SERVER = ("-m", "labs.engines.embedded_sshd")
STARTING_SECONDS = 60.0
ENDING_SECONDS = 20.0

CANNOT = (
    "installer des paquets (apt), démarrer des services ni changer d'utilisateur : les nœuds ont vos droits, et rien de plus",
    "isoler les nœuds : ils voient les fichiers, les processus et le réseau de cette machine, et ont /tmp en commun",
    "limiter la mémoire ou le processeur d'un nœud",
)


class Embedded:
    """The engine that needs neither container nor privilege."""

    name = "embedded"
    isolated = False
    # No user is named: Ansible would ask the machine for that user's home, where the node's is wanted.
    ansible_variables: Mapping[str, str] = {"ansible_python_interpreter": "python3"}

    @property
    def found(self) -> bool:
        return find_spec("asyncssh") is not None

    def version(self) -> str:
        if not self.found:
            raise LabError("La bibliothèque asyncssh manque : le labo embarqué ne peut pas démarrer.", "Relancez « ./start ».")
        if not Path("/proc/self/environ").exists():
            raise LabError(
                "Le labo embarqué a besoin de /proc, que ce système n'a pas.",
                "Installez podman ou Docker : le labo tournera dans leur Linux.",
            )
        return metadata.version("asyncssh")

    def home(self, name: str) -> str:
        return str(_folder(name).home)

    # -- nodes

    def nodes(self, lab: str) -> list[NodeState]:
        return [node for node in self.all_nodes() if node.lab == lab]

    def all_nodes(self) -> list[NodeState]:
        found = [_state(record) for path in STORE.glob("*.json") if (record := _read(path))]
        return sorted(found, key=lambda node: (node.lab, len(node.hostname), node.hostname))

    def create(self, spec: NodeSpec, host_key: HostKey) -> int:
        self.remove([spec.name])  # what a crash may have left under this name
        # The record is there from before the folder until after it: nothing of a node can be lost from sight.
        _write_record(spec, host_key)
        folder = _folder(spec.name)
        folder.path.mkdir(mode=0o700, parents=True)
        folder.home.mkdir()
        folder.temporary.mkdir()
        folder.python.parent.mkdir()
        folder.python.symlink_to(sys.executable)
        folder.authorized_keys.write_text(spec.authorized_key + "\n")
        folder.host_key.touch(mode=0o600)
        folder.host_key.write_text(host_key.private)
        return self._serve(folder)

    def start(self, name: str) -> None:
        self._serve(_folder(name))

    def _serve(self, folder: NodeFolder) -> int:
        """Start a node's server; the port where it takes connections from now on."""
        done = subprocess.run(
            _server(folder),
            cwd=ROOT,
            env=_server_environment(folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=STARTING_SECONDS,
            start_new_session=True,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["sans message"])[-1]
            raise LabError(
                f"Le serveur SSH d'un nœud n'a pas démarré : {last}", "Lancez « labs reset » ; si cela persiste, « labs doctor »."
            )
        return int(done.stdout)

    def start_later(self, name: str, seconds: float) -> None:
        folder = _folder(name)
        subprocess.run(
            ["sh", "-c", '(sleep "$1"; shift; exec "$@") &', "sh", str(seconds), *_server(folder)],
            cwd=ROOT,
            env=_server_environment(folder),  # whoever removes the node meanwhile ends this as well
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=True,
        )

    def kill(self, name: str) -> None:
        folder = _folder(name)
        deadline = time.monotonic() + ENDING_SECONDS
        while living := _processes(folder):
            for process in living:
                with suppress(psutil.Error):
                    process.send_signal(signal.SIGKILL)
            if time.monotonic() > deadline:
                raise LabError(f"Des processus de {name.rsplit('-', 1)[-1]} ne se terminent pas.", "Attendez un instant, puis recommencez.")
            time.sleep(0.01)

    def remove(self, names: Sequence[str]) -> None:
        for name in names:
            self.kill(name)
            shutil.rmtree(_folder(name).path, ignore_errors=True)
            _record(name).unlink(missing_ok=True)
        with suppress(OSError):
            STORE.rmdir()  # once it is empty

    def clear(self, lab: str) -> None:
        self.remove([node.name for node in self.nodes(lab)])

    # -- networks: the nodes are on the machine's own

    def ensure_network(self, name: str, owner: Owner) -> Network:  # noqa: ARG002 - what the Protocol asks for
        return Network(name, IPv4Network("127.0.0.0/8"), "127.0.0.1")

    def networks(self) -> list[tuple[str, Owner]]:
        return []

    def fence(self, network: Network, image: str) -> None: ...

    def unfence(self, network: str, image: str) -> None: ...

    def remove_network(self, network: str, image: str) -> None: ...

    # -- inside a node

    def execute(self, name: str, argv: Sequence[str], data: bytes = b"") -> Completed:
        # Files and not pipes: it is over when the program is, whatever it leaves behind that could still write.
        with TemporaryFile() as out, TemporaryFile() as err:
            program = self._program(name, argv, out, err)
            program.communicate(data)
            out.seek(0)
            err.seek(0)
            return Completed(program.returncode, out.read(), err.read())

    def stream(self, name: str, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        return self._program(name, argv, subprocess.PIPE, subprocess.DEVNULL)

    @staticmethod
    def _program(name: str, argv: Sequence[str], stdout: IO[bytes] | int, stderr: IO[bytes] | int) -> subprocess.Popen[bytes]:
        folder = _folder(name)
        if not _server_lives(folder):
            raise LabError(
                f"Le nœud {name.rsplit('-', 1)[-1]} est arrêté ou n'existe plus.", "Lancez « labs up » : il sera remis en route."
            )
        return subprocess.Popen(
            ["env", *argv],  # which answers for a program that is not there as a container does: by its code
            cwd=folder.home,
            env=folder.environment() | {BESIDE: "1"},
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )


# -- the store


def _record(name: str) -> Path:
    return STORE / f"{name}.json"


def _folder(name: str) -> NodeFolder:
    return NodeFolder(STORE / name)


def _write_record(spec: NodeSpec, host_key: HostKey) -> None:
    record = {
        "name": spec.name,
        "hostname": spec.hostname,
        "lab": spec.owner.lab,
        "folder": str(spec.owner.folder),
        "since": datetime.now(UTC).isoformat(),
        "image": spec.image,
        "key_mark": spec.key_mark,
        "host_key": host_key.public,
        "internet": spec.internet,
    }
    written = False
    while not written:
        STORE.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # who removes the last node meanwhile takes the empty store away
            _record(spec.name).write_text(json.dumps(record) + "\n", encoding="utf-8")
            written = True


def _read(path: Path) -> dict[str, Any] | None:
    """A node's record; None when it goes away or is written at this very moment."""
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record


def _state(record: Mapping[str, Any]) -> NodeState:
    folder = _folder(record["name"])
    running = _server_lives(folder)
    return NodeState(
        name=record["name"],
        hostname=record["hostname"],
        lab=record["lab"],
        folder=Path(record["folder"]),
        running=running,
        since=datetime.fromisoformat(record["since"]),
        image=record["image"],
        key_mark=record["key_mark"],
        host_key=record["host_key"],
        internet=record["internet"],
        port=_number(folder.port) if running else None,
    )


# -- the processes


def _server(folder: NodeFolder) -> list[str]:
    return [sys.executable, *SERVER, str(folder.path)]


def _server_environment(folder: NodeFolder) -> dict[str, str]:
    """The server finds its libraries as this process does; what it starts has the node's environment."""
    return os.environ | {MARK: str(folder.path)}


def _server_lives(folder: NodeFolder) -> bool:
    pid = _number(folder.pid)
    if pid is None:
        return False
    try:
        return _belongs(psutil.Process(pid), folder)
    except psutil.Error:
        return False


def _processes(folder: NodeFolder) -> list[psutil.Process]:
    """All that runs on a node, and beside it, but this process itself."""
    return [process for process in psutil.process_iter() if process.pid != os.getpid() and _belongs(process, folder)]


def _belongs(process: psutil.Process, folder: NodeFolder) -> bool:
    """Whether a process lives and is a node's."""
    try:
        return process.environ().get(MARK) == str(folder.path) and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
