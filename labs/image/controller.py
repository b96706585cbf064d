"""The controller's image, for answers that nobody vouches for: the node image, and the Ansible that this kit is locked to.

It is the same for all copies and on all machines: Debian's Python 3.11 and the ansible-core of that line of the lock. On a Python 3.11, that is what
the kit itself runs, and it is copied from there with no network; on a later one, pip fetches what the lock names.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

from ansible_runner.utils import get_callback_dir

from labs.engines.container import ContainerEngine
from labs.engines.walls import CONTROLLER_USER
from labs.errors import LabError
from labs.image import build
from labs.inventory import write_atomically
from labs.paths import ROOT, STATE
from labs.system import Say

CONTEXT = Path(__file__).with_name("controller_files")
REPOSITORY = "localhost/contrepoint-controller"
PYTHON = (3, 11)  # that of the node image
PACKAGES = ("ansible-core", "cffi", "cryptography", "jinja2", "markupsafe", "packaging", "pycparser", "pyyaml", "resolvelib")
UNUSED = ("ansible_test/", "../")  # of their files: the tests of Ansible, and programs that name another Python
PROOF = ("ansible", "localhost", "--module-name=ansible.builtin.ping")
PLUGINS = "/opt/controller/callback"  # where the image has its display
LOCK = ROOT / "requirements.txt"
PLATFORMS = ("manylinux_2_34", "manylinux_2_28", "manylinux2014")  # what the image's C library can run

# Appended to ansible-runner's display: an event then travels whole in the terminal's stream, and nothing of a run is read from files that it writes.
WHOLE_EVENTS = """

def _dump_whole(self, fileobj):
    self.dump(fileobj, json.loads(json.dumps(self.get_begin_dict(), cls=AnsibleJSONEncoderLocal)))


EventContext.dump_begin = _dump_whole
"""


def tag() -> str:
    """The image's name: its tag is a digest of all that it is made from."""
    ingredients = (build.tag(), (CONTEXT / "Containerfile").read_text(), _display(), *_locked().values())
    return f"{REPOSITORY}:{hashlib.sha256(repr((PYTHON, CONTROLLER_USER, ingredients)).encode()).hexdigest()[:12]}"


def ensure(engine: ContainerEngine, say: Say = lambda _: None) -> str:
    """The image's tag, once it is there. LabError when it cannot be made, or when Ansible does not work in it behind walls."""
    node, image = build.ensure(engine, say), tag()
    if not engine.has_image(image):
        say("Construction de l'image du contrôleur…")
        with TemporaryDirectory(prefix="contrepoint-") as scratch:
            context = Path(scratch)
            shutil.copy(CONTEXT / "Containerfile", context)
            (context / "awx_display.py").write_text(_display(), encoding="utf-8")
            _gather(context / "packages")
            engine.build(context, image, {"BASE": node, "USER_ID": str(CONTROLLER_USER)})
    _prove(engine, image)
    return image


def _prove(engine: ContainerEngine, image: str) -> None:
    """Have Ansible run a module behind its walls, once for each that changes: where it cannot, every answer would look wrong."""
    known = STATE / f"controller-{engine.name}"
    options = engine.lone_options()
    proof = "\n".join((image, engine.version(), *options))
    if known.is_file() and known.read_text(encoding="utf-8") == proof:
        return
    if trouble := engine.complaint_of_run(image, options, PROOF):
        raise LabError(
            f"Ansible ne marche pas derrière ses murs sur cette machine : {trouble.splitlines()[-1]}",
            "Rien n'a été jugé. Lancez « labs doctor », qui cherche de nouveau avec quoi un conteneur démarre ici ; s'il n'y change rien, signalez ce message.",
        )
    write_atomically(known, proof)


def _display() -> str:
    return Path(get_callback_dir(), "awx_display.py").read_text(encoding="utf-8") + WHOLE_EVENTS


def _gather(folder: Path) -> None:
    if sys.version_info[:2] == PYTHON:
        for name in PACKAGES:
            _copy(name, folder)
    else:
        _fetch(folder)


def _copy(name: str, folder: Path) -> None:
    for file in metadata.distribution(name).files or ():
        if not str(file).startswith(UNUSED) and file.suffix != ".pyc":
            target = folder / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(str(file.locate()), target)


def _fetch(folder: Path) -> None:
    with TemporaryDirectory(prefix="contrepoint-") as scratch:
        wanted = Path(scratch, "wanted.txt")
        wanted.write_text("".join(_locked().values()), encoding="utf-8")
        platforms = [f"--platform={platform}_{_machine()}" for platform in PLATFORMS]
        version = ".".join(map(str, PYTHON))
        options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", f"--python-version={version}", *platforms]
        command = [sys.executable, "-m", "pip", "install", *options, f"--target={folder}", "--requirement", str(wanted)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["sans message"])[-1]
        raise LabError(f"L'image du contrôleur n'a pas pu être faite : {last}", "Il y faut une fois un accès à l'index des paquets Python.")


def _machine() -> str:
    import platform

    return platform.machine()


def _locked() -> dict[str, str]:
    """What the lock says of each package for the image's Python: name -> lines, hashes included, without their condition."""
    return {name: lines for name, lines in _entries() if name in PACKAGES}


def _entries() -> Iterator[tuple[str, str]]:
    from packaging.markers import Marker

    here = {"python_full_version": f"{PYTHON[0]}.{PYTHON[1]}.2", "python_version": f"{PYTHON[0]}.{PYTHON[1]}"}
    for entry in re.split(r"^(?=[a-z])", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE):
        head = re.match(r"([a-z0-9.-]+)(==[^ ;\n\\]+) *(?:; *([^\\\n]+?))? *(\\\n|\n)", entry)
        if head and (not head[3] or Marker(head[3]).evaluate(here)):
            yield head[1], f"{head[1]}{head[2]} {head[4]}{entry[head.end() :]}"
