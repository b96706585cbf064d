"""What the machine must have, and how it gets it: installed where that is allowed, asked for by name where it is not."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

from labs.errors import LabError

Say = Callable[[str], None]

# Program -> the Debian package that brings it.
PACKAGES = {
    "chromium": "chromium",
    "dockerd": "docker.io",
    "hunspell": "hunspell",
    "mmdebstrap": "mmdebstrap",
    "newuidmap": "uidmap",
    "podman": "podman",
    "runc": "runc",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
}
FRENCH = "fr_FR.UTF-8"
LOCALE_SOURCE = Path("/usr/share/i18n/locales/fr_FR")  # what localedef compiles; its package is rarely on a server


def has(program: str) -> bool:
    return shutil.which(program) is not None


def can_install() -> bool:
    """Whether packages can be installed without asking anyone: root on a system with apt."""
    return os.geteuid() == 0 and has("apt-get")


def require(program: str, say: Say = print) -> None:
    """Make sure that a program is there; LabError names the package when it cannot be installed from here."""
    if has(program):
        return
    package = PACKAGES[program]
    if not can_install():
        raise LabError(f"Il manque « {program} » sur cette machine.", f"Installez-le (« {_by_hand(package)} »), puis relancez.")
    install(package, say)
    if not has(program):
        raise LabError(f"Le paquet {package} est installé, mais « {program} » reste introuvable.", "Vérifiez votre PATH.")


def install(package: str, say: Say = print) -> None:
    """Install a Debian package, after saying so. Needs ``can_install``."""
    say(f"Installation du paquet Debian « {package} »…")
    _apt_update()
    done = _apt("install", "--yes", package)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["sans message"])[-1]
        raise LabError(f"L'installation du paquet {package} a échoué : {last}", f"Essayez vous-même : « apt-get install {package} ».")


def ensure_french(say: Say = print) -> str:
    """The locale for JupyterLab: French, generated when it is missing; plain UTF-8, after saying so, where that cannot be done."""
    if _has_french():
        return FRENCH
    if can_install():
        if not LOCALE_SOURCE.exists():
            install("locales", say)
        subprocess.run(["localedef", "-i", "fr_FR", "-f", "UTF-8", FRENCH], check=False, capture_output=True)
    if _has_french():
        return FRENCH
    say(f"La langue {FRENCH} manque à cette machine : quelques réglages de JupyterLab resteront en anglais. Pour y remédier :")
    say(f"  {_by_hand('locales')} && sudo localedef -i fr_FR -f UTF-8 {FRENCH}")
    return "C.UTF-8"


def _has_french() -> bool:
    if not has("locale"):
        return False
    listed = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.lower().split()
    return "fr_fr.utf8" in listed or "fr_fr.utf-8" in listed


def _by_hand(package: str) -> str:
    if has("apt-get"):
        return f"sudo apt-get install {package}"
    return f"paquet {package} de votre système"


@cache
def _apt_update() -> None:
    _apt("update")


def _apt(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(["apt-get", "--quiet", *arguments], capture_output=True, text=True, check=False, env=environment)
