"""The steps of ``./start`` once Python's part is installed, and what ``./check`` adds. Each says what it does; each is done once."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys

from labs import jupyter, system
from labs.engines import settings
from labs.engines.base import Engine
from labs.engines.embedded import Embedded
from labs.errors import LabError
from labs.image import build
from labs.lab import Lab
from labs.paths import NOTEBOOKS, ROOT, WORK
from labs.typography import typeset


def main() -> None:
    options = _options()
    try:
        if options.tests:
            prepare_tests()
            return
        locale = prepare()
        if not options.setup_only:
            _open(locale, options.port, not options.no_browser)
    except LabError as error:
        print(typeset(f"\n{error.message}\n{error.remedy}".rstrip()), file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("\nArrêté. Relancez « ./start » : ce qui est fait reste fait.", file=sys.stderr)
        sys.exit(130)


def prepare() -> str:
    """Everything but JupyterLab; gives the locale to open it with."""
    step(2, "Programmes de la machine")
    system.require("ssh", tell)
    locale = system.ensure_french(tell)
    step(3, "Moteur du labo")
    engine = ensure_engine()
    step(4, "Image des nœuds")
    engine = ensure_image(engine)
    step(5, "Labo de trois nœuds")
    lab = Lab()
    # A choice between container engines is the learner's; one between containers and none is made anew by what the machine has.
    lab.up(engine=None if engine.isolated and lab.engine.isolated else engine.name)
    tell(f"Prêts : {', '.join(lab.nodes)}.")
    step(6, "Vos copies des leçons")
    copy_lessons()
    return locale


def ensure_engine() -> Engine:
    """The engine that answers: containers where there are, or where podman may be installed; else the embedded lab."""
    kept = settings.load()
    if kept and (kept.engine == Embedded.name or settings.complaint(kept.make())):
        settings.forget()  # what was missing may be there now
    engine = settings.choose()
    if not engine.isolated and system.can_install() and not system.has("podman"):
        system.require("podman", tell)
        engine = settings.first_usable().make()
    if not engine.isolated:
        tell("Aucun moteur de conteneurs ici : le labo embarqué fera l'affaire, sauf pour quelques exercices.")
        tell("« labs doctor » dit ce qu'il ne sait pas faire, et comment avoir des conteneurs.")
    tell(f"{engine.name} {engine.version()}.")
    return engine


def ensure_image(engine: Engine) -> Engine:
    """The engine for which there is what nodes are made from: the one given, or the embedded lab where that one cannot be mended."""
    try:
        _ensure_image(engine)
    except LabError as error:
        if system.can_install():
            raise
        tell(f"{error.message} {error.remedy}".rstrip())
        tell("En attendant, le labo embarqué fera l'affaire, sauf pour quelques exercices (« labs doctor »).")
        settings.forget()
        settings.save(settings.Settings(Embedded.name))
        return Embedded()
    found = settings.load_of(engine.name)
    tell(f"Prête ({found.describe()})." if found else "Prête." if engine.isolated else "Il n'en faut pas.")
    return engine


def _ensure_image(engine: Engine) -> None:
    try:
        build.ensure(engine, tell)
    except settings.NothingStartsError:
        # On hybrid cgroups the default runtime may refuse to start anything where runc does not.
        if engine.name != "podman" or system.has("runc") or not system.can_install():
            raise
        system.require("runc", tell)
        build.ensure(engine, tell)


def copy_lessons() -> None:
    """Copy the lessons that the learner does not have yet. Theirs are never touched."""
    WORK.mkdir(exist_ok=True)
    missing = [lesson for lesson in sorted(NOTEBOOKS.glob("*.ipynb")) if not (WORK / lesson.name).exists()]
    for lesson in missing:
        shutil.copy(lesson, WORK / lesson.name)
        jupyter.trust(WORK / lesson.name)
    copied = f"{len(missing)} {'copiés' if len(missing) > 1 else 'copié'} dans {WORK.name}/."
    tell(copied if missing else f"Tous dans {WORK.name}/ ; votre travail n'est pas touché.")


def prepare_tests() -> None:
    """What only ``./check`` needs: test libraries by their lock, and a browser."""
    step(7, "Outils de test")
    lock = ROOT / "requirements-tests.txt"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-qq", "--root-user-action=ignore"]
    if subprocess.run([*pip, "--require-hashes", "-r", str(lock)], check=False).returncode:
        raise LabError("Les bibliothèques de test n'ont pas pu être installées.", "Vérifiez l'accès à PyPI, puis relancez « ./check ».")
    if not _playwright_starts() and system.can_install():
        system.install("libatomic1", tell)  # its own node needs it, and a bare Debian lacks it
    for program, what in (
        ("chromium", "dans un navigateur"),
        ("dockerd", "sur Docker"),
        ("newuidmap", "de podman sans privilège"),
        ("hunspell", "d’orthographe"),
    ):
        if system.can_install():
            system.require(program, tell)
        elif not system.has(program):
            tell(f"{program} manque : les tests {what} seront passés.")
    if not has_french() and system.can_install():
        system.install("hunspell-fr", tell)
    tell("Prêts.")


def has_french() -> bool:
    """Whether hunspell is there with its French dictionary."""
    listed = subprocess.run(["hunspell", "-D"], check=False, capture_output=True, text=True, input="") if system.has("hunspell") else None
    return listed is not None and any(line.endswith("/fr") for line in listed.stderr.splitlines())


def _playwright_starts() -> bool:
    return subprocess.run([sys.executable, "-m", "playwright", "--version"], check=False, capture_output=True).returncode == 0


def _open(locale: str, port: int | None, browser: bool) -> None:
    if address := jupyter.running_address():
        print(f"\nLe cours est déjà ouvert à cette adresse :\n\n    {address}\n")
        return
    jupyter.open_course(locale, port, browser)


def step(number: int, what: str) -> None:
    print(f"[{number}] {what}", flush=True)


def tell(text: str) -> None:
    print(typeset(f"    {text}"), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./start", description="Ouvre le cours Contrepoint.", add_help=False)
    parser.add_argument("--setup-only", action="store_true", help="tout préparer, sans ouvrir JupyterLab")
    parser.add_argument("--no-browser", action="store_true", help="ne pas ouvrir de navigateur")
    parser.add_argument("--port", type=int, help="le port de JupyterLab (8888 ou le premier libre)")
    parser.add_argument("--tests", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
