"""The Timeline in French words: numbers, one-sentence summaries, tables, and what a pointer or a screen reader is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from labs.timeline import metrics
from labs.timeline.model import Block, BlockKind, Fault, FaultKind, Job, Mode, Outcome, Poll, State, Timeline

NBSP = "\u00a0"  # before a unit and before : ; ? !
THIN = "\u202f"  # between thousands
HARDLY = 0.3  # seconds: an answer takes as long to come back even from a synchronous task, and is not worth a word
NOTHING = "—"  # a table cell for what is not known

STATES = {
    State.RUNNING: "en cours",
    State.SUCCEEDED: "réussi",
    State.FAILED: "en échec",
    State.TIMED_OUT: "limite dépassée",
    State.ORPHANED: "orphelin",
    State.KILLED: "tué",
    State.ENDED: "fini, résultat inconnu",
    State.UNCONFIRMED: "non confirmé par le nœud",
}
GLYPHS = {
    State.RUNNING: "",
    State.SUCCEEDED: "✓",
    State.FAILED: "✕",
    State.TIMED_OUT: "⧖",
    State.ORPHANED: "⊙",
    State.KILLED: "⊘",
    State.ENDED: "–",
    State.UNCONFIRMED: "?",
}
FAULTS = {
    FaultKind.CUT: "lien coupé",
    FaultKind.PAUSE: "nœud gelé",
    FaultKind.SLOW: "latence ajoutée",
    FaultKind.KILL: "nœud tué",
}
MODES = {Mode.SYNC: "synchrone", Mode.POLLED: "asynchrone, sondé", Mode.DETACHED: "asynchrone, détaché"}
BLOCKS = {
    BlockKind.SYNC: "le contrôleur garde la connexion ouverte jusqu’à la fin",
    BlockKind.POLLED: "le contrôleur lance, puis sonde",
    BlockKind.LAUNCH: "le contrôleur lance sans attendre",
    BlockKind.STATUS: "le contrôleur demande l’état",
    BlockKind.LOCAL: "le contrôleur travaille sans le nœud",
}
OUTCOMES = {
    Outcome.OK: "réussi",
    Outcome.FAILED: "en échec",
    Outcome.UNREACHABLE: "nœud injoignable",
    Outcome.SKIPPED: "sautée",
}
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
HEADINGS = ("Nœud", "Job", "Lancé", "Débuté", "Fini", "Détecté", "Délai de détection", "Sondages", "État")


# -- numbers ------------------------------------------------------------------------------------------------------------


def number(value: float, digits: int = 1) -> str:
    """``28.44 -> "28,4"``, ``1234.5 -> "1 234,5"``; never « -0,0 »."""
    text = f"{value:,.{digits}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.replace(",", THIN).replace(".", ",").replace("-", "−")


def seconds(value: float | None, digits: int = 1) -> str:
    """``28.44 -> "28,4 s"``; a dash for what is not known."""
    return NOTHING if value is None else f"{number(value, digits)}{NBSP}s"


def duration(value: float) -> str:
    """A length of time as one says it: « 28,4 s », « 11 s », « 2 min 05 s », « 1 h 02 min »."""
    rounded = round(value, 1)
    if rounded < 60:
        return seconds(rounded, 0 if rounded == int(rounded) else 1)
    whole = round(value)
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}{NBSP}min{NBSP}{rest:02d}{NBSP}s" if rest else f"{minutes}{NBSP}min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}{NBSP}h{NBSP}{minutes:02d}{NBSP}min" if minutes else f"{hours}{NBSP}h"


def plural(count: float, singular: str, many: str | None = None) -> str:
    """The form that agrees with a count: in French, the plural begins at two."""
    return singular if abs(count) < 2 else many or f"{singular}s"


def counted(count: int, singular: str, many: str | None = None) -> str:
    """« 15 sondages », « 1 sondage », « aucun sondage »."""
    return f"{number(count, 0)}{NBSP}{plural(count, singular, many)}" if count else f"aucun {singular}"


def listed(names: Sequence[str]) -> str:
    """« node1 », « node1 et node2 », « node1, node2 et node3 »; « 12 nœuds » when they are too many to name."""
    if len(names) > 4:
        return f"{len(names)}{NBSP}nœuds"
    return " et ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


# -- one sentence -------------------------------------------------------------------------------------------------------


def summary(timeline: Timeline, ideal: float | None = None) -> str:
    """The run in one sentence. ``ideal`` is the makespan, in seconds, that the work could have had.

    « 28,4 s · idéal 11 s · 2 jobs à la fois au plus par nœud · 15 sondages · 9,7 s passées à attendre un job déjà fini »
    """
    parts = [_length(timeline)]
    if ideal is not None:
        parts.append(f"idéal {duration(ideal)}")
    parts += [_at_once(timeline), counted(metrics.polls(timeline), "sondage")]
    wait = round(metrics.waited(timeline), 1)
    if wait >= HARDLY:
        parts.append(f"{duration(wait)} {plural(wait, 'passée')} à attendre un job déjà fini")
    return " · ".join([*parts, *mishaps(timeline)])


def yields(timeline: Timeline) -> str:
    """How well the time was used: « Efficacité 32 % : 9 s auraient suffi si Ansible ne coûtait rien »; empty when no node shows a job.

    Then what the looks cost, where there were some.
    """
    share = metrics.efficiency(timeline)
    if share is None:
        return ""
    best = duration(metrics.ideal(timeline))
    said = f"Efficacité{NBSP}: {number(100 * share, 0)}{NBSP}%{NBSP}; {best} auraient suffi si Ansible ne coûtait rien."
    looks = metrics.polls(timeline)
    if looks:
        on_nodes, answered = (seconds(cost) for cost in (metrics.polls_on_nodes(timeline), metrics.polls_answered(timeline)))
        took = plural(looks, "a pris", "ont pris")
        said += f" {counted(looks, 'sondage').capitalize()} {took} {on_nodes} sur les nœuds, {answered} jusqu’à la réponse."
    return said


def mishaps(timeline: Timeline) -> list[str]:
    """What went wrong or stays open, one short phrase each: hosts lost, jobs failed, killed or never finished."""
    phrases = []
    lost = metrics.unreachable(timeline)
    if lost:
        phrases.append(f"{listed(lost)} injoignable{'s' if len(lost) > 1 else ''}")
    by_state = Counter(job.state for job in timeline.jobs)
    phrases += [
        f"{counted(by_state[state], 'job')} {text}{'s' if agrees and by_state[state] > 1 else ''}{_where(timeline, state)}"
        for state, text, agrees in (
            (State.FAILED, "en échec", False),
            (
                State.TIMED_OUT,
                f"arrêté{'s' if by_state[State.TIMED_OUT] > 1 else ''} par {'leur' if by_state[State.TIMED_OUT] > 1 else 'sa'} limite",
                False,
            ),
            (State.ORPHANED, "orphelin", True),
            (State.KILLED, "perdu", True),
            (State.UNCONFIRMED, f"non confirmé{'s' if by_state[State.UNCONFIRMED] > 1 else ''}", False),
        )
        if by_state[state]
    ]
    if not timeline.running and by_state[State.RUNNING]:
        phrases.append(f"{counted(by_state[State.RUNNING], 'job')} encore en cours à la fin")
    return phrases


def _where(timeline: Timeline, state: State) -> str:
    hosts = [host for host in timeline.hosts if any(job.state is state for job in timeline.on(host))]
    return f" sur {listed(hosts)}"


def _length(timeline: Timeline) -> str:
    text = duration(metrics.makespan(timeline))
    if timeline.running:
        return f"{text} {plural(round(metrics.makespan(timeline), 1), 'écoulée')}"
    if timeline.status == "canceled":
        return f"annulé après {text}"
    return f"simulation{NBSP}: {text}" if timeline.simulated else text


def _at_once(timeline: Timeline) -> str:
    most = max((metrics.peak(timeline, host) for host in timeline.hosts), default=0)
    return f"{counted(most, 'job')} à la fois au plus par nœud" if most else "aucun job vu sur les nœuds"


def occasion(timeline: Timeline) -> str:
    """When and on what it ran: « Exécution du 24 novembre 2026 à 10 h 30 · 3 nœuds · 15 jobs », in the reader's local time."""
    size = f"{counted(len(timeline.hosts), 'nœud')} · {counted(len(timeline.jobs), 'job')}"
    if timeline.simulated:
        return f"Simulation{NBSP}: rien n’a été exécuté · {size}"
    at = timeline.started.astimezone()
    day = f"{at.day if at.day > 1 else '1er'}{NBSP}{MONTHS[at.month - 1]}{NBSP}{at.year}"
    return f"Exécution du {day} à {at.hour}{NBSP}h{NBSP}{at.minute:02d} · {size}"


# -- a table ------------------------------------------------------------------------------------------------------------


def table(timeline: Timeline) -> list[tuple[str, ...]]:
    """One row a job under ``HEADINGS``, in the order of the nodes, then of start."""
    looks = Counter(poll.job for poll in timeline.polls)
    return [
        (
            job.host,
            job.label,
            seconds(job.launched),
            seconds(job.start),
            seconds(job.end),
            seconds(job.detected),
            seconds(metrics.detection_delay(job)),
            str(looks[job.id]),
            state(job),
        )
        for host in timeline.hosts
        for job in timeline.on(host)
    ]


def state(job: Job) -> str:
    """« réussi ✓ », « en échec ✕ (code 2) »."""
    code = f" (code{NBSP}{job.rc})" if job.state is State.FAILED and job.rc is not None else ""
    return f"{STATES[job.state]} {GLYPHS[job.state]}".rstrip() + code


# -- what a pointer or a screen reader is told --------------------------------------------------------------------------


def job(job: Job) -> str:
    facts = [f"{job.label} sur {job.host}{NBSP}: {state(job)}", MODES[job.mode]]
    if job.interval:
        facts.append(f"sondé toutes les {duration(job.interval)}")
    if job.limit is not None:
        facts.append(f"limite {duration(job.limit)}")
    facts += [f"{verb} à {seconds(at, 2)}" for verb, at in _moments(job) if at is not None]
    if job.start is not None and job.end is not None:
        facts.append(f"durée {seconds(job.end - job.start, 2)}")
    delay = metrics.detection_delay(job)
    if delay is not None:
        facts.append(f"délai de détection {seconds(delay, 2)}")
    return " · ".join(facts)


def _moments(job: Job) -> tuple[tuple[str, float | None], ...]:
    return ("lancé", job.launched), ("débuté", job.start), ("fini", job.end), ("détecté", job.detected)


def delay(job: Job) -> str:
    """For the stretch between a job's end and its detection; open while the controller has not looked."""
    since = f"{job.label} sur {job.host}{NBSP}: fini à {seconds(job.end, 2)}"
    if job.detected is None:
        return f"{since}, le contrôleur ne le sait pas encore"
    return f"{since}, détecté à {seconds(job.detected, 2)}, soit {seconds(metrics.detection_delay(job), 2)} de délai de détection"


def poll(poll: Poll, label: str) -> str:
    answer = "fini" if poll.finished else "pas encore fini"
    took = f", {seconds(poll.end - poll.start, 2)} de sondage" if poll.start is not None and poll.end is not None else ""
    return f"Sondage de {label or 'job inconnu'} sur {poll.host}{NBSP}: {answer}, su à {seconds(poll.noticed, 2)}{took}"


def block(block: Block, task: str) -> str:
    until = f"de {seconds(block.start, 2)} à {seconds(block.end, 2)}" if block.end is not None else f"depuis {seconds(block.start, 2)}"
    text = f"{task or 'Tâche'} sur {block.host}{NBSP}: {BLOCKS[block.kind]}, {until}"
    if block.outcome not in {None, Outcome.OK}:
        text += f", {OUTCOMES[block.outcome]}"
    return f"{text} · {block.message}" if block.message else text


def launch(job: Job) -> str:
    return f"Lancement de {job.label} sur {job.host} à {seconds(job.launched, 2)}"


def fault(fault: Fault) -> str:
    until = f" jusqu’à {seconds(fault.end, 2)}" if fault.end is not None and fault.end > fault.start else ""
    return f"{fault.host}{NBSP}: {FAULTS[fault.kind]} à {seconds(fault.start, 2)}{until}"
