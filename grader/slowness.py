"""Whether the machine was so slow, while an answer ran, that what came late may be its doing.

A look at a job is one small program on a node. How long it takes there, from its start to its end, is seen by the node's own observer.
Beyond ``SLOWEST``, a right answer may leave its jobs alone for as long as a wrong one does: it was seen to lose points so.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from grader.french import figure
from labs.errors import LabError
from labs.timeline.model import Poll

SLOWEST = 1.5  # seconds that a look takes, most often


def typical_look(polls: Iterable[Poll]) -> float:
    """Seconds that a look takes on its node, most often; 0 when no node has shown any."""
    return median([poll.end - poll.start for poll in polls if poll.start is not None and poll.end is not None] or [0.0])


def refuse(polls: Iterable[Poll]) -> None:
    """LabError when what did not pass may be the machine's doing."""
    look = typical_look(polls)
    if look > SLOWEST:
        raise LabError(
            f"La machine était trop chargée : un simple sondage y durait {figure(round(look, 1))} s, et ce qui est venu trop tard l'est "
            "peut-être à cause d'elle.",
            "Rien n'a été noté. Fermez ce qui l'occupe, puis recommencez.",
        )
