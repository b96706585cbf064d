"""How the node image is had: from a registry where one answers, from Debian's own packages where none does."""

from __future__ import annotations

import hashlib
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path

from labs import system
from labs.engines import container, settings
from labs.engines.base import Engine
from labs.engines.container import ContainerEngine
from labs.errors import LabError
from labs.system import Say

CONTEXT = Path(__file__).parent
INGREDIENTS = (
    "Containerfile",
    "dpkg-excluded",
    "fetch-packages",
    "local-repository",
    "policy-rc.d",
    "sshd_config",
    "node-start",
    "kept_modules.py",
)
SUITE = "bookworm"
# nftables is for the engine (labs/engines/fence.py): a node itself may filter nothing.
PACKAGES = ("python3", "python3-apt", "openssh-server", "procps", "ca-certificates", "tini", "nftables")
# What a node can install with no network: from its own folder, with all that these need.
COURSE_PACKAGES = ("bc", "cowsay", "curl", "jq", "less", "nginx", "redis-server", "rsync", "tree", "unzip")
REGISTRY_BASE = "docker.io/library/debian:bookworm-slim"
REPOSITORY = "localhost/contrepoint-node"
THIS_MACHINE = "cette machine"  # what nodes are made from where there is no image
REGISTRY_SECONDS = 120.0
ROOM_NEEDED = 2 * 1024**3  # bytes: the tar, the imported layer and the image, for a moment all three


def tag() -> str:
    """The image's name: its tag is a digest of all that it is made from, so a change makes another image."""
    return f"{REPOSITORY}:{_digest(*INGREDIENTS)}"


def local_base() -> str:
    """The name of the base that mmdebstrap makes; like the image, it is made again only when what it is made from changes."""
    return f"localhost/contrepoint-base:{_digest('dpkg-excluded', 'fetch-packages')}"


def _digest(*files: str) -> str:
    digest = hashlib.sha256(repr((SUITE, PACKAGES, COURSE_PACKAGES)).encode())
    for name in files:
        digest.update((CONTEXT / name).read_bytes())
    return digest.hexdigest()[:12]


def ensure(engine: Engine, say: Say = lambda _: None) -> str:
    """What an engine makes nodes from, once it is there: the image's tag. ``say`` is told each step in French."""
    if not isinstance(engine, ContainerEngine):
        return THIS_MACHINE
    if engine.has_image(tag()):
        if settings.load_of(engine.name) is None:  # the image can be older than this copy of the kit
            settings.find_working(engine.name, tag())
        return tag()
    if not engine.has_image(local_base()):
        if _built_from_registry(engine, say):
            return tag()
        say("Fabrication de l'image à partir des paquets Debian (une minute)…")
        _bootstrap(engine, say)
    _build(engine, local_base(), say)
    return tag()


def _built_from_registry(engine: ContainerEngine, say: Say) -> bool:
    say("Recherche de l'image Debian dans un registre…")
    if not engine.pull(REGISTRY_BASE, REGISTRY_SECONDS):
        say("Aucun registre ne répond.")
        return False
    try:
        _build(engine, REGISTRY_BASE, say)
    except settings.NothingStartsError:
        raise
    except LabError as error:  # a build can lack the network that the engine itself has
        say(f"La construction a échoué ({error.message})")
        return False
    return True


def _build(engine: ContainerEngine, base: str, say: Say) -> None:
    engine = settings.find_working(engine.name, base).make_container_engine()
    say("Construction de l'image des nœuds…")
    engine.build(CONTEXT, tag(), {"BASE": base, "PACKAGES": " ".join(PACKAGES), "COURSE_PACKAGES": " ".join(COURSE_PACKAGES)})


def containers(engine: Engine) -> ContainerEngine:
    """The same engine; LabError when it has no images."""
    return container.containers(
        engine,
        LabError("Le labo embarqué n'a pas d'image : ses nœuds sont faits de cette machine.", "« labs doctor » dit ce qu'il y manque."),
    )


def save(engine: ContainerEngine, file: Path) -> None:
    """Write the image in a file, for machines without Internet; the image is made first where it is not there."""
    image = ensure(engine)
    if not file.resolve().parent.is_dir():
        raise LabError(f"Le dossier « {file.parent} » n'existe pas.", "Créez-le, ou choisissez-en un autre.")
    if file.is_dir():
        raise LabError(f"« {file} » est un dossier.", "Ajoutez le nom du fichier à écrire.")
    half = file.with_name(f".{file.name}.moitie")  # no engine writes over a file that is there
    half.unlink(missing_ok=True)
    try:
        engine.save_image(image, half)
        half.replace(file)
    finally:
        half.unlink(missing_ok=True)


def load(engine: ContainerEngine, file: Path) -> str:
    """Take the image out of a file that ``save`` made; gives its tag. LabError when the file does not hold the image of this kit."""
    if not file.is_file():
        raise LabError(f"Le fichier « {file} » n'existe pas.", "Vérifiez son chemin.")
    engine.load_image(file)
    if not engine.has_image(tag()):
        raise LabError(
            f"« {file} » ne contient pas l'image de cette version du cours ({tag()}).",
            "Refaites le fichier avec « labs image save » sur une machine qui a la même version.",
        )
    return ensure(engine)


def any_image(engine: ContainerEngine) -> str | None:
    """An image of the lab's that is already there, to try a start with; None when there is none."""
    return next((image for image in (tag(), local_base(), REGISTRY_BASE) if engine.has_image(image)), None)


def _bootstrap(engine: ContainerEngine, say: Say) -> None:
    system.require("mmdebstrap", say)
    with tempfile.TemporaryDirectory(prefix="contrepoint-") as folder:
        if shutil.disk_usage(folder).free < ROOM_NEEDED:
            raise LabError(f"Il reste moins de 2 Go sur le disque qui porte {folder}.", "Libérez de la place, puis relancez « ./start ».")
        tar = Path(folder) / "rootfs.tar"
        done = subprocess.run(
            [
                "mmdebstrap",
                "--quiet",
                "--variant=minbase",
                *_slimming(),
                f"--include={','.join(PACKAGES)}",
                f"--customize-hook={_fetching()}",
                SUITE,
                str(tar),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["sans message"])[-1]
            raise LabError(f"mmdebstrap a échoué : {last}", "Vérifiez l'accès aux dépôts Debian (« sudo apt-get update »), puis relancez.")
        engine.import_image(tar, local_base())


def _fetching() -> str:
    """A shell text that mmdebstrap runs with the new tree as ``$1``; a text, since its user may not be able to read our folder."""
    return f'set -- "$1" {shlex.join(COURSE_PACKAGES)}\n{(CONTEXT / "fetch-packages").read_text(encoding="utf-8")}'


def _slimming() -> list[str]:
    """What dpkg leaves out, told to mmdebstrap as the image tells it to dpkg."""
    lines = (CONTEXT / "dpkg-excluded").read_text(encoding="utf-8").splitlines()
    return [f"--dpkgopt={line}" for line in lines if not line.startswith("#")]
