"""The lab as a learner sees it: its nodes in a small table, and the button that mends it."""

from __future__ import annotations

import asyncio
from html import escape
from typing import TYPE_CHECKING, Any

from labs.lab import Lab
from labs.notebook import background, toolkit
from labs.notebook.pieces import NBSP, note, problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labs.lab import NodeStatus

STATES = {
    "up": "✓ prêt",
    "stopped": "⊘ arrêté",
    "deaf": "⚠ tourne, mais ne répond pas en SSH",
    "absent": "✕ absent",
}
_CELL = 'style="text-align:left;padding:2px 18px 2px 0"'


def told(nodes: Sequence[NodeStatus]) -> str:
    """The lab's health in one sentence."""
    if not nodes:
        return f"Le labo n’existe pas encore. Cliquez sur «{NBSP}Réparer le labo{NBSP}»."
    ill = [node for node in nodes if node.state != "up"]
    if not ill:
        return f"Le labo est prêt{NBSP}: {len(nodes)} nœuds répondent."
    said = ", ".join(f"{node.name} ({STATES[node.state].split(' ', 1)[1]})" for node in ill)
    return f"Le labo n’est pas complet{NBSP}: {said}. Cliquez sur «{NBSP}Réparer le labo{NBSP}»."


def table(nodes: Sequence[NodeStatus]) -> str:
    heads = "".join(f'<th scope="col" {_CELL}>{heading}</th>' for heading in ("Nœud", "État", "Port SSH"))
    rows = "".join(
        f'<tr><th scope="row" {_CELL}>{escape(node.name)}</th><td {_CELL}>{STATES[node.state]}</td><td {_CELL}>{node.port or "—"}</td></tr>'
        for node in nodes
    )
    return f'<table aria-label="Les nœuds du labo"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


class LabStatus:
    """The widget: table, sentence, and two buttons. ``refresh`` and ``repair`` do the work; a failure is told, never raised."""

    def __init__(self, lab: Lab | None = None) -> None:
        self._lab = lab or Lab()
        self.table = toolkit.html()
        self.message = toolkit.html(note("Un instant, les nœuds sont interrogés…"))
        self.refresh_button = toolkit.button("Actualiser", self.refresh)
        self.repair_button = toolkit.button("Réparer le labo", self.repair)
        self.widget = toolkit.column(self.table, toolkit.row(self.refresh_button, self.repair_button), self.message)

    async def refresh(self) -> None:
        """Ask the engine anew."""
        try:
            nodes = await asyncio.to_thread(self._lab.status)
        except Exception as error:  # noqa: BLE001 - whatever it is, the learner reads it here and nowhere else
            self.message.value = problem(error)
            return
        self.table.value = table(nodes)
        self.message.value = note(told(nodes))

    async def repair(self) -> None:
        """Bring up what is down: seconds as a rule, minutes when the nodes' image must be made first."""
        self.repair_button.disabled = True
        self.message.value = note("Réparation en cours… Quelques secondes d’ordinaire.")
        try:
            await asyncio.to_thread(self._lab.up)
        except Exception as error:  # noqa: BLE001 - as above
            self.message.value = problem(error)
        else:
            await self.refresh()
        finally:
            self.repair_button.disabled = False


def lab_status() -> None:
    """Show the lab's nodes and the button that mends them."""
    panel = LabStatus()
    toolkit.place(still(), panel.widget)
    background.start(panel.refresh())


def still() -> dict[str, Any]:
    """What stands in the notebook where no widget can."""
    text = "Exécutez cette cellule (Maj+Entrée) pour voir l’état des trois nœuds."
    return {"text/plain": text, "text/html": f"<p><em>{text}</em></p>"}
