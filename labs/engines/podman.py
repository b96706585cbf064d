"""Podman, rootful or rootless: the engine preferred, since it needs no daemon."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Any

from labs.engines.base import Completed, Network
from labs.engines.container import ContainerEngine

# Where nft lives, for a user whose PATH has no programs of the administrator.
ADMIN_PATH = "/usr/local/sbin:/usr/sbin:/sbin"


class Podman(ContainerEngine):
    name = "podman"

    def place(self, address: str) -> Sequence[str]:
        # Docker does this by itself; podman would take another hardware address at each start.
        hardware = "02:42:" + ":".join(f"{int(part):02x}" for part in address.split("."))
        return [f"--ip={address}", f"--mac-address={hardware}"]

    def bare_options(self) -> Sequence[str]:
        # Podman would hand on the host's proxies, and put file systems of any size on /run and /var/tmp.
        return ["--http-proxy=false", "--read-only-tmpfs=false"]

    def _make_network(self, name: str, labels: Sequence[str]) -> None:
        # Its name server would answer for the whole Internet, fence or not.
        self.run("network", "create", "--disable-dns", *labels, name, tolerate=("already exists",))

    def _read_network(self, raw: dict[str, Any]) -> Network:
        subnet = raw["subnets"][0]
        return Network(raw["name"], IPv4Network(subnet["subnet"]), subnet["gateway"])

    def _filter(self, rules: str, image: str) -> Completed:
        nft = _nft()
        if nft is None and os.geteuid() == 0:
            return super()._filter(rules, image)
        # An ordinary user's bridges are in a network namespace of the user's own, where the user may filter.
        inside = [] if os.geteuid() == 0 else [self.name, "unshare", "--rootless-netns"]
        done = subprocess.run(
            [*inside, nft or "nft", "-f", "-"], input=rules.encode(), capture_output=True, check=False, env=self._environment()
        )
        return Completed(done.returncode, done.stdout, done.stderr)


def _nft() -> str | None:
    return shutil.which("nft", path=f"{os.environ.get('PATH', '')}:{ADMIN_PATH}")
