"""What a « Et si… ? » can vary: each scenario has its sliders, the plan that they make, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from labs.errors import LabError
from labs.inventory import node_names
from labs.notebook.pieces import NBSP
from labs.timeline import metrics, words
from labs.timeline.model import Timeline
from labs.timeline.simulate import Plan, Run, Step, Wait, batches, window

Values = Mapping[str, int]
DURATIONS = (1, 2, 3, 4, 5)  # seconds of the jobs of a node, where a lesson gives none
LIMIT = 120  # seconds that a job is allowed: more than any slider asks for


@dataclass(frozen=True, slots=True)
class Slider:
    """A whole number that a learner may change, from ``least`` to ``most``."""

    label: str
    unit: str  # French, singular; "s" for seconds
    value: int
    least: int
    most: int

    def told(self, value: int) -> str:
        return f"{value}{NBSP}{self.unit if self.unit == 's' else words.plural(value, self.unit)}"


@dataclass(frozen=True, slots=True)
class Scenario:
    """``plan`` and ``said`` take the sliders' values and the durations of the jobs. ``command``: the line that really runs it, if any."""

    sliders: Mapping[str, Slider]
    plan: Callable[[Values, tuple[int, ...]], Plan]
    said: Callable[[Values, tuple[int, ...], Timeline], str]
    command: str | None = None

    def hosts(self, values: Values) -> tuple[str, ...]:
        return node_names(values.get("N", 3))

    def values(self, given: Mapping[str, int]) -> dict[str, int]:
        """The sliders' first values. Raises LabError for a slider that there is none of, or a value out of its bounds."""
        for name, value in given.items():
            if name not in self.sliders:
                known = ", ".join(self.sliders)
                raise LabError(f"Cette simulation n’a pas de réglage « {name} ».", f"Ses réglages : {known}.")
            slider = self.sliders[name]
            if not slider.least <= value <= slider.most:
                raise LabError(f"{name} = {value} : ce réglage va de {slider.least} à {slider.most}.")
        return {name: given.get(name, slider.value) for name, slider in self.sliders.items()}


def detection_delay(d: int, interval: int) -> int:
    """Seconds from the end of a job of ``d`` seconds to the poll that notices it, polls being free: ceil(d/P)·P − d."""
    return ceil(d / interval) * interval - d


# -- one job, polled ----------------------------------------------------------------------------------------------------


def _polled(values: Values, _: tuple[int, ...]) -> Plan:
    return Plan.of(
        f"sleep {values['d']}, sondé toutes les {values['P']}{NBSP}s", Run("Travailler", values["d"], limit=LIMIT, poll=values["P"])
    )


def _polled_said(values: Values, _: tuple[int, ...], simulated: Timeline) -> str:
    d, interval = values["d"], values["P"]
    looks, late = ceil(d / interval), detection_delay(d, interval)
    when = f"au {words.number(looks, 0)}{'er' if looks == 1 else 'e'} sondage, à {looks}{NBSP}×{NBSP}{interval}{NBSP}={NBSP}{looks * interval}{NBSP}s"
    delay = f"Délai de détection{NBSP}: {looks * interval}{NBSP}−{NBSP}{d}{NBSP}={NBSP}{late}{NBSP}s, si un sondage ne coûtait rien."
    return f"Un job de {d}{NBSP}s, regardé toutes les {interval}{NBSP}s, est vu fini {when}.\n{delay} {_worst_delay(simulated)}"


def _worst_delay(simulated: Timeline) -> str:
    worst = max((delay for job in simulated.jobs if (delay := metrics.detection_delay(job)) is not None), default=0.0)
    return f"Avec ce que coûtent les lancements et les sondages{NBSP}: {words.duration(worst)} au plus."


# -- many jobs on a node ------------------------------------------------------------------------------------------------


def _allowed(durations: tuple[int, ...]) -> dict[str, int]:
    """More seconds, and as many looks of a second each, than the longest job asks for."""
    enough = max(durations) + LIMIT
    return {"limit": enough, "retries": enough}


def _in_batches(values: Values, durations: tuple[int, ...]) -> Plan:
    return Plan.of(
        f"Lots de {values['n']}, une question toutes les {values['D']}{NBSP}s",
        batches(durations, values["n"], delay=values["D"], **_allowed(durations)),
    )


def _in_batches_said(values: Values, durations: tuple[int, ...], simulated: Timeline) -> str:
    return _against(simulated, durations, metrics.barrier(durations, values["n"]), f"l’idéal de ces lots de {values['n']}")


def _in_window(values: Values, durations: tuple[int, ...]) -> Plan:
    steps = window(durations, values["n"], delay=values["D"], **_allowed(durations))
    return Plan.of(f"Fenêtre de {values['n']}, une question toutes les {values['D']}{NBSP}s", *steps)


def _in_window_said(values: Values, durations: tuple[int, ...], simulated: Timeline) -> str:
    return _against(simulated, durations, metrics.window(durations, values["n"]), f"l’idéal d’une fenêtre de {values['n']}")


def _against(simulated: Timeline, durations: tuple[int, ...], ideal: float, name: str) -> str:
    took = metrics.makespan(simulated)
    alone, together = metrics.one_by_one(durations), metrics.all_at_once(durations)
    return (
        f"Durée totale simulée{NBSP}: {words.duration(took)}, pour {words.duration(ideal)} dans {name}.\n"
        f"L’un après l’autre, ces jobs demanderaient au mieux {words.duration(alone)}{NBSP}; tous ensemble, {words.duration(together)}."
    )


# -- many nodes ---------------------------------------------------------------------------------------------------------


def _forked(values: Values, _: tuple[int, ...]) -> Plan:
    title = f"sleep {values['d']} sur {words.counted(values['N'], 'nœud')}, {words.counted(values['f'], 'fork')}"
    return Plan.of(title, Run("Travailler", values["d"]), forks=values["f"])


def _forked_said(values: Values, _: tuple[int, ...], simulated: Timeline) -> str:
    waves = ceil(values["N"] / values["f"])
    turns = "en une seule fois" if waves == 1 else f"en {waves} vagues"
    return (
        f"{words.counted(values['N'], 'nœud')}, {values['f']} à la fois au plus{NBSP}: la tâche passe {turns}, "
        f"soit {words.duration(waves * values['d'])} de travail au mieux.\nDurée totale simulée{NBSP}: {words.duration(metrics.makespan(simulated))}."
    )


def _meanwhile(values: Values, _: tuple[int, ...]) -> Plan:
    steps: tuple[Step, ...] = (
        Run("Lancer", values["d"], limit=LIMIT, poll=0),
        Run("Autre travail", values["t"]),
        Wait("Attendre", "Lancer", retries=LIMIT, delay=values["D"]),
    )
    return Plan.of(f"sleep {values['d']} en arrière-plan, {values['t']}{NBSP}s d’autre travail", *steps)


def _meanwhile_said(values: Values, _: tuple[int, ...], simulated: Timeline) -> str:
    return (
        f"L’un après l’autre, ces travaux demanderaient {words.duration(values['d'] + values['t'])} au mieux{NBSP}; "
        f"l’un pendant l’autre, {words.duration(max(values['d'], values['t']))}.\n"
        f"Durée totale simulée{NBSP}: {words.duration(metrics.makespan(simulated))}. {_worst_delay(simulated)}"
    )


_SIZE = Slider("n, jobs à la fois", "job", 2, 1, 5)
_DELAY = Slider("delay, entre deux questions", "s", 5, 1, 10)

SCENARIOS: dict[str, Scenario] = {
    "sondage": Scenario(
        {"d": Slider("d, durée du job", "s", 8, 1, 30), "P": Slider("P, intervalle de sondage", "s", 5, 1, 20)},
        _polled,
        _polled_said,
        f"ansible all -B {LIMIT} -P {{P}} -a '/bin/sleep {{d}}'",
    ),
    "lots": Scenario({"n": _SIZE, "D": _DELAY}, _in_batches, _in_batches_said),
    "fenetre": Scenario({"n": _SIZE, "D": _DELAY}, _in_window, _in_window_said),
    "forks": Scenario(
        {
            "f": Slider("f, forks", "fork", 5, 1, 20),
            "N": Slider("N, nombre de nœuds", "nœud", 10, 1, 20),
            "d": Slider("d, durée du job", "s", 4, 1, 20),
        },
        _forked,
        _forked_said,
    ),
    "pendant": Scenario(
        {
            "d": Slider("d, durée du job", "s", 8, 1, 30),
            "t": Slider("t, durée de l’autre travail", "s", 3, 0, 30),
            "D": _DELAY,
        },
        _meanwhile,
        _meanwhile_said,
    ),
}


def named(name: str) -> Scenario:
    if name not in SCENARIOS:
        raise LabError(f"Il n’y a pas de simulation « {name} ».", f"Celles qui existent : {', '.join(SCENARIOS)}.")
    return SCENARIOS[name]


def options(scenario: Scenario) -> list[dict[str, Any]]:
    """The sliders as their page reads them."""
    return [
        {"name": name, "label": slider.label, "least": slider.least, "most": slider.most, "unit": slider.unit}
        for name, slider in scenario.sliders.items()
    ]
