"""The suite of the engines once more, as an ordinary user with podman: one made for it, and gone with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from labs.engines import settings
from labs.image import build
from labs.paths import ROOT

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(
        os.geteuid() != 0, reason="un utilisateur d'essai se crée en administrateur ; test_engines est ici déjà sans privilège"
    ),
]

NEEDED = {"useradd": "passwd", "runuser": "util-linux", "podman": "podman", "newuidmap": "uidmap"}


class Somebody:
    """An ordinary user, and what they need to run the kit: a Python within their reach, the tree, Ansible's commands by name."""

    def __init__(self) -> None:
        self.name = f"essai{os.getpid()}"
        subprocess.run(["useradd", "--create-home", "--shell", "/bin/sh", self.name], check=True)
        self.home = Path("~" + self.name).expanduser()
        self.uid = self.home.stat().st_uid

    def run(self, *argv):
        environment = {
            "HOME": self.home,
            "PATH": f"{self.home}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "XDG_RUNTIME_DIR": f"{self.home}/run",
            "CONTREPOINT_STATE": f"{self.home}/labs",
            "PYTHONPATH": f"{ROOT}:{sysconfig.get_path('purelib')}:{sysconfig.get_path('platlib')}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "C.UTF-8",
        }
        assigned = [f"{name}={value}" for name, value in environment.items()]
        return subprocess.run(
            ["runuser", "-u", self.name, "--", "env", "-i", *assigned, *argv], cwd=ROOT, capture_output=True, text=True, check=False
        )

    def python(self):
        """A Python of the same version that this user may run; the environment's own may be under somebody else's home."""
        same = f"/usr/bin/python3.{sys.version_info.minor}"
        return next(
            (python for python in (sys.executable, same) if self.run(python, "-c", "import ansible, labs.lab, pytest").returncode == 0),
            None,
        )

    def settle(self, python):
        for folder in ("bin", "run"):
            self.run("mkdir", "-m", "700", self.home / folder).check_returncode()
        command = self.home / "bin" / "ansible"
        command.write_text(f"#!{python}\nfrom ansible.cli.adhoc import main\nmain()\n")
        command.chmod(0o755)

    def leave(self):
        self.run("podman", "rm", "--all", "--force")
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.uids().real == self.uid:
                    process.kill()
        subprocess.run(["userdel", "--remove", "--force", self.name], check=False, capture_output=True)
        shutil.rmtree(self.home, ignore_errors=True)


@pytest.fixture
def somebody():
    for program, package in NEEDED.items():
        if not shutil.which(program):
            pytest.skip(f"{program} manque (paquet {package})")
    if settings.choose().name != "podman":
        pytest.skip("l'image des nœuds vient du podman de l'administrateur, qui ne sert pas ici")
    somebody = Somebody()
    try:
        yield somebody
    finally:
        somebody.leave()


def test_the_suite_passes_for_an_ordinary_user(somebody):
    python = somebody.python()
    if python is None:
        pytest.skip("ce dossier, ou tout Python de cette version, est hors de la portée d'un utilisateur ordinaire")
    somebody.settle(python)
    image = somebody.home / "image.tar"
    build.save(build.containers(settings.choose()), image)
    image.chmod(0o644)
    taken = somebody.run(python, "-c", "from labs.cli import main; main()", "image", "load", image)
    assert taken.returncode == 0, taken.stdout + taken.stderr
    suite = ["-p", "no:cacheprovider", f"--basetemp={somebody.home}/tmp", "tests/lab/test_engines.py", "-k", "podman"]
    done = somebody.run(python, "-m", "pytest", *suite)
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.strip().splitlines()[-1]
    assert "passed" in last
    assert "skipped" not in last, done.stdout
