"""What is to be simulated: plays, tasks and jobs as plain data, built by hand in a test or from the sliders of a widget.

A duration is the time that a module works on its node, in seconds: one number, or one a host.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Work = float | Mapping[str, float]  # seconds on every host, or by host

POLL = 15.0  # DEFAULT_POLL_INTERVAL of ansible-core: ``async`` without ``poll``
DELAY = 5.0  # ``delay`` and ``retries`` of a task with ``until``
RETRIES = 3
FORKS = 5


@dataclass(frozen=True, slots=True)
class Run:
    """A task that runs a module: once, or once an item of its loop.

    ``limit`` is ``async``: None for a synchronous task. ``poll`` 0 detaches the jobs; above, the task waits for each before the next.
    ``fails`` names the hosts where the module ends in failure, after its work.
    """

    name: str
    seconds: Work = 0.0
    items: tuple[Work, ...] | None = None  # durations of the loop's items, in the place of ``seconds``
    module: str = "command"
    limit: float | None = None
    poll: float = POLL
    throttle: int = 0
    fails: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.poll < 0 or self.throttle < 0 or (self.limit is not None and self.limit <= 0):
            raise ValueError("poll and throttle cannot be negative, and a limit must be above zero")

    def durations(self, host: str) -> tuple[float, ...]:
        """Seconds of work on a host, one an item; hosts that a mapping does not name have none to do."""
        works = (self.seconds,) if self.items is None else self.items
        return tuple(work.get(host, 0.0) if isinstance(work, Mapping) else work for work in works)


@dataclass(frozen=True, slots=True)
class Wait:
    """A task ``async_status`` with ``until: … is finished``, in a loop over the jobs that the last ``Run`` named ``of`` detached."""

    name: str
    of: str
    retries: int = RETRIES  # looks at each job at most, beside the first
    delay: float = DELAY  # seconds between two looks
    throttle: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """A task repeated until fewer than ``size`` detached jobs run on the host: the way to a sliding window."""

    name: str
    size: int
    retries: int = RETRIES
    delay: float = DELAY
    throttle: int = 0


@dataclass(frozen=True, slots=True)
class Local:
    """An action that runs nothing on the nodes. ``once``: for the first host only, as ``pause`` and ``run_once`` do."""

    name: str
    seconds: float = 0.0
    once: bool = False
    throttle: int = 0


@dataclass(frozen=True, slots=True)
class Include:
    """A task ``include_tasks``, in a loop: each of ``files`` is the list of steps of one turn."""

    name: str
    files: tuple[tuple[Step, ...], ...]


Task = Run | Wait | Room | Local
Step = Task | Include


@dataclass(frozen=True, slots=True)
class Play:
    """Steps for hosts. ``serial`` gives the sizes of the groups of hosts, the last of which is repeated; empty: all at once."""

    steps: tuple[Step, ...]
    strategy: Literal["linear", "free"] = "linear"
    serial: tuple[int, ...] = ()
    hosts: tuple[str, ...] | None = None  # None: all

    def __post_init__(self) -> None:
        if any(size < 1 for size in self.serial):
            raise ValueError("serial groups have at least one host")

    def groups(self, hosts: Sequence[str]) -> list[tuple[str, ...]]:
        """The hosts of the play, in the groups that go through it one after the other."""
        left = [host for host in hosts if self.hosts is None or host in self.hosts]
        groups, sizes = [], list(self.serial)
        while left:
            size = sizes[0] if sizes else len(left)
            if len(sizes) > 1:
                sizes.pop(0)
            groups.append(tuple(left[:size]))
            left = left[size:]
        return groups


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole playbook, or an ad hoc command."""

    title: str
    plays: tuple[Play, ...]
    forks: int = FORKS

    def __post_init__(self) -> None:
        if self.forks < 1:
            raise ValueError("at least one fork")

    @classmethod
    def of(
        cls,
        title: str,
        *steps: Step,
        forks: int = FORKS,
        strategy: Literal["linear", "free"] = "linear",
        serial: tuple[int, ...] = (),
    ) -> Plan:
        """Return the plan of one play on all hosts."""
        return cls(title, (Play(steps, strategy, serial),), forks)


# -- the ways to run many jobs on each node ------------------------------------------------------------------------------


def batches(works: Sequence[Work], size: int, *, delay: float = DELAY, retries: int = 60, limit: float = 60.0) -> Include:
    """``batch(size)`` with an included file that launches its jobs and waits for them all: a barrier a batch."""
    return Include(
        "Exécuter un lot",
        tuple(
            (
                Run("Lancer les jobs du lot", items=tuple(works[first : first + size]), limit=limit, poll=0),
                Wait("Attendre les jobs du lot", "Lancer les jobs du lot", retries, delay),
            )
            for first in range(0, len(works), size)
        ),
    )


def window(works: Sequence[Work], size: int, *, delay: float = DELAY, retries: int = 60, limit: float = 60.0) -> tuple[Step, ...]:
    """``size`` jobs at once: each waits for a free place to be launched, then the play waits for the last ones."""
    turns = tuple((Room("Attendre une place", size, retries, delay), Run("Lancer un job", work, limit=limit, poll=0)) for work in works)
    return Include("Un job de plus", turns), Room("Attendre les derniers", 1, retries, delay)
