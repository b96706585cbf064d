"""What this machine offers a lab, told in a table: found, usable, why not, and the one command that helps."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from rich.table import Table

from labs.engines import settings
from labs.errors import LabError
from labs.image import build


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked for. ``usable`` counts only for engines; ``command`` is what would mend it, or empty."""

    name: str
    found: bool
    usable: bool
    detail: str
    command: str = ""


def examine() -> list[Finding]:
    """Look at each engine afresh; the first that works is remembered."""
    settings.forget()
    return [_examine_engine(candidate) for candidate in settings.candidates()]


def _examine_engine(candidate: settings.Settings) -> Finding:
    engine = candidate.make()
    if not engine.found:
        return Finding(candidate.engine, found=False, usable=False, detail="n'est pas installé", command=_install_command(candidate.engine))
    if complaint := settings.complaint(engine):
        return Finding(candidate.engine, found=True, usable=False, detail=complaint, command=_wake_command(candidate.engine))
    try:
        image = build.any_image(engine)
        if image is None:
            return Finding(candidate.engine, found=True, usable=True, detail="répond ; l'image des nœuds sera faite par « ./start »")
        kept = settings.load()
        found = settings.find_working(candidate.engine, image)
        if kept:  # an engine found before this one is preferred
            settings.save(kept)
    except LabError as error:
        return Finding(candidate.engine, found=True, usable=False, detail=error.message, command=error.remedy)
    return Finding(candidate.engine, found=True, usable=True, detail=f"version {engine.version()}, {found.describe()}")


def _install_command(engine: str) -> str:
    if shutil.which("apt-get"):
        return "sudo apt-get install podman" if engine == "podman" else "sudo apt-get install docker.io"
    return f"installez {engine} avec le gestionnaire de paquets de votre système"


def _wake_command(engine: str) -> str:
    return "sudo systemctl start docker" if engine == "docker" else "podman info"


def findings_table(findings: list[Finding]) -> Table:
    """A table for the terminal."""
    table = Table("Moteur", "Trouvé", "Utilisable", "Détail", "Ce qui aiderait")
    for finding in findings:
        table.add_row(finding.name, _yes(finding.found), _yes(finding.usable), finding.detail, finding.command)
    return table


def _yes(value: bool) -> str:
    return "oui" if value else "non"
