"""Docker, where its daemon answers."""

from __future__ import annotations

from collections.abc import Sequence

from labs.engines.container import ContainerEngine


class Docker(ContainerEngine):
    name = "docker"

    def __init__(self, ulimits: Sequence[str] = ()) -> None:
        super().__init__({"DOCKER_BUILDKIT": "0"})  # the builder that needs no plug-in
        self.ulimits = ulimits

    def version(self) -> str:
        return self.run("version", "--format", "{{.Server.Version}}").text

    def run_options(self) -> Sequence[str]:
        return [f"--ulimit={limit}" for limit in self.ulimits]
