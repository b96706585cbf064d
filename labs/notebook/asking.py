"""Asking for news of a job: which job, which node, to see or to clean up; the command that does it, and each node's answer.

The jobs offered are those whose files are on the nodes, whatever launched them: a panel, a magic or a terminal.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from labs.lab import Lab
from labs.notebook import background, exploring, jobfiles, toolkit
from labs.notebook.exploring import AnswerPanel
from labs.notebook.pieces import NBSP, code, joined, note

if TYPE_CHECKING:
    from labs.notebook.prediction import Forecast
    from labs.timeline.model import Timeline

TEMPLATE = "ansible {node} -m ansible.builtin.async_status -a 'jid={jid}{mode}'"
MODES = {"Où en est-il ? (mode=status, par défaut)": "", "Efface son fichier (mode=cleanup)": " mode=cleanup"}
LINGER = 0.5  # seconds: the answer is all that one waits for, however long the job runs on
NOBODY = "—"  # stands for the jid while no node has a job


class AskPanel(AnswerPanel):
    """The widget. ``refresh`` reads on the nodes which jobs there are; a failure is told, never raised."""

    linger = LINGER

    def __init__(self, *, forecast: str | None = None, lab: Lab | None = None) -> None:
        self._known: dict[str, str] = {}  # jid -> the node that it belongs to: those seen since this panel is open
        self.job = toolkit.choice(f"Le job{NBSP}:", {"aucun job sur les nœuds": NOBODY})
        self.node = toolkit.choice(f"Le nœud interrogé{NBSP}:", {"node1": "node1"})
        self.mode = toolkit.choice(f"La demande{NBSP}:", MODES)
        super().__init__(TEMPLATE, {}, forecast=forecast, lab=lab)
        self._list_nodes()
        self.launch_button.description = "Demander"
        self.refresh_button = toolkit.button("Relire les nœuds", self.refresh)
        self.files = toolkit.html()
        choices = toolkit.row(self.job, self.node, self.mode)
        buttons = toolkit.row(self.launch_button, self.refresh_button)
        self.widget = toolkit.column(choices, self.command, buttons, self.message, self.help, self.files)
        for choice in (self.job, self.node, self.mode):
            choice.observe(lambda _: self._show_command(), "value")
        exploring.listeners.add(self)

    @property
    def values(self) -> dict[str, int | str]:
        return {"node": self.node.value, "jid": self.job.value, "mode": self.mode.value}

    async def refresh(self) -> None:
        await self._relist()

    async def _relist(self) -> bool:
        """Whether the nodes could be asked which jobs they have."""
        try:
            found = await asyncio.to_thread(jobfiles.present, self._lab)
        except Exception as error:  # noqa: BLE001 - whatever it is, the learner reads it here and nowhere else
            await self._complain(error)
            return False
        self._list_nodes()
        self._list_jobs(found)
        self.files.value = _files(found)
        return True

    async def run(self) -> None:
        if self.job.value == NOBODY and not await self._relist():
            return
        if self.job.value == NOBODY:
            self.message.value = note(f"Il n’y a pas encore de job à suivre{NBSP}: lancez-en un dans un panneau plus haut.")
            return
        await super().run()

    async def _tell(self, timeline: Timeline, forecast: Forecast | None) -> None:
        await super()._tell(timeline, forecast)
        said = [self.message.value]
        if forecast and not forecast.timed and self.node.value == "all":
            said.append(note(forecast.compared(sum(not answer.failed for answer in self.answers))))
        self.message.value = "".join(said)

    def _list_nodes(self) -> None:
        nodes = self._lab.nodes or ("node1",)
        if tuple(self.node.options) != (wanted := (*((node, node) for node in nodes), ("tous (all)", "all"))):
            self.node.options = wanted

    def _list_jobs(self, found: dict[str, tuple[str, ...]]) -> None:
        """Those on the nodes, then those whose files are gone: one may ask what becomes of an erased job."""
        present = {jid: node for node, jids in found.items() for jid in jids}
        gone = {jid: node for jid, node in self._known.items() if jid not in present}
        self._known = present | gone
        labels = {f"{node} · {jid}": jid for jid, node in present.items()} | {f"{node} · {jid} (effacé)": jid for jid, node in gone.items()}
        chosen = self.job.value
        self.job.options = tuple((labels or {"aucun job sur les nœuds": NOBODY}).items())
        if chosen in labels.values():
            self.job.value = chosen

    def _set_busy(self, busy: bool) -> None:
        super()._set_busy(busy)
        for choice in (self.job, self.node, self.mode):
            choice.disabled = busy


def _files(found: dict[str, tuple[str, ...]]) -> str:
    rows = [f"{node}{NBSP}: {', '.join(jids) if jids else 'aucun fichier'}" for node, jids in found.items()]
    return note(f"Fichiers de jobs présents dans ~/.ansible_async{NBSP}:\n" + "\n".join(rows))


def ask_status(*, recorded: str | None = None, forecast: str | None = None) -> None:
    """Show a panel that asks a node of the lab for news of a job, or has the job's file erased.

    ``recorded`` names the run shown before the learner's own. A ``forecast`` in another unit than seconds is compared with the number of
    nodes that answer without failing when all are asked.
    """
    shown = AskPanel(forecast=forecast)
    toolkit.place(_invitation(), shown.widget)
    shown.open(recorded)
    background.start(shown.refresh())


def still(*, recorded: str | None = None, forecast: str | None = None) -> dict[str, Any]:
    """What stands in the notebook where no widget can: the command's model, a recorded answer and its figure."""
    del forecast
    return joined(_invitation(), *([exploring.answered(recorded)] if recorded else []))


def _invitation() -> dict[str, Any]:
    line = "ansible -i inventory/inventory.yml NŒUD -m ansible.builtin.async_status -a 'jid=JID'"
    ask = "Exécutez cette cellule (Maj+Entrée) pour choisir un job et un nœud."
    return {"text/plain": f"{line}\n{ask}", "text/html": f"{code(line, 'Le modèle de la commande')}<p><em>{ask}</em></p>"}
