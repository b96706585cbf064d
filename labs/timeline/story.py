"""A run told moment by moment, in French: what a reader who goes through it step by step is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from labs.timeline import metrics, words
from labs.timeline.model import Block, BlockKind, Job, Mode, Outcome, Timeline
from labs.timeline.words import NBSP

TOGETHER = 0.05  # seconds: what happens this near is one moment
HERE = "\ufffc"  # stands for the names of nodes: no label holds this character


@dataclass(frozen=True, slots=True)
class Step:
    """A moment, in seconds from the run's start, and what happens then: sentences without a full stop."""

    t: float
    said: tuple[str, ...]


def steps(timeline: Timeline) -> list[Step]:
    """All moments of a run at which something happens, in order; each stands at the last of the things that it gathers."""
    groups: list[list[_Told]] = []
    for told in sorted(_told(timeline), key=lambda told: told.t):
        if groups and told.t - groups[-1][-1].t <= TOGETHER:
            groups[-1].append(told)
        else:
            groups.append([told])
    return [Step(max(0.0, group[-1].t), tuple(_sentences(group, timeline))) for group in groups]


def moments(timeline: Timeline) -> list[float]:
    """Every second at which the picture of a run changes otherwise than by growing, from 0 to its end."""
    known: set[float | None] = {0.0, timeline.end, timeline.controller_end}
    for job in timeline.jobs:
        known |= {job.launched, job.start, job.end, job.detected}
    for block in timeline.blocks:
        known |= {block.start, block.end}
    for fault in timeline.faults:
        known |= {fault.start, fault.end}
    known |= {poll.noticed for poll in timeline.polls}
    return sorted(t for t in known if t is not None and 0 <= t <= timeline.end)


class _Told(NamedTuple):
    t: float
    text: str  # with HERE for the node's name: what several nodes do together is one sentence
    host: str = ""


def _sentences(group: Sequence[_Told], timeline: Timeline) -> Iterator[str]:
    for text in dict.fromkeys(told.text for told in group):
        named = {told.host for told in group if told.text == text}
        yield text.replace(HERE, words.listed([host for host in timeline.hosts if host in named]))


def _told(timeline: Timeline) -> Iterator[_Told]:
    names = {task.id: task.name for task in timeline.tasks}
    labels = {job.id: job.label for job in timeline.jobs}
    for block in timeline.blocks:
        yield from _block(block, names.get(block.task, ""))
    for job in timeline.jobs:
        yield from _job(job)
    for poll in timeline.polls:
        if not poll.finished:
            yield _Told(poll.noticed, f"Sondage de {labels.get(poll.job, 'job inconnu')} sur {HERE}{NBSP}: pas encore fini", poll.host)
    for fault in timeline.faults:
        yield _Told(fault.start, f"{words.FAULTS[fault.kind].capitalize()} sur {HERE}", fault.host)
    if timeline.controller_end is not None:
        yield _Told(timeline.controller_end, "Ansible rend la main")


def _block(block: Block, task: str) -> Iterator[_Told]:
    if block.kind is not BlockKind.LOCAL:
        yield _Told(block.start, f"Le contrôleur se tourne vers {HERE}{f'{NBSP}: {task}' if task else ''}", block.host)
    if block.end is not None and block.outcome is Outcome.UNREACHABLE:
        yield _Told(block.end, f"Injoignable{NBSP}: Ansible abandonne {HERE}", block.host)
    if block.end is not None and block.outcome is Outcome.FAILED:
        yield _Told(block.end, f"Pour Ansible, la tâche a échoué sur {HERE}", block.host)


def _job(job: Job) -> Iterator[_Told]:
    if job.launched is not None:
        yield _Told(job.launched, f"Lancement de {job.label} sur {HERE}", job.host)
    if job.start is not None:
        yield _Told(job.start, f"{job.label} débute sur {HERE}", job.host)
    if job.end is not None:
        yield _Told(job.end, f"{job.label} s’arrête sur {HERE}{NBSP}: {words.STATES[job.state]}", job.host)
    delay = metrics.detection_delay(job)
    if job.detected is not None and delay is not None and job.mode is not Mode.SYNC:
        yield _Told(job.detected, f"Le contrôleur apprend que {job.label} est fini sur {HERE}, {words.seconds(delay)} après", job.host)
