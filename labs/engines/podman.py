"""Podman, rootful or rootless: the engine preferred, since it needs no daemon."""

from __future__ import annotations

from labs.engines.container import ContainerEngine


class Podman(ContainerEngine):
    name = "podman"
