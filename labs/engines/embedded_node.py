"""Where a node of the embedded lab keeps its things, and the environment that all that runs there inherits."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

# In the environment of all that runs on a node: its folder. That is how its processes are told from the machine's others.
MARK = "CONTREPOINT_NODE"
# As well, in that of what the lab runs beside a node's own life: observers, faults. A frozen node does not freeze them.
BESIDE = "CONTREPOINT_BESIDE"


@dataclass(frozen=True, slots=True)
class NodeFolder:
    """The folder of one node: its home, and what its SSH server needs."""

    path: Path

    @property
    def home(self) -> Path:
        return self.path / "home"

    @property
    def python(self) -> Path:
        """The node's python3: the course's own, by a path that holds no space of the learner's, since Ansible would take it for two words."""
        return self.path / "bin" / "python3"

    @property
    def temporary(self) -> Path:
        return self.path / "tmp"

    @property
    def host_key(self) -> Path:
        return self.path / "host_key"

    @property
    def authorized_keys(self) -> Path:
        return self.path / "authorized_keys"

    @property
    def port(self) -> Path:
        """Where the server writes its port when it first starts: it takes the same one ever after."""
        return self.path / "port"

    @property
    def pid(self) -> Path:
        return self.path / "pid"

    @property
    def refused(self) -> Path:
        """While this file is there, the server lets nobody in (labs/faults/on_node.py)."""
        return self.path / "refused"

    @property
    def log(self) -> Path:
        return self.path / "sshd.log"

    def environment(self) -> dict[str, str]:
        """What a program of the node has in its environment, and all that descends from it."""
        return {
            MARK: str(self.path),
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "TZ": "UTC",
            "LANG": "C.UTF-8",
            "PATH": f"{self.python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        }
