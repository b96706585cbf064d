"""The simulator's overheads, measured on the learner's own lab: one short playbook, then arithmetic on its Timeline.

Its first play serves one node alone. The least that a step took in it is what the step costs, since other programs can only slow it
down; how much they do, on the whole, is one factor for all. The second play serves several nodes at once: its asynchronous tasks say how
the costs grow when cores are shared, its synchronous ones what each more node costs the controller at every task.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from math import log
from pathlib import Path
from statistics import stdev

from labs.errors import LabError
from labs.inventory import write_atomically
from labs.jobs.command import Playbook
from labs.lab import Lab
from labs.recording import record
from labs.timeline.metrics import makespan
from labs.timeline.model import Block, BlockKind, Job, Mode, Timeline
from labs.timeline.simulate import Local, Overheads, Plan, Play, Run, Wait, simulate
from labs.timeline.simulate.plan import Task

FILE = "overheads.json"
AT_ONCE = 4  # nodes served at once by the second play, at most
PATIENCE = 120.0  # seconds for a run of about ten
SLOWEST = 20.0  # how much slower than its best a machine may be on the whole
FEWEST_CORES = 0.25
OVERLAP = 4.0  # steps that a core can carry at full speed at once, at most: each waits for much of its time
SLOWEST_FORK = 1.0  # seconds
WIDEST = 0.5  # spread of the steps
HALVINGS = 20  # of the interval where a number is looked for

POLLED, DETACHED = 0.2, 0.1  # seconds of work of the jobs
INTERVAL = 1  # seconds from the polled one's launch to the first look at it
_LAUNCH = Run("Lancer", items=(DETACHED, DETACHED, DETACHED), limit=30, poll=0)
_WAIT = Wait("Attendre", "Lancer", retries=20, delay=1)
# What each play does once its connections are open, as the simulator is told.
ALONE: tuple[Task, ...] = (
    Run("Seul"), Run("Seul, deux"), Local("Sur place"), Run("Sondé", POLLED, limit=30, poll=INTERVAL), _LAUNCH, _WAIT, Run("Seul, trois"),
)  # fmt: skip
SYNCHRONOUS: tuple[Task, ...] = (Run("Ensemble"), Run("Ensemble, deux"), Run("Ensemble, trois"))
ASYNCHRONOUS: tuple[Task, ...] = (_LAUNCH, _WAIT)
TOGETHER: tuple[Task, ...] = (*SYNCHRONOUS, *ASYNCHRONOUS)

PLAYBOOK = f"""\
- name: Un nœud seul
  hosts: node1
  gather_facts: false
  tasks:
    - {{name: Fermer, ansible.builtin.meta: reset_connection}}
    - {{name: Ouvrir, ansible.builtin.command: /bin/true}}
    - {{name: Seul, ansible.builtin.command: /bin/true}}
    - {{name: "Seul, deux", ansible.builtin.command: /bin/true}}
    - {{name: Sur place, ansible.builtin.debug: {{msg: Bonjour}}}}
    - {{name: Sondé, ansible.builtin.command: /bin/sleep {POLLED}, async: 30, poll: {INTERVAL}}}
    - &lancer
      name: Lancer
      ansible.builtin.command: /bin/sleep {DETACHED}
      loop: [1, 2, 3]
      async: 30
      poll: 0
      register: lances
    - &attendre
      name: Attendre
      ansible.builtin.async_status: {{jid: "{{{{ item.ansible_job_id }}}}"}}
      loop: "{{{{ lances.results }}}}"
      register: etat
      until: etat is finished
      retries: 20
      delay: 1
    - {{name: "Seul, trois", ansible.builtin.command: /bin/true}}
- name: Plusieurs nœuds
  hosts: all[0:{AT_ONCE - 1}]
  gather_facts: false
  tasks:
    - {{name: Relier, ansible.builtin.command: /bin/true}}
    - {{name: Ensemble, ansible.builtin.command: /bin/true}}
    - {{name: "Ensemble, deux", ansible.builtin.command: /bin/true}}
    - {{name: "Ensemble, trois", ansible.builtin.command: /bin/true}}
    - *lancer
    - *attendre
"""


def load(lab: Lab) -> Overheads:
    """The overheads last measured on a lab; the shipped ones when none were. Raises LabError when their file is spoilt."""
    try:
        return Overheads.loads((lab.directory / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Overheads()


def calibrate(lab: Lab) -> Overheads:
    """Measure the overheads on a lab that is up, in about ten seconds, and keep them in its folder.

    Raises LabError when a node is not up, or when the run did not go well.
    """
    measured = measure(lab)
    write_atomically(lab.directory / FILE, measured.dumps())
    return measured


def measure(lab: Lab) -> Overheads:
    """The same, kept nowhere."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "etalonnage.yml"
        path.write_text(PLAYBOOK, encoding="utf-8")
        recording = record(lab, Playbook(path))
        timeline = recording.wait(PATIENCE)
    if timeline.status != "successful":
        recording.cancel()
        raise LabError("L’étalonnage n’est pas allé au bout.", "Vérifiez le labo avec « labs status », puis recommencez.")
    return read(timeline)


def read(timeline: Timeline) -> Overheads:
    """The overheads that a Timeline of the calibration playbook shows."""
    best = _least(_First(timeline))
    alone = _fitted(1.0, SLOWEST, _span(timeline, ALONE), lambda slow: _simulated(_slowed(best, slow), ALONE, timeline.hosts[:1]))
    costs = replace(_slowed(best, alone), startup=best.startup, finish=best.finish)
    hosts = timeline.hosts[:AT_ONCE]
    if len(hosts) == 1:
        return costs
    # Fewer cores, more seconds: what is looked for is the part of the cores that is missing.
    most = OVERLAP * costs.cores
    missing = _fitted(
        0.0,
        most - FEWEST_CORES,
        _span(timeline, ASYNCHRONOUS),
        lambda part: _simulated(replace(costs, cores=most - part), ASYNCHRONOUS, hosts),
    )
    costs = replace(costs, cores=most - missing)
    fork = _fitted(
        costs.fork,
        SLOWEST_FORK,
        _span(timeline, SYNCHRONOUS),
        lambda seconds: _simulated(replace(costs, fork=seconds), SYNCHRONOUS, hosts),
    )
    return replace(costs, fork=fork, spread=_spread(timeline))


# -- the least that each step took, one node being served ---------------------------------------------------------------


class _First:
    """The part of the Timeline where one node is served alone."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        names = {task.id: task.name for task in timeline.tasks}
        until = min((block.start for block in timeline.blocks if names[block.task] == "Relier"), default=timeline.end)
        self.blocks = {names[block.task]: block for block in timeline.blocks if block.start < until}
        self.jobs = [job for job in timeline.jobs if job.start is not None and job.start < until]
        self.looks = [poll for poll in timeline.polls if poll.noticed < until]
        self._names = names

    def by(self, mode: Mode) -> list[tuple[Block, Job]]:
        return [(self.blocks[self._names[job.task]], job) for job in self.jobs if job.mode is mode and job.task]


def _least(first: _First) -> Overheads:
    shipped = Overheads()
    blocks = sorted(first.blocks.values(), key=lambda block: block.start)
    sync, detached = first.by(Mode.SYNC), first.by(Mode.DETACHED)
    launched = [*first.by(Mode.POLLED), *detached]
    opening = {id(first.blocks.get("Ouvrir"))}
    send = _low((_since(job.start, block.start) for block, job in sync if id(block) not in opening), shipped.send)
    module = _low((_since(job.end, job.start) for _, job in sync), shipped.module)
    back = _low((_since(job.detected, job.end) for _, job in sync), shipped.back)
    # A launch of the loop begins where the one before answered.
    starts = [(block, job) for block, job in launched if block.kind is BlockKind.POLLED or job is detached[0][1]]
    launch = _low((_since(job.launched, block.start) for block, job in starts), shipped.launch)
    # For the first job of the run, its module and async_wrapper had to be prepared.
    build = _low(
        ((_since(job.launched, block.start) - launch) / 2 for block, job in starts if block.kind is BlockKind.POLLED), shipped.build
    )
    period = _low((_since(b.launched, a.launched) for (_, a), (_, b) in pairwise(detached)), shipped.launch + shipped.detach)
    # In a loop, each launch is slowed down by the jobs of those before, which the simulator adds by itself; the polled job was alone.
    looked = {poll.job: poll.start for poll in reversed(first.looks)}  # the first look at each
    rests = (_since(looked.get(job.id), job.launched) - INTERVAL - build - send for _, job in first.by(Mode.POLLED))
    works = {Mode.POLLED: POLLED, Mode.DETACHED: DETACHED}
    return Overheads(
        startup=blocks[0].start if blocks else shipped.startup,
        play=shipped.play,
        turn=_low((_since(after.start, before.end) for before, after in pairwise(blocks)), shipped.turn),
        fork=_low(_forks(first.timeline), shipped.fork),
        local=_low((_since(b.end, b.start) for b in blocks if b.kind is BlockKind.LOCAL), shipped.local),
        item=shipped.item,
        build=build,
        connect=_low((_since(job.start, block.start) - send - build for block, job in sync if id(block) in opening), shipped.connect),
        send=send,
        module=module,
        back=back,
        launch=launch,
        wrap=_low((_since(job.start, job.launched) for _, job in launched), shipped.wrap),
        detach=_low((period - launch - shipped.item, *rests), shipped.detach),
        settle=_low((_since(job.end, job.start) - module - works[job.mode] for _, job in launched), shipped.settle),
        status=_low((_since(poll.end, poll.start) for poll in first.looks if poll.start is not None), shipped.status),
        finish=makespan(first.timeline) - max((block.end or 0.0 for block in first.timeline.blocks), default=0.0),
        cores=float(os.cpu_count() or shipped.cores),
    )


def _forks(timeline: Timeline) -> list[float]:
    """Seconds from one host of a task to the next."""
    starts: dict[str, list[float]] = {}
    for block in timeline.blocks:
        starts.setdefault(block.task, []).append(block.start)
    return [b - a for moments in starts.values() for a, b in pairwise(sorted(moments))]


def _spread(timeline: Timeline) -> float:
    """How much one and the same step varies: the modules of the synchronous tasks that served several nodes at once."""
    names = {task.id: task.name for task in timeline.tasks}
    wanted = {task.name for task in SYNCHRONOUS}
    took = [_since(job.end, job.start) for job in timeline.jobs if job.task and names[job.task] in wanted]
    logs = [log(seconds) for seconds in took if 0 < seconds < float("inf")]
    return min(WIDEST, stdev(logs)) if len(logs) > 1 else 0.0


def _since(moment: float | None, start: float | None) -> float:
    """Seconds between two moments; infinite when one is not known, which no least value is."""
    return float("inf") if moment is None or start is None else moment - start


def _low(values: Iterable[float], otherwise: float) -> float:
    return max(0.0, min((value for value in values if value != float("inf")), default=otherwise))


# -- what slows them down -----------------------------------------------------------------------------------------------


def _slowed(costs: Overheads, factor: float) -> Overheads:
    return Overheads(**{name: value if name in {"cores", "spread"} else value * factor for name, value in asdict(costs).items()})


def _simulated(costs: Overheads, steps: Sequence[Task], hosts: Sequence[str]) -> float:
    """Seconds that steps of the playbook take in the simulator."""
    plays = (Play((Run("Ouvrir"), *ALONE), hosts=tuple(hosts[:1])), Play((Run("Relier"), *TOGETHER)))
    return _span(simulate(Plan("", plays), hosts, costs), steps)


def _span(timeline: Timeline, steps: Sequence[Task]) -> float:
    """Seconds that the same steps took in the run; of those that were taken twice, the last time."""
    last = {task.name: task.id for task in timeline.tasks}
    ids = {last[steps[0].name], last[steps[-1].name]}
    blocks = [block for block in timeline.blocks if block.task in ids]
    return max(block.end or 0.0 for block in blocks) - min(block.start for block in blocks)


def _fitted(low: float, high: float, wanted: float, seconds: Callable[[float], float]) -> float:
    """The number between ``low`` and ``high`` for which ``seconds``, that grows with it, gives what is wanted; else the nearest bound."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if seconds(middle) < wanted else (low, middle)
    return low
