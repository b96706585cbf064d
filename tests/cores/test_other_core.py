"""What the course says of Ansible, and the events that the recorder stands on, once more on the other ansible-core that the kit runs on.

Each Python has its own: 2.19 up to 3.11, 2.21 from 3.12. Where a Python of the other side is there, the locked environment is made for it
too, in the state folder, and kept. The events are tried by default, the facts of all lessons with CONTREPOINT_TOUT=1: they take minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from labs.paths import ROOT, STATE

pytestmark = pytest.mark.lab

EVENTS = "tests/jobs/test_events.py"
FACTS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests/course").glob("test_facts_*.py"))
ASKED = [EVENTS, *(FACTS if os.environ.get("CONTREPOINT_TOUT") else ())]
LOCK = ROOT / "requirements-tests.txt"
NEWER = (3, 12)  # from this Python on, the newer core
PYTHONS = [(3, 13), (3, 12), (3, 11)]
INSTALLED_BY_PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"


def other_python():
    """A Python of the other side that runs, and its version; None where there is none."""
    own_side = sys.version_info[:2] >= NEWER
    for version in (version for version in PYTHONS if (version >= NEWER) != own_side):
        name = ".".join(map(str, version))
        for program in (shutil.which(f"python{name}"), *map(str, sorted(INSTALLED_BY_PYENV.glob(f"{name}.*/bin/python")))):
            if program and subprocess.run([program, "-c", "import ensurepip"], check=False, capture_output=True).returncode == 0:
                return program, name
    return None


@pytest.fixture(scope="module")
def python():
    """The interpreter of an environment made by the tests' lock for the other core."""
    if not (found := other_python()):
        pytest.skip("aucun Python de l'autre côté de 3.12 n'est installé ici : un seul ansible-core peut l'être")
    program, name = found
    folder = STATE / f"python-{name}"
    stamp = f"{zlib.crc32(LOCK.read_bytes())} {program}"
    if not (folder / "stamp").exists() or (folder / "stamp").read_text() != stamp:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([program, "-m", "venv", folder], check=True)
        pip = [folder / "bin/python", "-m", "pip", "--disable-pip-version-check", "install", "-qq", "--root-user-action=ignore"]
        subprocess.run([*pip, "--require-hashes", "-r", LOCK], check=True)
        (folder / "stamp").write_text(stamp)
    return folder / "bin/python"


def core(python):
    return subprocess.run(
        [python, "-c", "import ansible.release as r; print(r.__version__)"], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_events_and_facts_hold_on_the_other_core(python):
    assert core(python).rpartition(".")[0] != core(sys.executable).rpartition(".")[0]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *ASKED],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " skipped" not in done.stdout.splitlines()[-1]
