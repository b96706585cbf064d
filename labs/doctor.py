"""What this machine offers a lab, told in a table: found, usable, why not, and the one command that helps."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass

from rich.table import Table

from labs.engines import settings
from labs.engines.embedded import CANNOT, Embedded
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
    """Look at each engine afresh, in the order in which they are preferred; what works is remembered."""
    settings.forget()
    return [_examine_engine(candidate) for candidate in settings.candidates()]


def _examine_engine(candidate: settings.Settings) -> Finding:
    if candidate.engine == Embedded.name:
        return _examine_embedded()
    engine = candidate.make_container_engine()
    if not engine.found:
        return Finding(candidate.engine, found=False, usable=False, detail="n'est pas installé", command=_install_command(candidate.engine))
    if complaint := settings.complaint(engine):
        return Finding(candidate.engine, found=True, usable=False, detail=complaint, command=_wake_command(candidate.engine))
    try:
        image = build.any_image(engine)
        if image is None:
            return Finding(candidate.engine, found=True, usable=True, detail="répond ; l'image des nœuds sera faite par « ./start »")
        found = settings.find_working(candidate.engine, image)
    except LabError as error:
        return Finding(candidate.engine, found=True, usable=False, detail=error.message, command=error.remedy)
    return Finding(candidate.engine, found=True, usable=True, detail=f"version {engine.version()}, {found.describe()}")


def _examine_embedded() -> Finding:
    engine = Embedded()
    try:
        detail = f"asyncssh {engine.version()}, sans conteneur ni privilège"
    except LabError as error:
        return Finding(engine.name, found=engine.found, usable=False, detail=error.message, command=error.remedy)
    return Finding(engine.name, found=True, usable=True, detail=detail)


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


def conclusion(findings: list[Finding]) -> str:
    """Which engine a new lab has, and why, in French."""
    chosen = next((finding.name for finding in findings if finding.usable), None)
    if chosen is None:
        return "Aucun moteur n'est utilisable : suivez un des conseils ci-dessus."
    order = ", puis ".join(finding.name for finding in findings)
    said = (
        f"Un nouveau labo tournera sur {chosen}, le premier utilisable dans cet ordre : {order}. « labs up --engine » en choisit un autre."
    )
    return said if chosen != Embedded.name else f"{said}\n{embedded_limits()}"


def embedded_limits() -> str:
    """What one must know of a lab without containers, in French."""
    told = "Dans le labo embarqué, on ne peut pas :\n" + " ;\n".join(f"- {limit}" for limit in CANNOT) + "."
    if os.geteuid() == 0:
        told += "\nVous êtes administrateur : ce qu'un playbook change sur un nœud, il le change sur cette machine."
    return told


def _yes(value: bool) -> str:
    return "oui" if value else "non"
