"""A lab: a named set of nodes that answer SSH on the loopback."""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labs.engines import settings
from labs.engines.base import Completed, NodeSpec, NodeState
from labs.engines.container import ContainerEngine
from labs.errors import LabError
from labs.image import build
from labs.inventory import Address, ensure_key, write_atomically, write_inventory
from labs.paths import INVENTORY, STATE

DEFAULT = "default"
DEFAULT_NODES = 3
MOST_NODES = 50
SSH_SECONDS = 30.0  # a node that does not answer SSH after that is told as such
# The process that serves one SSH connection; OpenSSH 9.8 renamed it.
SESSION_PATTERN = r"^sshd(-session)?: root"


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A node as ``status`` tells it. ``state`` is "up", "stopped", "deaf" (runs, but SSH does not answer) or "absent"."""

    name: str
    state: str
    port: int | None = None


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """A line of the fault journal; times are epoch seconds."""

    host: str
    kind: str
    start: float
    end: float | None = None


class Lab:
    """Nodes ``node1`` … ``nodeN`` of one name. Two checkouts, or two names, never meet.

    Raises LabError for whatever a user can cause or meet.
    """

    def __init__(self, name: str = DEFAULT) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name):
            raise LabError(
                f"« {name} » n'est pas un nom de labo.", "Utilisez des minuscules, des chiffres et des tirets (31 caractères au plus)."
            )
        self.name = name
        self.directory = STATE / name
        # The state folder's own path tells two checkouts apart on one machine.
        self._owner = hashlib.sha256(str(STATE).encode()).hexdigest()[:6]
        self._label = f"{self._owner}.{name}"
        self._chosen: ContainerEngine | None = None

    # -- what it is

    @property
    def engine(self) -> ContainerEngine:
        if self._chosen is None:
            self._chosen = settings.choose()
        return self._chosen

    @property
    def inventory(self) -> Path:
        """The learner's lab has its inventory where the course shows it; the others keep theirs to themselves."""
        return INVENTORY / "inventory.yml" if self.name == DEFAULT else self.directory / "inventory.yml"

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that ``up`` was last asked for, in order."""
        return _names(int(self._kept().get("nodes", 0)))

    def answers(self) -> bool:
        """Whether SSH answers on every node where ``up`` last found it: quicker than ``status``, which asks the engine."""
        ports = self._kept().get("ports", [])
        return bool(ports) and all(_answers(port) for port in ports)

    def _kept(self) -> dict[str, Any]:
        try:
            kept: dict[str, Any] = json.loads((self.directory / "lab.json").read_text())
        except (OSError, ValueError):
            return {}
        return kept

    def _keep(self, **facts: object) -> None:
        write_atomically(self.directory / "lab.json", json.dumps(facts) + "\n")

    def status(self) -> list[NodeStatus]:
        """Each node that should be there, then any other that is."""
        found = {node.hostname: node for node in self.engine.nodes(self._label)}
        return [_status(name, found.get(name)) for name in dict.fromkeys((*self.nodes, *found))]

    # -- its life

    def up(self, nodes: int | None = None) -> None:
        """Bring the lab up, and mend what is not: stopped, deaf, missing or outdated nodes. Doing it twice changes nothing."""
        count = nodes or len(self.nodes) or DEFAULT_NODES
        if not 1 <= count <= MOST_NODES:
            raise LabError(f"Un labo a de 1 à {MOST_NODES} nœuds, pas {count}.")
        with self._lock():
            key = ensure_key(self.directory).with_suffix(".pub").read_text().strip()
            image = build.ensure(self.engine)
            self._chosen = settings.choose()  # building may just have found what works here
            self._keep(nodes=count)
            addresses = self._settle(
                [NodeSpec(self._container(host), host, self._label, self._network, image, key) for host in _names(count)]
            )
            self._keep(nodes=count, ports=[address.port for address in addresses])
            write_inventory(self.inventory, self.directory, addresses)

    def _settle(self, specs: Sequence[NodeSpec]) -> list[Address]:
        found = {node.hostname: node for node in self.engine.nodes(self._label)}
        usable = {spec.hostname: found[spec.hostname] for spec in specs if spec.hostname in found and _matches(found[spec.hostname], spec)}
        self.engine.remove([node.name for node in found.values() if node.hostname not in usable])
        self.engine.ensure_network(self._network, self._label)
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda spec: self._bring_up(spec, usable.get(spec.hostname)), specs))

    def _bring_up(self, spec: NodeSpec, node: NodeState | None) -> Address:
        if node and not node.running:
            try:
                self.engine.start(spec.name)
            except LabError:  # what a crash left cannot always be started again: its place is taken by a new one
                self.engine.remove([spec.name])
                node = None
        elif node and not (node.port and _answers(node.port)):
            self.engine.remove([spec.name])
            node = None
        if node is None:
            self.engine.create(spec)
        return self._address(spec.hostname)

    def _address(self, hostname: str) -> Address:
        port = next((node.port for node in self.engine.nodes(self._label) if node.hostname == hostname), None)
        deadline = time.monotonic() + SSH_SECONDS
        while port is None or not _answers(port):
            if port is None or time.monotonic() > deadline:
                raise LabError(
                    f"{hostname} a démarré, mais son SSH ne répond pas.", "Lancez « labs reset » ; si cela persiste, « labs doctor »."
                )
            time.sleep(0.05)
        host_key = self.execute(hostname, ["cat", "/etc/ssh/ssh_host_ed25519_key.pub"]).text
        return Address(hostname, port, " ".join(host_key.split()[:2]))

    def down(self) -> None:
        """Remove the nodes, their network and the lab's files; no error when there is nothing."""
        with self._lock():
            self.engine.remove([node.name for node in self.engine.nodes(self._label)])
            self.engine.remove_network(self._network)
            self.inventory.unlink(missing_ok=True)
            for name in ("lab.json", "faults.jsonl", "durations.json", "known_hosts", "key", "key.pub"):
                (self.directory / name).unlink(missing_ok=True)

    def reset(self) -> None:
        """New nodes in the place of the old ones: no file, no job, no fault of before is left."""
        with self._lock():
            self.engine.remove([node.name for node in self.engine.nodes(self._label)])
            (self.directory / "faults.jsonl").unlink(missing_ok=True)
        self.up()

    # -- inside a node, by the engine and not by SSH

    def execute(self, node: str, argv: Sequence[str], data: bytes = b"") -> Completed:
        """Run a program on a node, to its end; its return code is the caller's to judge."""
        return self.engine.execute(self._container(node), argv, data)

    def stream(self, node: str, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        """A program running on a node, with pipes on its standard input and output."""
        return self.engine.stream(self._container(node), argv)

    def read(self, node: str, path: str) -> bytes | None:
        """A file's bytes, or None where there is no such file."""
        done = self.execute(node, ["cat", "--", path])
        return done.stdout if done.returncode == 0 else None

    # -- faults

    def cut(self, node: str) -> None:
        """Close all SSH sessions of a node at once; it goes on running, and accepts new sessions."""
        self._known(node)
        moment = time.time()
        # pkill says 1 when there was no session to close: the link is cut all the same.
        if self.execute(node, ["pkill", "-f", SESSION_PATTERN]).returncode > 1:
            raise LabError(f"Le lien de {node} n'a pas pu être coupé.", "Vérifiez le labo avec « labs status ».")
        self._note_fault(FaultRecord(node, "cut", moment, moment))

    def faults(self, since: float = 0.0) -> list[FaultRecord]:
        """What was done to the nodes since a moment (epoch seconds), by whatever process."""
        try:
            lines = (self.directory / "faults.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return []
        records = [FaultRecord(**json.loads(line)) for line in lines]
        return [fault for fault in records if fault.start >= since]

    def _note_fault(self, fault: FaultRecord) -> None:
        line = json.dumps({"host": fault.host, "kind": fault.kind, "start": fault.start, "end": fault.end}) + "\n"
        with (self.directory / "faults.jsonl").open("a") as journal:
            journal.write(line)

    # -- helpers

    def _known(self, node: str) -> None:
        if node not in self.nodes:
            known = ", ".join(self.nodes) or "aucun : lancez « labs up »"
            raise LabError(f"Le labo n'a pas de nœud « {node} ».", f"Ses nœuds : {known}.")

    @property
    def _network(self) -> str:
        return f"contrepoint-{self._owner}-{self.name}"

    def _container(self, hostname: str) -> str:
        return f"{self._network}-{hostname}"

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Two commands at once on one lab take their turn."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _matches(node: NodeState, spec: NodeSpec) -> bool:
    """Whether a node is still the one wanted: of today's image, and opened by today's key."""
    return node.image == spec.image and node.key_mark == spec.key_mark


def _names(count: int) -> tuple[str, ...]:
    return tuple(f"node{number}" for number in range(1, count + 1))


def _status(name: str, node: NodeState | None) -> NodeStatus:
    if node is None:
        return NodeStatus(name, "absent")
    if not node.running or node.port is None:
        return NodeStatus(name, "stopped")
    return NodeStatus(name, "up" if _answers(node.port) else "deaf", node.port)


def _answers(port: int) -> bool:
    """Whether an SSH server greets at this port of the loopback."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as link:
            return link.recv(4) == b"SSH-"
    except OSError:
        return False
