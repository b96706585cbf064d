"""Which engine this machine has, and with what runtime and limits it starts a container: found once, then remembered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from labs.engines.container import LIMITS, ContainerEngine
from labs.engines.docker import Docker
from labs.engines.podman import Podman
from labs.errors import LabError
from labs.paths import STATE

# Where the hard limits of the host are below the engine's own defaults, a container starts only if told lower ones.
LOW_LIMITS = ("nofile=1024:1024", "nproc=4096:4096")


class NothingStartsError(LabError):
    """The engine answers, but starts no container with any runtime that is installed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What works here. ``runtime`` is empty for the engine's own default; ``bounded``: whether a node's share of the machine can be."""

    engine: str
    runtime: str = ""
    ulimits: tuple[str, ...] = ()
    bounded: bool = True

    @property
    def limits(self) -> tuple[str, ...]:
        """Options of ``run`` that bound a node."""
        return LIMITS if self.bounded else ()

    def make(self) -> ContainerEngine:
        """The engine, ready to use."""
        if self.engine == "docker":
            return Docker(self.ulimits, self.limits)
        plain = not (self.runtime or self.ulimits)
        return Podman({} if plain else {"CONTAINERS_CONF": str(_write_containers_conf(self))}, self.limits, self.ulimits)

    def describe(self) -> str:
        runtime = f"moteur d’exécution {self.runtime}" if self.runtime else "moteur d’exécution par défaut"
        limits = f"limites {', '.join(self.ulimits)}" if self.ulimits else "limites par défaut"
        return f"{runtime}, {limits}" + ("" if self.bounded else ", mémoire et processeur des nœuds sans limite")


def settings_file() -> Path:
    return STATE / "engine.json"


def load() -> Settings | None:
    """What an earlier ``doctor`` found, or None."""
    try:
        raw = json.loads(settings_file().read_text())
        return Settings(raw["engine"], raw["runtime"], tuple(raw["ulimits"]), raw.get("bounded", True))
    except (OSError, ValueError, KeyError):
        return None


def save(settings: Settings) -> None:
    STATE.mkdir(parents=True, exist_ok=True)
    settings_file().write_text(json.dumps(asdict(settings), indent=2) + "\n")


def forget() -> None:
    settings_file().unlink(missing_ok=True)


def choose() -> ContainerEngine:
    """The engine to use: the remembered one, else the first that answers."""
    remembered = load()
    if remembered:
        return remembered.make()
    return first_usable().make()


def first_usable() -> Settings:
    """Podman, else docker; LabError with the one command that helps when neither answers."""
    for candidate in candidates():
        engine = candidate.make()
        if engine.found and not complaint(engine):
            return candidate
    raise LabError(
        "Aucun moteur de conteneurs n'est utilisable sur cette machine.",
        "Installez podman (« sudo apt-get install podman » sur Debian ou Ubuntu), puis relancez « ./start ». « labs doctor » dit ce qui a été cherché.",
    )


def candidates() -> Sequence[Settings]:
    return (Settings("podman"), Settings("docker"))


def complaint(engine: ContainerEngine) -> str:
    """Why an engine that is installed does not answer; empty when it does."""
    try:
        engine.version()
    except LabError as error:
        return error.message
    return ""


def find_working(engine: str, image: str) -> Settings:
    """The plainest settings with which ``image`` starts; they are remembered.

    Tried because of machines seen: crun refuses hybrid cgroups, and a hard RLIMIT_NOFILE below podman's default forbids the start.
    """
    complaints = []
    for settings in _trials(engine):
        trouble = settings.make().complaint_of_trial(image, [*(f"--ulimit={limit}" for limit in settings.ulimits), *settings.limits])
        if not trouble:
            save(settings)
            return settings
        complaints.append(trouble.splitlines()[-1])
    raise NothingStartsError(
        f"{engine} est installé, mais aucun conteneur ne démarre : {complaints[0]}",
        "Lancez « labs doctor » et montrez sa réponse à votre enseignant, ou installez runc (« sudo apt-get install runc »).",
    )


def _trials(engine: str) -> Iterator[Settings]:
    runtimes = ("", "runc", "crun") if engine == "podman" else ("",)
    for bounded in (True, False):
        for runtime in runtimes:
            yield Settings(engine, runtime, (), bounded)
            yield Settings(engine, runtime, LOW_LIMITS, bounded)


def _write_containers_conf(settings: Settings) -> Path:
    lines = []
    if settings.runtime:
        lines += ["[engine]", f'runtime = "{settings.runtime}"']
    if settings.ulimits:
        lines += ["[containers]", f"default_ulimits = {json.dumps(list(settings.ulimits))}"]
    name = "-".join(["containers", settings.runtime or "default", "low" if settings.ulimits else "plain"])
    path = STATE / f"{name}.conf"
    text = "\n".join(lines) + "\n"
    if not path.exists() or path.read_text() != text:
        STATE.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return path
