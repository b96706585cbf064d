"""Docker, where its daemon answers."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network
from typing import Any

from labs.engines.base import Network
from labs.engines.container import CAPABILITIES, LIMITS, ContainerEngine


class Docker(ContainerEngine):
    name = "docker"
    # Podman hides the kernel's audit from nodes; where it is seen, sshd gives no terminal unless it may write there.
    capabilities = (*CAPABILITIES, "AUDIT_WRITE")

    def __init__(self, ulimits: Sequence[str] = (), limits: Sequence[str] = LIMITS) -> None:
        super().__init__({"DOCKER_BUILDKIT": "0"}, limits, ulimits)  # the builder that needs no plug-in

    def version(self) -> str:
        return self.run("version", "--format", "{{.Server.Version}}").text

    def run_options(self) -> Sequence[str]:
        return self._own_ulimits()

    def bare_options(self) -> Sequence[str]:
        # The client's own configuration may name proxies, which containers are told.
        return [f"--env={name}=" for proxy in ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy") for name in (proxy, proxy.upper())]

    def _make_network(self, name: str, labels: Sequence[str]) -> None:
        # Addresses may be chosen only on a subnet that was chosen: the one that Docker would have taken is chosen.
        self.run("network", "create", name)
        network = self._network(name)
        self.run("network", "rm", name)
        subnet = [f"--subnet={network.subnet}"] if network else []
        self.run("network", "create", *labels, *subnet, name)

    def _read_network(self, raw: dict[str, Any]) -> Network:
        pool = raw["IPAM"]["Config"][0]
        subnet = IPv4Network(pool["Subnet"])
        return Network(raw["Name"], subnet, pool.get("Gateway") or str(subnet.network_address + 1))
