"""What the lab asks of an engine, whatever runs the nodes."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
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
class NodeSpec:
    """A node to be made."""

    name: str  # the container's own name, unique on this machine
    hostname: str  # node1
    lab: str  # label shared by all that belongs to one lab
    network: str
    image: str
    authorized_key: str  # the public key that may log in as root

    @property
    def key_mark(self) -> str:
        """Tells whose key a node was made with: a lab whose key was lost must have new nodes."""
        return hashlib.sha256(self.authorized_key.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node as the engine sees it."""

    name: str
    hostname: str
    running: bool
    image: str
    key_mark: str  # NodeSpec.key_mark of the key it was made with
    port: int | None  # where its SSH answers on the loopback, None when it does not run


class Engine(Protocol):
    """Runs nodes. Every method raises LabError with a French sentence when the engine cannot do it."""

    name: str

    def version(self) -> str:
        """The engine's version; raises when it does not answer."""

    def nodes(self, lab: str) -> list[NodeState]:
        """What exists of a lab, running or not."""

    def create(self, spec: NodeSpec) -> None:
        """Make a node and start it; its network is made if it is not there."""

    def start(self, name: str) -> None:
        """Start a stopped node."""

    def remove(self, names: Sequence[str]) -> None:
        """Remove nodes, running or not; those that do not exist are no error."""

    def remove_network(self, network: str) -> None:
        """Remove a lab's network; no error when it does not exist."""

    def execute(self, name: str, argv: Sequence[str], data: bytes = b"") -> Completed:
        """Run a program on a node outside SSH, with ``data`` on its standard input, and wait for it."""

    def stream(self, name: str, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        """Run a program on a node outside SSH with pipes on its standard input and output."""
