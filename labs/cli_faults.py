"""``labs cut``, ``pause``, ``slow`` and ``kill``: what a teacher or a learner breaks on purpose. Each is undone by ``labs reset``."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from labs.lab import DEFAULT, Lab

Node = Annotated[str, typer.Argument(metavar="NŒUD", help="Le nœud : node1, node2…")]
Name = Annotated[str, typer.Option("--name", "-n", help="Le nom du labo.")]
After = Annotated[float, typer.Option("--after", min=0.0, help="Attendre tant de secondes avant la panne.")]
For = Annotated[float | None, typer.Option("--for", help="La panne prend fin d'elle-même après tant de secondes.")]


def cut(node: Node, after: After = 0.0, lasting: For = None, name: Name = DEFAULT) -> None:
    """Couper le lien d'un nœud : ses sessions SSH se ferment ; avec --for, il en refuse de nouvelles pendant ce temps."""
    time.sleep(after)
    Lab(name).cut(node, lasting)
    print(f"Le lien de {node} est coupé" + (f" : il refuse toute session pendant {lasting:g} s." if lasting else "."))


def pause(node: Node, after: After = 0.0, lasting: For = None, name: Name = DEFAULT) -> None:
    """Geler un nœud : aucun de ses processus n'avance plus."""
    time.sleep(after)
    Lab(name).pause(node, lasting)
    print(f"{node} est gelé{_until(lasting)}.")


def slow(
    node: Node,
    delay: Annotated[float, typer.Option("--delay", help="Le retard de chaque échange, en secondes.")] = 0.5,
    after: After = 0.0,
    lasting: For = None,
    name: Name = DEFAULT,
) -> None:
    """Ralentir le lien d'un nœud : chaque échange par SSH attend ; ses jobs, eux, tournent comme avant."""
    time.sleep(after)
    Lab(name).slow(node, delay, lasting)
    print(f"Chaque échange avec {node} attend {delay:g} s{_until(lasting)}.")


def kill(node: Node, after: After = 0.0, lasting: For = None, name: Name = DEFAULT) -> None:
    """Tuer un nœud : tous ses processus s'arrêtent, ses fichiers restent ; avec --for, il redémarre après ce temps."""
    time.sleep(after)
    Lab(name).kill(node, lasting)
    print(f"{node} est tué" + (f" ; il redémarrera dans {lasting:g} s." if lasting else " ; « labs up » le redémarre."))


def _until(lasting: float | None) -> str:
    return f", pendant {lasting:g} s" if lasting else ", jusqu'au prochain « labs reset »"
