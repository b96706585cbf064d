"""A lab: a named set of nodes that answer SSH on the loopback."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TextIO

from labs.engines import settings, walls
from labs.engines.base import Completed, Engine, Network, NodeSpec, NodeState, Owner
from labs.engines.container import ContainerEngine, containers
from labs.errors import LabError
from labs.faults import journal
from labs.faults.journal import FaultRecord
from labs.image import build
from labs.inventory import SSH_PORT, Address, ensure_key, inventory, known, make_host_key, node_names, write_atomically, write_inventory
from labs.paths import INVENTORY, STATE

DEFAULT = "default"
DEFAULT_NODES = 3
MOST_NODES = 50
SSH_SECONDS = 30.0  # a node that does not answer SSH after that is told as such
OWNER_LOCK = "owner.lock"  # held by the process that a lab lives and dies with, where there is one
FAULTS = Path(journal.__file__).with_name("on_node.py")
MOST_FAULT_SECONDS = 3600.0
MOST_DELAY = 4.0  # seconds: with more, SSH itself gives up, and that would be another fault


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A node as ``status`` tells it. ``state`` is "up", "stopped", "deaf" (runs, but SSH does not answer) or "absent"."""

    name: str
    state: str
    port: int | None = None


@dataclass(frozen=True, slots=True)
class _Inside:
    """What a controller on the lab's own network is to know of it: kept, for to ask the engine again costs what a small program costs."""

    network: Network
    host_keys: Mapping[str, str]  # by node


class _DeafError(LabError):
    """A node that runs, and whose SSH does not answer."""


class Lab:
    """Nodes ``node1`` … ``nodeN`` of one name. Two checkouts, or two names, never meet.

    Raises LabError for whatever a user can cause or meet.
    """

    def __init__(self, name: str = DEFAULT, state: Path | None = None, engine: Engine | None = None, *, walled: bool = False) -> None:
        """``state`` and ``engine``: those of another checkout's lab, for who cleans this machine up.

        ``walled``: what runs there is nobody's to trust. Its controllers are containers too, and its nodes are looked at by witnesses.
        """
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", name):
            raise LabError(
                f"« {name} » n'est pas un nom de labo.", "Utilisez des minuscules, des chiffres et des tirets (31 caractères au plus)."
            )
        self.name = name
        self.walled = walled
        self._state = state or STATE
        self.directory = self._state / name
        # The state folder's own path tells two checkouts apart on one machine.
        self._owner = hashlib.sha256(str(self._state).encode()).hexdigest()[:6]
        self._label = f"{self._owner}.{name}"
        self._chosen = engine
        self._inside: _Inside | None = None

    # -- what it is

    @property
    def engine(self) -> Engine:
        """The one that ``up`` was last told, else the one that this machine has."""
        if self._chosen is None:
            kept = self._kept().get("engine")
            self._chosen = settings.named(kept) if kept else settings.choose()
        return self._chosen

    @property
    def containers(self) -> ContainerEngine:
        """The same, for what only containers can do; LabError where nodes are none."""
        return containers(self.engine, walls.need_containers())

    @property
    def inventory(self) -> Path:
        """The learner's lab has its inventory where the course shows it; the others keep theirs to themselves."""
        shown = self.name == DEFAULT and self._state == STATE
        return INVENTORY / "inventory.yml" if shown else self.directory / "inventory.yml"

    @property
    def nodes(self) -> tuple[str, ...]:
        """The nodes that ``up`` was last asked for, in order."""
        return node_names(int(self._kept().get("nodes", 0)))

    def answers(self) -> bool:
        """Whether SSH answers on every node where ``up`` last found it: quicker than ``status``, which asks the engine."""
        ports = self._kept().get("ports", [])
        return bool(ports) and all(_answers(port) for port in ports)

    def _kept(self) -> dict[str, Any]:
        return _read_kept(self.directory)

    def _keep(self, **facts: object) -> None:
        write_atomically(self.directory / "lab.json", json.dumps(self._kept() | facts) + "\n")

    @property
    def _holder(self) -> Owner:
        return Owner(self._label, self.directory)

    def status(self) -> list[NodeStatus]:
        """Each node that should be there, then any other that is."""
        found = {node.hostname: node for node in self.engine.nodes(self._label)}
        return [_status(name, found.get(name)) for name in dict.fromkeys((*self.nodes, *found))]

    # -- its life

    def up(self, nodes: int | None = None, *, internet: bool | None = None, engine: str | None = None) -> None:
        """Bring the lab up, and mend what is not: stopped, deaf, missing or outdated nodes. Doing it twice changes nothing.

        ``nodes``, ``internet`` (whether nodes may go beyond their lab), ``engine`` (its name): as last time, when not told; at first, three,
        no, and the one that this machine has. On another engine the nodes are new ones.
        """
        count = nodes or len(self.nodes) or DEFAULT_NODES
        if not 1 <= count <= MOST_NODES:
            raise LabError(f"Un labo a de 1 à {MOST_NODES} nœuds, pas {count}.")
        with self.lock():
            self._move_to(engine)
            open_world = bool(self._kept().get("internet")) if internet is None else internet
            key = ensure_key(self.directory).with_suffix(".pub").read_text().strip()
            image = build.ensure(self.engine)
            self._chosen = settings.named(self.engine.name)  # building may just have found what works here
            if self.walled:
                walls.require(self.containers.limits)
            self._keep(nodes=count, internet=open_world, engine=self.engine.name, ready=is_ready(self.directory))
            network = self.engine.ensure_network(self._network, self._holder)
            addresses = self._settle(self._specs(count, network, image, key, open_world))
            self._inside = _Inside(network, {address.hostname: address.host_key for address in addresses})
            self._keep(ports=[address.port for address in addresses], ready=True)
            if self.walled:
                self._call_witnesses(image)
            write_inventory(self.inventory, self.directory, addresses, self.engine.ansible_variables)

    def _move_to(self, engine: str | None) -> None:
        if engine and engine != self.engine.name:
            chosen = settings.named(engine)
            chosen.version()  # before anything is removed for it
            with suppress(LabError):  # an engine that has gone away has nothing to say, and must not keep anyone
                self._remove_all()
            self._chosen = chosen

    def _specs(self, count: int, network: Network, image: str, key: str, internet: bool) -> list[NodeSpec]:
        addresses = {host: network.address(number) for number, host in enumerate(node_names(count), 1)}
        return [
            NodeSpec(self._container(host), host, self._holder, network, address, addresses, internet, image, key, self.walled)
            for host, address in addresses.items()
        ]

    def _settle(self, specs: Sequence[NodeSpec]) -> list[Address]:
        found = {node.hostname: node for node in self.engine.nodes(self._label)}
        usable = {spec.hostname: found[spec.hostname] for spec in specs if spec.hostname in found and _matches(found[spec.hostname], spec)}
        self.engine.remove([node.name for node in found.values() if node.hostname not in usable])
        with ThreadPoolExecutor(4) as pool:
            addresses = list(pool.map(lambda spec: self._bring_up(spec, usable.get(spec.hostname)), specs))
        first = specs[0]
        if first.internet:
            self.engine.unfence(first.network.name, first.image)
        else:
            self.engine.fence(first.network, first.image)
        return addresses

    def _bring_up(self, spec: NodeSpec, node: NodeState | None) -> Address:
        if node and node.port and _answers(node.port):
            return Address(spec.hostname, node.port, node.host_key)
        if node and not node.running:
            with suppress(LabError):  # what a crash left cannot always be started again: its place is taken by a new one
                self.engine.start(spec.name)
                return self._address(spec.hostname, self._port(spec.hostname), node.host_key)
        if node:
            self.engine.remove([spec.name])
        with suppress(_DeafError):  # seen once in hundreds on a busy machine: another one in its place answers
            return self._create(spec)
        self.engine.remove([spec.name])
        return self._create(spec)

    def _create(self, spec: NodeSpec) -> Address:
        host_key = make_host_key(self.directory)
        return self._address(spec.hostname, self.engine.create(spec, host_key), host_key.public)

    def _port(self, hostname: str) -> int | None:
        return next((node.port for node in self.engine.nodes(self._label) if node.hostname == hostname), None)

    @staticmethod
    def _address(hostname: str, port: int | None, host_key: str) -> Address:
        deadline = time.monotonic() + SSH_SECONDS
        while port is None or not _answers(port):
            if port is None or time.monotonic() > deadline:
                raise _DeafError(
                    f"{hostname} a démarré, mais son SSH ne répond pas.", "Lancez « labs reset » ; si cela persiste, « labs doctor »."
                )
            time.sleep(0.02)
        return Address(hostname, port, host_key)

    def down(self) -> None:
        """Remove the nodes, their network and the lab's files; no error when there is nothing."""
        with self.lock():
            self.dismantle()

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Meanwhile the lab is this process's own: should the process be killed, ``labs gc`` removes the lab."""
        self.directory.mkdir(parents=True, exist_ok=True)
        half = self.directory / f".{OWNER_LOCK}.{os.getpid()}"
        lock = self.directory / OWNER_LOCK
        with half.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            half.replace(lock)  # never seen without being held
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)

    @contextmanager
    def for_now(self, nodes: int) -> Iterator[None]:
        """``owned``, with so many nodes up; afterwards nothing is left of it, its folder included."""
        with self.owned():
            try:
                self.up(nodes)
                yield
            finally:
                self.down()
                shutil.rmtree(self.directory, ignore_errors=True)

    def dismantle(self) -> None:
        """What ``down`` does, for who holds the lock."""
        self._remove_all()
        self.inventory.unlink(missing_ok=True)
        for name in ("lab.json", "faults.jsonl", "known_hosts", "key", "key.pub"):
            (self.directory / name).unlink(missing_ok=True)

    def _remove_all(self) -> None:
        self._inside = None
        self.engine.clear(self._label)
        self.engine.remove_network(self._network, build.tag())

    def reset(self) -> None:
        """New nodes in the place of the old ones: no file, no job, no fault of before is left."""
        with self.lock():
            self.engine.clear(self._label)
            self._journal.unlink(missing_ok=True)
        self.up()

    # -- behind walls

    def _call_witnesses(self, image: str) -> None:
        self.containers.remove_beside(self._label)
        with ThreadPoolExecutor(4) as pool:
            calls = [
                pool.submit(self.containers.call_witness, self._witness(host), self._container(host), self._holder, image)
                for host in self.nodes
            ]
            for call in calls:
                call.result()

    def controller_options(self) -> list[str]:
        """Options of ``run`` for a controller that lives on this lab's own network. LabError when it was not this object that brought the lab up."""
        return self.containers.controller_options(self._seen_inside.network, self._holder)

    def write_for_controller(self, folder: Path, seen_as: Path) -> None:
        """Write in ``folder`` the key, ``known_hosts`` and ``inventory.yml`` of a controller on the lab's own network.

        ``seen_as`` is where that controller will find the folder. LabError as for ``controller_options``.
        """
        inside = self._seen_inside
        addresses = [
            Address(host, SSH_PORT, inside.host_keys[host], inside.network.address(number)) for number, host in enumerate(self.nodes, 1)
        ]
        write_atomically(folder / "key", (self.directory / "key").read_text())
        write_atomically(folder / "known_hosts", known(addresses))
        write_atomically(
            folder / "inventory.yml", inventory(seen_as / "key", seen_as / "known_hosts", addresses, self.engine.ansible_variables)
        )

    @property
    def _seen_inside(self) -> _Inside:
        if self._inside is None:
            raise LabError(f"Le labo {self.name} n'est pas démarré.", "Lancez « labs up ».")
        return self._inside

    # -- inside a node, by the engine and not by SSH

    @property
    def root(self) -> str:
        """Where programs run by ``execute`` and ``stream`` find the node's files: a witness has a file system of its own."""
        return "/proc/1/root" if self.walled else ""

    def execute(self, node: str, argv: Sequence[str], data: bytes = b"") -> Completed:
        """Run a program on a node, or among its processes, to its end; its return code is the caller's to judge."""
        return self.engine.execute(self._observed(node), argv, data)

    def stream(self, node: str, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        """The same, with pipes on the program's standard input and output."""
        return self.engine.stream(self._observed(node), argv)

    def home(self, node: str) -> PurePosixPath:
        """The home, on a node, of whom Ansible logs in as."""
        return PurePosixPath(self.engine.home(self._container(node)))

    def read(self, node: str, path: str) -> bytes | None:
        """A file's bytes, or None where there is no such file."""
        done = self.execute(node, ["cat", "--", f"{self.root}{path}"])
        return done.stdout if done.returncode == 0 else None

    # -- faults

    def cut(self, node: str, seconds: float | None = None, *, patience: float = 0.0) -> FaultRecord:
        """Close all SSH sessions of a node at once; with ``seconds``, it also refuses new ones for that long. The node itself goes on.

        ``patience``: for how many seconds at most to wait for a moment when no session has anything to do. Returns what was noted of it.
        """
        return self._strike("cut", node, seconds, instant=True, patience=patience)

    def pause(self, node: str, seconds: float | None = None) -> None:
        """Freeze all processes of a node, for ``seconds`` or until ``reset``. Observers still see it."""
        self._strike("pause", node, seconds)

    def slow(self, node: str, delay: float, seconds: float | None = None) -> None:
        """Make each exchange over SSH with a node wait ``delay`` seconds, for ``seconds`` or until ``reset``. Its jobs run as ever."""
        if not 0 < delay <= MOST_DELAY:
            raise LabError(f"Le retard doit être compris entre 0 et {MOST_DELAY:g} secondes.", "Donnez par exemple 0.3.")
        self._strike("slow", node, seconds, delay=delay)

    def kill(self, node: str, seconds: float | None = None) -> None:
        """Kill a node: all its processes end, its files stay. It starts again after ``seconds``, or with ``up`` or ``reset``."""
        self._check_fault(node, seconds)
        moment = time.time()
        self.engine.kill(self._container(node))
        if seconds:
            self.engine.start_later(self._container(node), seconds)
        journal.note(self._journal, FaultRecord(node, "kill", moment, moment + seconds if seconds else None))

    def _strike(
        self, kind: str, node: str, seconds: float | None, *, delay: float = 0.0, patience: float = 0.0, instant: bool = False
    ) -> FaultRecord:
        """``instant``: without ``seconds``, the fault is over as soon as it is done."""
        self._check_fault(node, seconds)
        program = FAULTS.read_text(encoding="utf-8")
        done = self.execute(node, ["python3", "-I", "-S", "-c", program, kind, *map(str, (seconds or 0.0, delay, patience))])
        if done.returncode:
            raise LabError(f"La panne n'a pas pu être faite sur {node}.", "Vérifiez le labo avec « labs status ».")
        moment = float(done.text)
        fault = FaultRecord(node, kind, moment, moment + seconds if seconds else moment if instant else None)
        journal.note(self._journal, fault)
        return fault

    def _check_fault(self, node: str, seconds: float | None) -> None:
        self._known(node)
        if seconds is not None and not 0 < seconds <= MOST_FAULT_SECONDS:
            raise LabError("La durée d'une panne est un nombre de secondes, au-dessus de 0 et jusqu'à 3600.")

    def faults(self, since: float = 0.0) -> list[FaultRecord]:
        """What was done to the nodes since a moment (epoch seconds), by whatever process."""
        return journal.read(self._journal, since)

    @property
    def _journal(self) -> Path:
        return self.directory / "faults.jsonl"

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

    def _witness(self, hostname: str) -> str:
        return f"{self._network}-temoin-{hostname}"

    def _observed(self, hostname: str) -> str:
        """The container from which a node is looked at."""
        return self._witness(hostname) if self.walled else self._container(hostname)

    @contextmanager
    def lock(self, *, wait: bool = True) -> Iterator[None]:
        """Two commands at once on one lab take their turn; who does not wait gets a BlockingIOError."""
        while (file := self._locked(wait=wait)) is None:
            pass
        with file:
            yield

    def _locked(self, *, wait: bool) -> TextIO | None:
        """The lock's file, held until it is closed; None when whoever had it before has removed the folder meanwhile."""
        path = self.directory / "lock"
        self.directory.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            file = stack.enter_context(path.open("w"))
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):
                if path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                    stack.pop_all()
                    return file
        return None


def _read_kept(folder: Path) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads((folder / "lab.json").read_text())
    except (OSError, ValueError):
        return {}
    return kept


def is_ready(folder: Path) -> bool:
    """Whether the lab of this folder has been up once: one that never was is what an interrupted ``up`` left."""
    kept = _read_kept(folder)
    return bool(kept.get("ready", bool(kept)))


def _matches(node: NodeState, spec: NodeSpec) -> bool:
    """Whether a node is still the one wanted: of today's image, opened by today's key, as free to go out, and known by its own key."""
    return (node.image, node.key_mark, node.internet) == (spec.image, spec.key_mark, spec.internet) and bool(node.host_key)


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
