"""Runs compared, in French words: one sentence a run, and a table whose lines add up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from labs.errors import LabError
from labs.timeline import metrics
from labs.timeline.compare import Cause, shares, tenths
from labs.timeline.model import Timeline
from labs.timeline.words import HARDLY, NBSP, counted, number, seconds

LEAST, MOST = 2, 6  # runs in a comparison
LETTERS = "ABCDEF"
NAMED = 2  # causes in a sentence, on each side

CAUSES = {
    Cause.WORK: "travail des jobs",
    Cause.SLOWEST: "attente du nœud le plus lent",
    Cause.LAUNCH: "lancement",
    Cause.WAIT: "attente de sondage",
    Cause.POLL: "sondage",
    Cause.REST: "le reste",
}
MEANINGS = {
    Cause.WORK: "un job travaille sur son nœud",
    Cause.SLOWEST: "un job travaille encore, d’autres nœuds ont fini la tâche et attendent",
    Cause.LAUNCH: "le contrôleur lance, le job n’a pas encore débuté",
    Cause.WAIT: "le job est fini, le contrôleur n’est pas encore allé voir",
    Cause.POLL: "le job est fini, le sondage qui le découvre est en cours",
    Cause.REST: "Ansible lui-même : préparation, tâches sans job, retour des réponses",
}
_OF = {  # « 15,0 s … »
    Cause.WORK: "de travail des jobs",
    Cause.SLOWEST: "d’attente du nœud le plus lent",
    Cause.LAUNCH: "de lancement",
    Cause.WAIT: "d’attente de sondage",
    Cause.POLL: "de sondage",
    Cause.REST: "pour le reste",
}
HEADINGS = ("Exécution", "Durée totale", *(text[0].upper() + text[1:] for text in CAUSES.values()), "Nombre de sondages", "Jobs à la fois")


class Run(NamedTuple):
    """A run under the name that a comparison gives it."""

    name: str
    timeline: Timeline


def checked(runs: Sequence[Run]) -> tuple[Run, ...]:
    """The runs to compare. Raises LabError when they are too few or too many."""
    if not LEAST <= len(runs) <= MOST:
        raise LabError(
            f"Une comparaison réunit de {LEAST} à {MOST} exécutions{NBSP}; il y en a {len(runs)}.",
            "Donnez-en deux au moins, six au plus.",
        )
    return tuple(runs)


def rounded(timeline: Timeline) -> dict[Cause, float]:
    """Where a run's time went, in tenths of a second that add up to its makespan in tenths."""
    exact = shares(timeline)
    return dict(zip(exact, tenths(list(exact.values())), strict=True))


def title(runs: Sequence[Run]) -> str:
    return f"{counted(len(runs), 'exécution')} sur un même axe"


def sentences(runs: Sequence[Run]) -> list[str]:
    """How each run differs from the first, a sentence each; then which is the shortest, when there are more than two."""
    base, *others = checked(runs)
    said = [f"{LETTERS[k]} par rapport à A{NBSP}: {versus(base.timeline, run.timeline)}." for k, run in enumerate(others, 1)]
    if len(runs) > LEAST:
        shortest = min(range(len(runs)), key=lambda k: metrics.makespan(runs[k].timeline))
        said.append(f"La plus courte{NBSP}: {LETTERS[shortest]}, {seconds(metrics.makespan(runs[shortest].timeline))}.")
    return said


def versus(base: Timeline, other: Timeline) -> str:
    """What a run has more or less than another.

    « 17,1 s de moins, dont 15,0 s d’attente de sondage · 15 sondages au lieu de 27 »
    """
    before, after = rounded(base), rounded(other)
    causes = {cause: round(after[cause] - before[cause], 1) for cause in Cause}
    return " · ".join([_times(round(sum(causes.values()), 1), causes), *_counts(base, other)])


def _times(total: float, causes: dict[Cause, float]) -> str:
    told = sorted((cause for cause in causes if abs(causes[cause]) >= HARDLY), key=lambda cause: -abs(causes[cause]))
    along = [cause for cause in told if causes[cause] * total > 0][:NAMED]
    against = [cause for cause in told if causes[cause] * total <= 0][:NAMED]
    length = f"{seconds(abs(total))} de {_more(total)}" if abs(total) >= HARDLY else f"même durée, à {seconds(HARDLY)} près"
    if abs(total) >= HARDLY and not against:
        parts = " et ".join(f"{seconds(abs(causes[cause]))} {_OF[cause]}" for cause in along)
        return f"{length}, dont {parts}" if parts else length
    parts = ", ".join(f"{seconds(abs(causes[cause]))} {_OF[cause]} en {_more(causes[cause])}" for cause in (*along, *against))
    return f"{length} ({parts})" if parts else length


def _more(value: float) -> str:
    return "plus" if value > 0 else "moins"


def _counts(base: Timeline, other: Timeline) -> list[str]:
    """Jobs and polls, where their numbers differ."""
    return [
        f"{counted(after, noun)} au lieu {f'de {number(before, 0)}' if before else 'd’aucun'}"
        for noun, before, after in (
            ("job", metrics.totals(base).jobs, metrics.totals(other).jobs),
            ("sondage", metrics.polls(base), metrics.polls(other)),
        )
        if before != after
    ]


def table(runs: Sequence[Run]) -> list[tuple[str, ...]]:
    """One row a run under ``HEADINGS``: seconds by cause, which add up to the makespan."""
    return [_row(letter, run) for letter, run in zip(LETTERS, runs, strict=False)]


def _row(letter: str, run: Run) -> tuple[str, ...]:
    parts = rounded(run.timeline)
    most = max((metrics.peak(run.timeline, host) for host in run.timeline.hosts), default=0)
    numbers = [seconds(sum(parts.values())), *(seconds(part) for part in parts.values())]
    return f"{letter} · {run.name}", *numbers, str(metrics.polls(run.timeline)), f"{most} par nœud"


def label(runs: Sequence[Run]) -> str:
    """The alternative text of a comparison's picture."""
    named = ", ".join(f"{letter} {run.name}" for letter, run in zip(LETTERS, runs, strict=False))
    return f"Comparaison de {counted(len(runs), 'exécution')}{NBSP}: {named}. {' '.join(sentences(runs))}"
