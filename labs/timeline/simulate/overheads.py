"""What Ansible itself costs, in seconds, beside the work that it was asked for."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from math import inf, isfinite

from labs.errors import LabError

FORMAT = "contrepoint/overheads"
_UNREADABLE = "L’étalonnage enregistré n’est pas lisible.", "Refaites l’étalonnage."


@dataclass(frozen=True, slots=True)
class Overheads:
    """Seconds that each step takes when nothing else runs; ``cores`` says how they grow when several hosts are served at once.

    These steps compute for much of their time (processes that start, modules that are copied), so that steps under way at once share the
    cores: with more of them than ``cores``, each is slowed down in proportion. That is more than the machine has, since they also wait.
    Nodes share the controller's cores, as in a lab on one machine. The defaults were measured on a machine of two cores;
    ``labs.calibration`` measures those of a lab.
    """

    startup: float = 0.45  # from the command to the first host of the first task
    play: float = 0.022  # from one play, or one ``serial`` group of hosts, to the next
    turn: float = 0.003  # from one task to the next
    fork: float = 0.006  # from one host of a task to the next: all that one more host costs the controller there
    local: float = 0.016  # an action that runs nothing on the node
    item: float = 0.011  # from one item of a loop to the next
    build: float = 0.1  # preparing a module the first time that a run needs it, while the hosts that need it too wait
    connect: float = 0.34  # opening the SSH connection that the following steps share
    send: float = 0.08  # bringing a module to its node, until it starts there
    module: float = 0.16  # a module's own costs on its node, beside its work
    back: float = 0.02  # from a module's end to the controller knowing its answer
    launch: float = 0.1  # bringing an asynchronous job to its node, until its wrapper starts there
    wrap: float = 0.16  # from the wrapper's start to the module's
    detach: float = 0.24  # from the wrapper's start to the launch's answer
    settle: float = 0.06  # a job's costs on its node once its work is done: its result is written
    status: float = 0.155  # an async_status on the node: a poll also pays ``send`` and ``back``
    finish: float = 0.18  # from the last answer to the command's end
    cores: float = 2.0
    spread: float = 0.0  # how much a step varies from one time to the next: the standard deviation of its logarithm

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value < 0 or (value == 0 and name == "cores") or (name != "cores" and not isfinite(value)):
                raise ValueError(f"{name} cannot be {value}")

    @property
    def look(self) -> float:
        """Seconds that one poll takes when nothing else runs."""
        return self.send + self.status + self.back

    @classmethod
    def none(cls) -> Overheads:
        """An Ansible that costs nothing: what remains is the order in which it does things."""
        return cls(**{field.name: 0.0 for field in fields(cls) if field.name != "cores"}, cores=inf)

    def dumps(self) -> str:
        """As a JSON document."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n"

    @classmethod
    def loads(cls, text: str) -> Overheads:
        """Read what ``dumps`` wrote; fields unknown to this version are ignored, missing ones are the defaults.

        Raises LabError for what is no such document.
        """
        try:
            document = json.loads(text)
            known = {field.name for field in fields(cls)}
            read = cls(**{name: float(value) for name, value in document.items() if name in known})
        except (ValueError, TypeError, AttributeError) as error:
            raise LabError(*_UNREADABLE) from error
        if document.get("format") != FORMAT:
            raise LabError(*_UNREADABLE)
        return read
