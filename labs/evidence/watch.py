"""A lab listened to: the nodes' own word, by a channel that jobs do not use."""

from __future__ import annotations

from labs.errors import LabError
from labs.evidence import observers
from labs.evidence.observers import Listener, Observers
from labs.lab import Lab


class Watch:
    """Hears all nodes of a lab from ``start`` to ``stop``; ``listener`` is called with each record, from one thread a node.

    Nodes that are nobody's to trust have observers of their own for each Watch, whose last look is a thorough one.
    """

    def __init__(self, lab: Lab, listener: Listener) -> None:
        self._lab = lab
        self._listener = listener
        self._observers: Observers | None = None

    def start(self) -> None:
        self._observers = Observers(self._lab, self._listener) if self._lab.walled else observers.join(self._lab, self._listener)

    def stop(self) -> None:
        """Hear no more, once the nodes have told all that has happened."""
        if self._observers is None:
            return
        if self._lab.walled:
            self._observers.end()
        else:
            observers.leave(self._lab, self._observers, self._listener)


def require_nodes(lab: Lab) -> None:
    """LabError unless every node of the lab is up: a run against a dead lab would only tell confused stories."""
    if lab.answers():
        return
    if not lab.nodes:
        raise LabError("Le labo n'est pas démarré.", "Lancez « labs up ».")
    down = [node.name for node in lab.status() if node.state != "up"]
    if down:
        verb = "ne répondent pas" if len(down) > 1 else "ne répond pas"
        raise LabError(f"{', '.join(down)} {verb}.", "Lancez « labs up » : le labo sera remis en état.")
