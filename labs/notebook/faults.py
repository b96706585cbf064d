"""What a learner breaks on purpose, by a button: a link cut or slowed down, a node frozen or killed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labs.errors import LabError
from labs.lab import Lab
from labs.notebook import toolkit
from labs.notebook.pieces import NBSP, note, problem
from labs.timeline.model import State
from labs.timeline.words import seconds

if TYPE_CHECKING:
    from collections.abc import Callable

    from labs.recording import Recording


ACTIONS = {"cut": "Couper le lien de", "pause": "Geler", "slow": "Ralentir le lien de", "kill": "Tuer"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What a button does. ``lasting`` is in seconds, None for what lasts until ``labs reset``; ``delay``, in seconds, is for ``slow``."""

    kind: str  # one of ACTIONS
    lasting: float | None = None
    delay: float = 0.5

    def __post_init__(self) -> None:
        if self.kind not in ACTIONS:
            raise LabError(f"« {self.kind} » n'est pas une panne.", f"Choisissez parmi : {', '.join(ACTIONS)}.")

    def strike(self, lab: Lab, node: str) -> None:
        """Do it; returns once it is done. Raises LabError."""
        match self.kind:
            case "cut":
                lab.cut(node, self.lasting)
            case "pause":
                lab.pause(node, self.lasting)
            case "slow":
                lab.slow(node, self.delay, self.lasting)
            case _:
                lab.kill(node, self.lasting)

    def asked(self, node: str) -> str:
        """What its button says."""
        return f"{ACTIONS[self.kind]} {node}" + (f" pendant {seconds(self.lasting)}" if self.lasting else "")

    def done(self, node: str, when: str) -> str:
        """What is said once it is done; ``when`` reads « à 4,2 s »."""
        until = f"pendant {seconds(self.lasting)}" if self.lasting else f"jusqu’au prochain «{NBSP}labs reset{NBSP}»"
        match self.kind:
            case "cut":
                refused = f", et il en refuse de nouvelles {until}" if self.lasting else ""
                return f"Lien de {node} coupé {when}{NBSP}: ses sessions SSH sont fermées{refused}. Le nœud, lui, tourne toujours."
            case "pause":
                return f"{node} gelé {when}, {until}{NBSP}: aucun de ses processus n’avance plus."
            case "slow":
                return f"Lien de {node} ralenti {when}, {until}{NBSP}: chaque échange par SSH attend {seconds(self.delay)}. Ses jobs n’en savent rien."
            case _:
                again = f"il redémarre après {seconds(self.lasting)}" if self.lasting else f"«{NBSP}Réparer le labo{NBSP}» le redémarre"
                return f"{node} tué {when}{NBSP}: ses processus sont arrêtés, ses fichiers restent{NBSP}; {again}."


class FaultButton:
    """A button for one fault on one node. ``elapsed`` gives the seconds since the run's start, None when there is no run."""

    def __init__(self, node: str, fault: Fault, elapsed: Callable[[], float | None] = lambda: None, lab: Lab | None = None) -> None:
        self.node, self.fault, self._elapsed, self._lab = node, fault, elapsed, lab or Lab()
        self.message = toolkit.html(note(""))
        self.button = toolkit.button(fault.asked(node), self.strike)
        self.widget = toolkit.column(self.button, self.message)

    async def strike(self) -> None:
        """Do the fault now, and say when that was."""
        at = self._elapsed()
        try:
            await asyncio.to_thread(self.fault.strike, self._lab, self.node)
        except Exception as error:  # noqa: BLE001 - whatever it is, the learner reads it here and nowhere else
            self.message.value = problem(error)
            return
        when = f"à {seconds(at)}" if at is not None else f"à {datetime.now().astimezone():%H:%M:%S}"
        self.message.value = note(self.fault.done(self.node, when), "✂" if self.fault.kind == "cut" else "")


class CutButton(FaultButton):
    """« Couper le lien de node2 »."""

    def __init__(self, node: str, elapsed: Callable[[], float | None] = lambda: None, lab: Lab | None = None) -> None:
        super().__init__(node, Fault("cut"), elapsed, lab)


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


def fault_button(node: str, kind: str, lasting: float | None = None, delay: float = 0.5) -> None:
    """Show a button that does one fault to ``node``: ``kind`` is ``cut``, ``pause``, ``slow`` or ``kill``, for ``lasting`` seconds.

    ``delay``, in seconds, is what each exchange waits with ``slow``.
    """
    toolkit.place(still(node, kind, lasting, delay), FaultButton(node, Fault(kind, lasting, delay)).widget)


def still(node: str, kind: str = "cut", lasting: float | None = None, delay: float = 0.5) -> dict[str, Any]:
    """What stands in the notebook where no widget can."""
    if kind == "cut" and lasting is None:
        text = f"Exécutez cette cellule (Maj+Entrée) pour obtenir le bouton qui coupe le lien de {node}."
    else:
        text = f"Exécutez cette cellule (Maj+Entrée) pour obtenir le bouton «{NBSP}{Fault(kind, lasting, delay).asked(node)}{NBSP}»."
    return {"text/plain": text, "text/html": f"<p><em>{text}</em></p>"}
