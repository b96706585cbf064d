"""What a learner breaks on purpose: the link of a node, by a button."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labs.lab import Lab
from labs.notebook import toolkit
from labs.notebook.pieces import NBSP, note, problem
from labs.timeline.model import State
from labs.timeline.words import seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from labs.recording import Recording


class CutButton:
    """« Couper le lien de node2 ». ``elapsed`` gives the seconds since the run's start, None when there is no run."""

    def __init__(self, node: str, elapsed: Callable[[], float | None] = lambda: None, lab: Lab | None = None) -> None:
        self.node, self._elapsed, self._lab = node, elapsed, lab or Lab()
        self.message = toolkit.html(note(""))
        self.button = toolkit.button(f"Couper le lien de {node}", self.cut)
        self.widget = toolkit.column(self.button, self.message)

    async def cut(self) -> None:
        """Close the node's SSH sessions now, and say when that was."""
        at = self._elapsed()
        try:
            await asyncio.to_thread(self._lab.cut, self.node)
        except Exception as error:  # noqa: BLE001 - whatever it is, the learner reads it here and nowhere else
            self.message.value = problem(error)
            return
        when = f"à {seconds(at)}" if at is not None else f"à {datetime.now().astimezone():%H:%M:%S}"
        said = f"Lien de {self.node} coupé {when}{NBSP}: ses sessions SSH sont fermées. Le nœud, lui, tourne toujours."
        self.message.value = note(said, "✂")


def at_work(recording: Recording, node: str) -> bool:
    """Whether a job runs on ``node`` and, if it is asynchronous, its launch has let go of the connection: it can tell what a cut does."""
    launching = any(
        run.host == node and run.end is None and run.argv[:2] == ("/bin/sh", "-c") and "async_wrapper.py" in run.argv[-1]
        for run in recording.processes()
    )
    return not launching and any(job.state is State.RUNNING and job.confirmed for job in recording.timeline().on(node))


def cut_button(node: str) -> None:
    """Show a button that closes the SSH sessions of ``node``."""
    toolkit.place(still(node), CutButton(node).widget)


def still(node: str) -> dict[str, Any]:
    """What stands in the notebook where no widget can."""
    text = f"Exécutez cette cellule (Maj+Entrée) pour obtenir le bouton qui coupe le lien de {node}."
    return {"text/plain": text, "text/html": f"<p><em>{text}</em></p>"}
