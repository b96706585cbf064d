"""From events and evidence to a Timeline.

A ``Recorder`` is fed, in any order, with the controller's typed events (labs/jobs/events.py) and the nodes' records
(labs/evidence/records.py), both plain data, and can say at any moment what is known so far. It never guesses a node's side from the
controller's: a job that no node shows stays unconfirmed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from labs.evidence.records import ProcessRun, Record
from labs.jobs.events import Event, Polled
from labs.timeline.heard import SLACK, Heard
from labs.timeline.jobs_seen import JobsSeen, began, in_order, is_starting
from labs.timeline.model import Block, BlockKind, Fault, Job, Mode, Poll, Timeline
from labs.timeline.process_table import Process

SPOILT = {  # what somebody did to the evidence
    "stopped": "L’observation de {host} a été arrêtée, puis remise en marche.",
    "job-file": "Un fichier de job de {host} n’a pas été écrit par son job.",
    "disk": "Le disque de {host} se remplissait\u00a0: l’exécution a été arrêtée.",
    "flood": "Il s’est passé sur {host} plus de choses qu’il n’en peut être observé.",
}


class Recorder:
    """Feeds in, a Timeline out. Not thread-safe: its owner serializes the calls.

    ``started`` is the run's start, in epoch seconds; ``hosts`` the nodes in inventory order; ``interval`` the seconds between two polls of
    its polled jobs, where something else than its events tells.
    """

    def __init__(self, title: str, hosts: Sequence[str], started: float, *, interval: float | None = None) -> None:
        self.title = title
        self._heard = Heard(hosts, started)
        self._jobs = JobsSeen(self._heard, interval)

    # -- what comes in

    def event(self, event: Event) -> None:
        """Take the controller's word."""
        self._heard.event(event)

    def observe(self, record: Record) -> bool:
        """Take a node's word; whether it may change what a Timeline shows."""
        return self._heard.observe(record)

    def start_over(self, moment: float) -> None:
        """Let the story begin later, at ``moment`` (epoch seconds): for whoever watches a lab on and on, without a run and its events."""
        self._heard.start_over(moment)

    # -- what comes out

    def looks(self) -> tuple[Poll, ...]:
        """Looks taken at jobs, from the nodes alone: of which job, and what the answer was, only a controller's events would tell."""
        started = self._heard.started
        return tuple(
            Poll(host, "", run.end - started, False, run.start - started, run.end - started)
            for host, node in self._heard.nodes.items()
            for run in node.table().sync_modules("async_status")
            if run.end is not None and run.end >= started
        )

    def starting(self, now: float) -> bool:
        """Whether a job was launched that its node is still to show at work."""
        shown = {job.id: job for host in self._heard.hosts for job in self._jobs.on(host, now, over=False)}
        return any(claim.detached and is_starting(shown.get(jid)) for jid, claim in self._heard.claims.items())

    def processes(self) -> tuple[ProcessRun, ...]:
        """Every process that was seen on the nodes, in order of start."""
        since = self._heard.since
        runs = [
            ProcessRun(host, p.pid, p.ppid, p.argv, since(p.start), since(p.end))
            for host, node in self._heard.nodes.items()
            for p in node.processes
        ]
        return tuple(sorted(runs, key=lambda run: run.start))

    def timeline(
        self, now: float, *, controller_end: float | None = None, status: str = "running", faults: Sequence[Fault] = ()
    ) -> Timeline:
        """All that is known at ``now`` (epoch seconds)."""
        heard, over = self._heard, controller_end is not None
        returned = float("inf") if controller_end is None else heard.since(controller_end)
        jobs = [job for host in heard.hosts for job in self._jobs.on(host, now, over=over) if job.task or began(job) <= returned]
        return Timeline(
            title=self.title,
            started=datetime.fromtimestamp(heard.started, UTC),
            hosts=tuple(heard.hosts),
            end=heard.since(now),
            controller_end=None if controller_end is None else heard.since(controller_end),
            status=status,
            tasks=tuple(heard.tasks.values()),
            blocks=tuple(sorted((_with_kind(block, jobs) for block in heard.blocks.values()), key=lambda block: block.start)),
            jobs=tuple(sorted(jobs, key=in_order)),
            polls=self._polls(jobs),
            faults=tuple(faults),
            notes=tuple(self._notes()),
        )

    def _notes(self) -> Iterable[str]:
        for host, node in self._heard.nodes.items():
            if node.silent_since is not None:
                since = f"{max(0.0, self._heard.since(node.silent_since)):.1f}".replace(".", ",")
                yield f"{host} n’a plus été observé à partir de {since} s : ce qui suit n’est pas prouvé."
            if node.spoilt_by:
                yield SPOILT[node.spoilt_by].format(host=host)

    # -- polls

    def _polls(self, jobs: list[Job]) -> tuple[Poll, ...]:
        """Each look at a job, with the async_status process that did it on the node where it was seen."""
        status_runs = {host: node.table().sync_modules("async_status") for host, node in self._heard.nodes.items()}
        ids = {job.id for job in jobs}
        polls = []
        answered = dict.fromkeys(self._heard.nodes, 0.0)  # when the look before was answered, by host
        for event in sorted(self._heard.polled, key=lambda event: event.at):
            run = _look(event, status_runs.get(event.host, []), answered.get(event.host, 0.0))
            answered[event.host] = event.at
            polls.append(
                Poll(
                    host=event.host,
                    job=event.jid if event.jid in ids else "",
                    noticed=event.at - self._heard.started,
                    finished=event.finished,
                    start=self._heard.since(run.start if run else None),
                    end=self._heard.since(run.end if run else None),
                )
            )
        return tuple(_without_echoes(polls))


def _look(event: Polled, runs: list[Process], after: float) -> Process | None:
    """The async_status run behind an answer: the latest that had ended by then.

    With ``poll: P`` the end is told only once a second run has cleaned the job's file up: the one before it had found the end.
    """
    ended = [run for run in runs if run.end is not None and after < run.end <= event.at + SLACK]
    ended.sort(key=lambda run: run.start)
    told_after_cleanup = event.finished and not event.waited_by_status and len(ended) > 1
    return ended[-2 if told_after_cleanup else -1] if ended else None


def _with_kind(block: Block, jobs: list[Job]) -> Block:
    if block.kind is not BlockKind.SYNC:
        return block
    modes = {job.mode for job in jobs if job.task == block.task and job.host == block.host}
    if Mode.POLLED in modes:
        return replace(block, kind=BlockKind.POLLED)
    return replace(block, kind=BlockKind.LAUNCH) if Mode.DETACHED in modes else block


def _without_echoes(polls: list[Poll]) -> Iterable[Poll]:
    """One look told by two events (an item's and its task's) is one poll."""
    told: set[tuple[str, str]] = set()
    for poll in polls:
        key = (poll.host, poll.job)
        if poll.finished and poll.job and key in told:
            continue
        if poll.finished:
            told.add(key)
        yield poll
