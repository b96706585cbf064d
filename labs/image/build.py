"""How the node image is had: from a registry where one answers, from Debian's own packages where none does."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from labs import system
from labs.engines import settings
from labs.engines.container import ContainerEngine
from labs.errors import LabError
from labs.system import Say

CONTEXT = Path(__file__).parent
SUITE = "bookworm"
PACKAGES = ("python3", "python3-apt", "openssh-server", "procps", "ca-certificates", "tini")
REGISTRY_BASE = "docker.io/library/debian:bookworm-slim"
LOCAL_BASE = f"localhost/contrepoint-base:{SUITE}"
REPOSITORY = "localhost/contrepoint-node"
REGISTRY_SECONDS = 120.0
ROOM_NEEDED = 2 * 1024**3  # bytes: the tar, the imported layer and the image, for a moment all three


def tag() -> str:
    """The image's name: its tag is a digest of all that it is made from, so a change makes another image."""
    digest = hashlib.sha256()
    for name in ("Containerfile", "sshd_config", "node-start"):
        digest.update((CONTEXT / name).read_bytes())
    digest.update(repr((SUITE, PACKAGES)).encode())
    return f"{REPOSITORY}:{digest.hexdigest()[:12]}"


def ensure(engine: ContainerEngine, say: Say = lambda _: None) -> str:
    """The image's tag, once it is there; ``say`` is told each step in French."""
    if engine.has_image(tag()):
        if settings.load() is None:  # the image can be older than this copy of the kit
            settings.find_working(engine.name, tag())
        return tag()
    base = _base(engine, say)
    engine = settings.find_working(engine.name, base).make()
    say("Construction de l'image des nœuds…")
    engine.build(CONTEXT, tag(), {"BASE": base})
    return tag()


def any_image(engine: ContainerEngine) -> str | None:
    """An image of the lab's that is already there, to try a start with; None when there is none."""
    return next((image for image in (tag(), LOCAL_BASE, REGISTRY_BASE) if engine.has_image(image)), None)


def _base(engine: ContainerEngine, say: Say) -> str:
    if engine.has_image(LOCAL_BASE):
        return LOCAL_BASE
    say("Recherche de l'image Debian dans un registre…")
    if engine.pull(REGISTRY_BASE, REGISTRY_SECONDS):
        return REGISTRY_BASE
    say("Aucun registre ne répond : fabrication de l'image à partir des paquets Debian (une minute)…")
    _bootstrap(engine, say)
    return LOCAL_BASE


def _bootstrap(engine: ContainerEngine, say: Say) -> None:
    system.require("mmdebstrap", say)
    with tempfile.TemporaryDirectory(prefix="contrepoint-") as folder:
        if shutil.disk_usage(folder).free < ROOM_NEEDED:
            raise LabError(f"Il reste moins de 2 Go sur le disque qui porte {folder}.", "Libérez de la place, puis relancez « ./start ».")
        tar = Path(folder) / "rootfs.tar"
        done = subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=minbase", *_slimming(), f"--include={','.join(PACKAGES)}", SUITE, str(tar)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["sans message"])[-1]
            raise LabError(f"mmdebstrap a échoué : {last}", "Vérifiez l'accès aux dépôts Debian (« sudo apt-get update »), puis relancez.")
        engine.import_image(tar, LOCAL_BASE)


def _slimming() -> list[str]:
    """Nobody reads manuals or other languages inside a node."""
    return [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("man", "doc", "locale", "info")]
