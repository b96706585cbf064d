"""What the lab asks of an engine, whatever runs the nodes."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that ran on a node or on the host, to its end."""

    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        return self.stdout.decode(errors="replace").strip()


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a lab is: what labels say of it, so that two checkouts and two users of one machine never meet."""

    lab: str  # unique on this machine: the checkout's mark, a point, the lab's name
    folder: Path  # where its state is kept; once that is gone, the lab is nobody's

    @property
    def name(self) -> str:
        return self.lab.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Network:
    """A lab's own network. Addresses are given by us, so that nodes know each other by name without asking any server."""

    name: str
    subnet: IPv4Network
    gateway: str  # the host's own address on it

    def address(self, number: int) -> str:
        """The address of the node of this number (1 for node1); 0 is for a controller that lives on this network."""
        return str(self.subnet.network_address + 10 + number)


@dataclass(frozen=True, slots=True)
class HostKey:
    """The SSH key that a node is known by."""

    private: str
    public: str  # "ssh-ed25519 AAAA…"


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """A node to be made."""

    name: str  # the container's own name, unique on this machine
    hostname: str  # node1
    owner: Owner
    network: Network
    address: str
    neighbours: Mapping[str, str]  # hostname -> address, of all nodes
    internet: bool  # whether it may go beyond its lab
    image: str
    authorized_key: str  # the public key that may log in as root
    walled: bool = False  # whether it is for an answer that nobody vouches for

    @property
    def key_mark(self) -> str:
        """Tells whose key a node was made with: a lab whose key was lost must have new nodes."""
        return hashlib.sha256(self.authorized_key.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node as the engine sees it."""

    name: str
    hostname: str
    lab: str  # Owner.lab
    folder: Path | None  # Owner.folder; None for a node of an earlier version
    running: bool
    since: datetime  # when it was made
    image: str
    key_mark: str  # NodeSpec.key_mark of the key it was made with
    host_key: str  # public, as the lab made it; empty for a node of an earlier version
    internet: bool
    port: int | None  # where its SSH answers on the loopback, None when it does not run


class Engine(Protocol):
    """Runs nodes. Every method raises LabError with a French sentence when the engine cannot do it."""

    name: str
    isolated: bool  # whether a node is a machine of its own: its files, its packages, its users, its network

    @property
    def found(self) -> bool:
        """Whether it is installed; whether it answers is for ``version`` to tell."""

    @property
    def ansible_variables(self) -> Mapping[str, str]:
        """What the inventory must say of every node, beside where it answers."""

    def home(self, name: str) -> str:
        """The home, on a node, of whom Ansible logs in as."""

    def version(self) -> str:
        """The engine's version; raises when it does not answer."""

    def nodes(self, lab: str) -> list[NodeState]:
        """What exists of a lab, running or not."""

    def all_nodes(self) -> list[NodeState]:
        """What exists of all labs of this user, whatever their checkout."""

    def create(self, spec: NodeSpec, host_key: HostKey) -> int:
        """Make a node and start it; the port of the loopback where its SSH will answer."""

    def start(self, name: str) -> None:
        """Start a stopped node; its port stays the same."""

    def start_later(self, name: str, seconds: float) -> None:
        """Start a stopped node after a while, even if this process has ended by then."""

    def kill(self, name: str) -> None:
        """Kill a node: all its processes end at once, its files stay."""

    def remove(self, names: Sequence[str]) -> None:
        """Remove nodes, running or not; those that do not exist are no error."""

    def clear(self, lab: str) -> None:
        """Remove all nodes of a lab, and what stands beside them to observe them; no error where there is nothing."""

    def ensure_network(self, name: str, owner: Owner) -> Network:
        """A lab's network, made if it is not there."""

    def networks(self) -> list[tuple[str, Owner]]:
        """The networks of all labs of this user, by name."""

    def fence(self, network: Network, image: str) -> None:
        """Keep a network's running nodes from all but each other; who calls them is still answered."""

    def unfence(self, network: str, image: str) -> None:
        """Let a network's nodes go anywhere; no error when they already could."""

    def remove_network(self, network: str, image: str) -> None:
        """Remove a lab's network and its fence; no error when it does not exist. ``image``: an engine may need it for that."""

    def execute(self, name: str, argv: Sequence[str], data: bytes = b"") -> Completed:
        """Run a program on a node outside SSH, with ``data`` on its standard input, and wait for it."""

    def stream(self, name: str, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        """Run a program on a node outside SSH with pipes on its standard input and output."""
