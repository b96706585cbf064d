"""A finished run in sentences: how far from the forecast it was, what a cut link did, what is left on the nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labs.notebook.pieces import NBSP
from labs.timeline import metrics, words
from labs.timeline.model import FaultKind, Outcome, State

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labs.notebook.prediction import Forecast
    from labs.timeline.model import Job, Timeline


POLLS = "sondages"  # the unit of a forecast of how many looks are taken on a node


def sentences(timeline: Timeline, forecast: Forecast | None = None) -> list[str]:
    """What the learner reads with a run, besides its summary; one sentence an entry, maybe none."""
    said = [sentence for host in timeline.hosts for sentence in _fate(timeline, host)]
    if forecast is None or timeline.status == "canceled":
        return said
    if forecast.timed:
        return [forecast.compared(metrics.makespan(timeline)), *said]
    if forecast.unit == POLLS:
        return [_polled(timeline, forecast), *said]
    return said


def _polled(timeline: Timeline, forecast: Forecast) -> str:
    """How far a forecast of the polls of each node was; nodes may differ by one when an end falls close to a poll."""
    seen = [metrics.polls(timeline, host) for host in timeline.hosts]
    spread = f" Selon les nœuds{NBSP}: de {min(seen)} à {max(seen)}." if min(seen) < max(seen) else ""
    near = min(seen, key=lambda count: abs(count - forecast.value))
    return f"{forecast.compared(near)}{spread}"


def silent(timeline: Timeline) -> tuple[str, ...]:
    """Hosts that Ansible lost though nobody cut their link: their nodes want a look."""
    cut = {fault.host for fault in timeline.faults}
    return tuple(host for host in metrics.unreachable(timeline) if host not in cut)


def witnesses(path: str, found: Mapping[str, bool], forecast: Forecast | None = None) -> list[str]:
    """Where a file that the run should have written is, where it is not, and how far a forecast of their number was."""
    there = [host for host, present in found.items() if present]
    said = [_whereabouts(path, found)]
    return said if forecast is None or forecast.timed else [*said, forecast.compared(len(there))]


def _whereabouts(path: str, found: Mapping[str, bool]) -> str:
    there = [host for host, present in found.items() if present]
    missing = [host for host, present in found.items() if not present]
    if not missing:
        return f"{path}{NBSP}: écrit sur {words.listed(there)}."
    if not there:
        return f"{path}{NBSP}: absent de tous les nœuds."
    return f"{path}{NBSP}: écrit sur {words.listed(there)}, absent de {words.listed(missing)}."


def _fate(timeline: Timeline, host: str) -> list[str]:
    lost = next((block for block in timeline.blocks if block.host == host and block.outcome is Outcome.UNREACHABLE), None)
    if lost is not None:
        when = f" à {words.seconds(lost.end)}" if lost.end is not None else ""
        return [f"{host}{NBSP}: UNREACHABLE{when}. Ansible l’abandonne pour la suite du playbook.{_job_after_loss(timeline, host)}"]
    cut = next((fault for fault in timeline.faults if fault.host == host and fault.kind is FaultKind.CUT), None)
    if cut is None:
        return []
    survivor = next((job for job in timeline.on(host) if _straddles(job, cut.start)), None)
    if survivor is not None and survivor.state is State.SUCCEEDED:
        return [f"{host}{NBSP}: lien coupé à {words.seconds(cut.start)}, et pourtant «{NBSP}{survivor.label}{NBSP}» est allé au bout."]
    return []


def _job_after_loss(timeline: Timeline, host: str) -> str:
    killed = next((job for job in timeline.on(host) if job.state is State.KILLED), None)
    return f" «{NBSP}{killed.label}{NBSP}» est mort avec sa connexion{NBSP}: son travail est perdu." if killed else ""


def _straddles(job: Job, moment: float) -> bool:
    return job.start is not None and job.start <= moment and (job.end is None or job.end > moment)
