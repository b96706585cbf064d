"""Which engine this machine has, and with what runtime and limits it starts a container: found once, then remembered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from labs.engines.base import Engine
from labs.engines.container import LIMITS, ContainerEngine
from labs.engines.docker import Docker
from labs.engines.embedded import Embedded
from labs.engines.podman import Podman
from labs.errors import LabError
from labs.paths import STATE

# In the order in which they are preferred: containers first, and podman before docker since it needs no daemon.
CONTAINERS = ("podman", "docker")
ENGINES = (*CONTAINERS, Embedded.name)

# Where the hard limits of the host are below the engine's own defaults, a container starts only if told lower ones.
LOW_LIMITS = ("nofile=1024:1024", "nproc=4096:4096")


# What an engine complains of when no container starts, and the one command that helps.
REMEDIES = (
    ("hybrid", "sudo apt-get install runc"),
    ("newuidmap", "sudo apt-get install uidmap"),
    ("subuid", "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER"),
    ("slirp4netns", "sudo apt-get install slirp4netns"),
)


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

    def make(self) -> Engine:
        """The engine, ready to use."""
        return Embedded() if self.engine == Embedded.name else self.make_container_engine()

    def make_container_engine(self) -> ContainerEngine:
        """The same, where the embedded lab would not do."""
        if self.engine == "docker":
            return Docker(self.ulimits, self.limits)
        plain = not (self.runtime or self.ulimits)
        return Podman({} if plain else {"CONTAINERS_CONF": str(_write_containers_conf(self))}, self.limits, self.ulimits)

    def describe(self) -> str:
        runtime = f"moteur d’exécution {self.runtime}" if self.runtime else "moteur d’exécution par défaut"
        limits = f"limites {', '.join(self.ulimits)}" if self.ulimits else "limites par défaut"
        return f"{runtime}, {limits}" + ("" if self.bounded else ", mémoire et processeur des nœuds sans limite")


def settings_file(engine: str) -> Path:
    return STATE / f"engine-{engine}.json"


def load() -> Settings | None:
    """What was found to work here, of the engine preferred among those; None when nothing was."""
    return next((found for engine in ENGINES if (found := load_of(engine))), None)


def load_of(engine: str) -> Settings | None:
    """What was found to work here with an engine, or None."""
    try:
        raw = json.loads(settings_file(engine).read_text())
        return Settings(raw["engine"], raw["runtime"], tuple(raw["ulimits"]), raw.get("bounded", True))
    except (OSError, ValueError, KeyError):
        return None


def save(settings: Settings) -> None:
    STATE.mkdir(parents=True, exist_ok=True)
    settings_file(settings.engine).write_text(json.dumps(asdict(settings), indent=2) + "\n")


def forget() -> None:
    for engine in ENGINES:
        settings_file(engine).unlink(missing_ok=True)


def choose() -> Engine:
    """The engine to use where none was named: the remembered one, else the first that answers."""
    return (load() or first_usable()).make()


def named(engine: str) -> Engine:
    """The engine of this name, as it works here. LabError when there is no such engine, or when it does not answer."""
    if engine not in ENGINES:
        raise LabError(f"« {engine} » n'est pas un moteur de labo.", f"Choisissez parmi : {', '.join(ENGINES)}.")
    return (load_of(engine) or Settings(engine)).make()


def first_usable() -> Settings:
    """Podman, else docker, else the embedded lab; LabError with the one command that helps when none answers."""
    for candidate in candidates():
        engine = candidate.make()
        if engine.found and not complaint(engine):
            return candidate
    raise LabError(
        "Aucun moteur de labo n'est utilisable sur cette machine.",
        "Installez podman (« sudo apt-get install podman » sur Debian ou Ubuntu), puis relancez « ./start ». « labs doctor » dit ce qui a été cherché.",
    )


def candidates() -> Sequence[Settings]:
    return tuple(Settings(engine) for engine in ENGINES)


def complaint(engine: Engine) -> str:
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
        trouble = settings.make_container_engine().complaint_of_trial(image)
        if not trouble:
            save(settings)
            return settings
        complaints.append(trouble.splitlines()[-1])
    raise NothingStartsError(f"{engine} est installé, mais aucun conteneur ne démarre : {complaints[0]}", _remedy(complaints[0]))


def _remedy(trouble: str) -> str:
    command = next((command for sign, command in REMEDIES if sign in trouble.lower()), None)
    if command:
        return f"Lancez « {command} », puis recommencez."
    return "Montrez ce message à votre enseignant, ou prenez le labo embarqué : « labs up --engine embedded »."


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
