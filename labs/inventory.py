"""What Ansible needs to reach a lab: key, known_hosts, inventory."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from labs import system
from labs.engines.base import HostKey

SSH_PORT = 22
LOOPBACK = "127.0.0.1"
HEADER = "# Écrit par « labs up » : ne le modifiez pas, il est refait à chaque démarrage du labo.\n"


def node_names(count: int) -> tuple[str, ...]:
    """The names of a lab's nodes, in order."""
    return tuple(f"node{number}" for number in range(1, count + 1))


@dataclass(frozen=True, slots=True)
class Address:
    """Where a node answers, and the host key it was given (trusted: never asked of the network)."""

    hostname: str
    port: int
    host_key: str  # "ssh-ed25519 AAAA…", public
    host: str = LOOPBACK

    @property
    def known_as(self) -> str:
        """Its name in known_hosts."""
        return self.host if self.port == SSH_PORT else f"[{self.host}]:{self.port}"


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace a file in one step: a reader sees the old text or the new one, never a half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False, encoding="utf-8") as file:
        file.write(text)
    Path(file.name).chmod(mode)
    Path(file.name).replace(path)


def ensure_key(folder: Path) -> Path:
    """The lab's own SSH key, made once (ed25519, no passphrase, 0600)."""
    key = folder / "key"
    if not key.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _generate(key)
    return key


def make_host_key(folder: Path) -> HostKey:
    """A new SSH key for a node to be known by. Nothing of it stays in ``folder``."""
    with TemporaryDirectory(dir=folder, prefix=".host-") as place:
        key = Path(place, "key")
        _generate(key)
        return HostKey(key.read_text(), " ".join(key.with_suffix(".pub").read_text().split()[:2]))


def _generate(key: Path) -> None:
    system.require("ssh-keygen")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "contrepoint", "-f", str(key)], check=True, capture_output=True)


def write_inventory(path: Path, folder: Path, addresses: Sequence[Address], variables: Mapping[str, str]) -> None:
    """Write ``known_hosts`` in the lab's folder and the inventory at ``path``; ``variables`` hold for every node."""
    known_hosts = folder / "known_hosts"
    write_atomically(known_hosts, known(addresses))
    write_atomically(path, HEADER + inventory(folder / "key", known_hosts, addresses, variables))


def known(addresses: Sequence[Address]) -> str:
    """The text of a known_hosts file."""
    return "".join(f"{node.known_as} {node.host_key}\n" for node in addresses)


def inventory(key: Path, known_hosts: Path, addresses: Sequence[Address], variables: Mapping[str, str]) -> str:
    """The text of an inventory; ``key`` and ``known_hosts`` are where the controller finds them."""
    # ServerAlive: a node that vanished is noticed in seconds, not in the TCP stack's minutes.
    # Quoted twice, for Ansible and then for ssh: the path may hold spaces.
    options = (
        f'-o "UserKnownHostsFile=\\"{known_hosts}\\"" -o IdentitiesOnly=yes -o ConnectTimeout=10 '
        "-o ServerAliveInterval=5 -o ServerAliveCountMax=3"
    )
    common = "".join(f"    {name}: {json.dumps(value)}\n" for name, value in variables.items())
    hosts = "".join(f"    {node.hostname}:\n{_elsewhere(node)}      ansible_port: {node.port}\n" for node in addresses)
    return f"""\
all:
  vars:
    ansible_host: {LOOPBACK}
    ansible_ssh_private_key_file: "{key}"
    ansible_ssh_common_args: '{options}'
{common}  hosts:
{hosts}"""


def _elsewhere(node: Address) -> str:
    return "" if node.host == LOOPBACK else f"      ansible_host: {node.host}\n"
