"""The ``labs`` command: the lab, and runs on it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labs import cli_faults
from labs.cli_french import Program, UsageError, told
from labs.cli_timeline import timeline_app
from labs.errors import LabError
from labs.lab import DEFAULT, Lab
from labs.typography import typeset

if TYPE_CHECKING:
    from labs.jobs.command import Command

app = Program(help="Le labo de Contrepoint : ses nœuds, et ce que vous y lancez.")
image_app = Program(help="L'image des nœuds.")
app.add_typer(image_app, name="image")
app.add_typer(timeline_app, name="timeline")

Name = Annotated[str, typer.Option("--name", "-n", help="Le nom du labo.")]
TimelineFile = Annotated[Path | None, typer.Option("--timeline", help="Écrire la chronologie dans ce fichier JSON.")]
FigureFile = Annotated[Path | None, typer.Option("--figure", help="Dessiner la chronologie dans ce fichier (.svg, .png ou .pdf).")]
ImageFile = Annotated[Path, typer.Argument(metavar="FICHIER", help="L'archive de l'image.")]
PASS_THROUGH = {"allow_extra_args": True, "ignore_unknown_options": True}
STATES = {"up": "prêt", "stopped": "arrêté", "deaf": "ne répond pas", "absent": "absent"}


def main() -> None:
    """Run the command; what a user can cause or meet is one French sentence, never a traceback."""
    try:
        sys.exit(app(prog_name="labs", standalone_mode=False) or 0)
    except LabError as error:
        print(typeset(f"{error.message}\n{error.remedy}".rstrip()), file=sys.stderr)
    except UsageError as error:
        print(typeset(told(error)), file=sys.stderr)
    sys.exit(2)


@app.command()
def up(
    name: Name = DEFAULT,
    nodes: Annotated[int | None, typer.Option(help="Combien de nœuds, de 1 à 50 (3 au départ).")] = None,
    internet: Annotated[
        bool | None, typer.Option("--internet/--no-internet", help="Laisser les nœuds sortir de leur labo (non au départ).")
    ] = None,
    engine: Annotated[str | None, typer.Option(help="Ce qui fait tourner les nœuds : « labs doctor » dit lesquels marchent ici.")] = None,
) -> None:
    """Démarrer le labo, ou réparer ce qui n'y marche pas."""
    lab = Lab(name)
    lab.up(nodes, internet=internet, engine=engine)
    print(f"Le labo est prêt : {', '.join(lab.nodes)}.")
    if not lab.engine.isolated:
        from labs.doctor import embedded_limits

        print(typeset(embedded_limits()))


@app.command()
def down(name: Name = DEFAULT) -> None:
    """Arrêter le labo et supprimer ses nœuds."""
    Lab(name).down()
    print("Le labo est arrêté.")


@app.command()
def reset(name: Name = DEFAULT) -> None:
    """Remettre les nœuds à neuf : plus aucun fichier, job ni panne d'avant."""
    Lab(name).reset()
    print("Les nœuds sont comme neufs.")


@app.command()
def status(name: Name = DEFAULT, as_json: Annotated[bool, typer.Option("--json", help="Pour un programme.")] = False) -> None:
    """Dire l'état de chaque nœud."""
    nodes = Lab(name).status()
    if as_json:
        print(json.dumps([{"name": node.name, "state": node.state, "port": node.port} for node in nodes]))
    elif not nodes:
        print("Le labo n'est pas démarré : lancez « labs up ».")
    for node in () if as_json else nodes:
        print(f"{node.name:8} {STATES[node.state]}" + (f" (SSH : 127.0.0.1, port {node.port})" if node.port else ""))
    if not nodes or any(node.state != "up" for node in nodes):
        raise typer.Exit(1)


@app.command()
def doctor() -> None:
    """Chercher ce qui peut faire tourner le labo sur cette machine, et dire ce qui manque."""
    from labs.doctor import conclusion, examine, findings_table

    findings = examine()
    _rich_print(findings_table(findings))
    print(typeset(conclusion(findings)))
    if not any(finding.usable for finding in findings):
        raise typer.Exit(1)


@app.command("ps")
def list_labs() -> None:
    """Dire quels labos tournent sur cette machine, les vôtres, de tous vos dossiers."""
    from labs import census

    _rich_print(census.table(census.seen()))


@app.command()
def gc() -> None:
    """Supprimer ce que des programmes arrêtés brutalement ont laissé ; un labo en service n'est jamais touché."""
    from labs import census

    for sentence in census.sweep() or ["Rien à supprimer."]:
        print(sentence)


for fault in (cli_faults.cut, cli_faults.pause, cli_faults.slow, cli_faults.kill):
    app.command()(fault)


@app.command(context_settings=PASS_THROUGH)
def run(
    context: typer.Context,
    playbook: Annotated[Path, typer.Argument(metavar="PLAYBOOK", help="Le fichier du playbook.")],
    timeline: TimelineFile = None,
    figure: FigureFile = None,
    name: Name = DEFAULT,
) -> None:
    """Lancer un playbook sur le labo ; les options qui suivent sont celles d'ansible-playbook."""
    from labs.cli_run import check_playbook
    from labs.jobs.command import Playbook

    check_playbook(playbook)
    _launch(name, Playbook(playbook, options=tuple(context.args)), timeline, figure)


@app.command(context_settings=PASS_THROUGH)
def adhoc(context: typer.Context, timeline: TimelineFile = None, figure: FigureFile = None, name: Name = DEFAULT) -> None:
    """Lancer une commande ad hoc, telle que vous la donneriez à ansible : labs adhoc all -B 60 -P 0 -a '/bin/sleep 5'."""
    import shlex

    from labs.jobs.command import AdHoc

    _launch(name, AdHoc.parse(shlex.join(context.args)), timeline, figure)


@app.command()
def watch(
    name: Name = DEFAULT, fenetre: Annotated[float, typer.Option("--fenetre", min=5, max=3600, help="Combien de secondes montrer.")] = 60
) -> None:
    """Regarder tout ce qui se passe sur le labo, d'où que ce soit lancé, jusqu'à Ctrl+C."""
    from labs import cli_watch

    cli_watch.watch(Lab(name), fenetre)


@app.command()
def site(out: Annotated[Path, typer.Option("--out", "-o", help="Le dossier où écrire ; il est créé s'il manque.")]) -> None:
    """Écrire le cours en pages à lire, sans rien installer ni lancer, même sans réseau."""
    from labs.site import writing

    pages = writing.write(out)
    print(f"Le cours est dans {out} ({len(pages)} pages) : ouvrez {pages[0]}.")


@image_app.command("build")
def image_build() -> None:
    """Construire l'image des nœuds si elle n'est pas là."""
    from labs.engines import settings
    from labs.image import build

    print(build.ensure(build.containers(settings.choose()), print))


@image_app.command("save")
def image_save(file: ImageFile) -> None:
    """Écrire l'image dans un fichier, pour des machines sans accès à Internet."""
    from labs.engines import settings
    from labs.image import build

    build.save(build.containers(settings.choose()), file)
    print(f"L'image est dans {file} : « labs image load {file.name} » la reprendra sur une autre machine.")


@image_app.command("load")
def image_load(file: ImageFile) -> None:
    """Prendre l'image dans un fichier écrit par « labs image save »."""
    from labs.engines import settings
    from labs.image import build

    print(build.load(build.containers(settings.choose()), file))


def _launch(name: str, command: Command, timeline_file: Path | None, figure_file: Path | None) -> None:
    from labs import cli_run

    cli_run.refuse_unwritable(timeline_file, figure_file)
    cli_run.launch(Lab(name), command, timeline_file, figure_file)


def _rich_print(thing: object) -> None:
    from rich.console import Console

    Console().print(thing)
