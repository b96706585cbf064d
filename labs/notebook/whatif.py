# mypy: disable-error-code="no-untyped-call, no-any-return"
# (neither ipywidgets nor traitlets is typed)
"""« Et si… ? »: sliders, and the chronologie that the simulator makes of them, redrawn at every move.

Where the command can really be run, a button does, and the simulation is then drawn as an outline behind the real run.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from labs import calibration
from labs.errors import LabError
from labs.lab import Lab
from labs.notebook import display, recordings, scenarios, toolkit
from labs.notebook.commandline import CommandLine
from labs.notebook.live import Frames, LiveView
from labs.notebook.pieces import NBSP, code, note, problem
from labs.recording import record
from labs.timeline import metrics, words
from labs.timeline.layout import layout
from labs.timeline.simulate import Overheads, simulate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labs.timeline.model import Timeline

_STATIC = Path(__file__).parent / "static"
GLANCE = 0.2  # seconds between two looks at a run under way
INVITATION = "Exécutez cette cellule (Maj+Entrée) pour changer ces valeurs et voir la simulation suivre."


class Sliders(anywidget.AnyWidget):
    """Whole numbers by name in ``values``; ``options`` as ``scenarios.options`` makes them."""

    _esm = _STATIC / "curseurs.js"
    _css = _STATIC / "curseurs.css"
    options: Any = traitlets.List().tag(sync=True)
    values: Any = traitlets.Dict().tag(sync=True)
    busy = traitlets.Bool(default_value=False).tag(sync=True)


class Data(anywidget.AnyWidget):
    """The table under a chronologie, closed until one asks for it."""

    _esm = _STATIC / "donnees.js"
    table = traitlets.Unicode().tag(sync=True)


class Chart(anywidget.AnyWidget):
    """A chronologie that does not run: drawn like the live one, and redrawn by what changes from one ``show`` to the next."""

    _esm = LiveView._esm  # noqa: SLF001 - anywidget's names for what a page loads
    _css = LiveView._css  # noqa: SLF001

    def __init__(self) -> None:
        super().__init__()
        self._frames = Frames()
        self._drawn = False
        self.on_msg(self._receive)

    def show(self, timeline: Timeline, forecast: Timeline | None = None) -> None:
        change = self._frames.take(layout(timeline, forecast=forecast, live=False))
        self._drawn = True
        if change is not None:
            self.send(change)

    def _receive(self, _widget: Chart, message: Mapping[str, Any], _buffers: object) -> None:
        if message.get("type") == "hello" and self._drawn:
            self.send(self._frames.full())


class WhatIf:
    """The widget. ``run`` and ``calibrate`` are coroutines that buttons start; a failure is told, never raised."""

    def __init__(
        self,
        scenario: str,
        given: Mapping[str, int],
        *,
        durations: Sequence[int] | None = None,
        real: Timeline | None = None,
        lab: Lab | None = None,
    ) -> None:
        self._scenario = scenarios.named(scenario)
        self._durations = tuple(durations or scenarios.DURATIONS)
        self._lab = lab or Lab()
        self._line = CommandLine(self._scenario.command) if self._scenario.command else None
        self._overheads = Overheads()
        with suppress(LabError):  # a spoilt file is as none: measuring again mends it
            self._overheads = calibration.load(self._lab)
        self.real = real
        self.sliders = Sliders(options=scenarios.options(self._scenario), values=self._scenario.values(given))
        self.words, self.command, self.message = toolkit.html(), toolkit.html(), toolkit.html(note(""))
        self.chart, self.data, self.stage = Chart(), Data(), toolkit.column()
        self.run_button = toolkit.button("Lancer pour de vrai", self.run, main=True)
        self.forget_button = toolkit.button("Ôter l’exécution réelle", self.forget, disabled=real is None)
        self.calibrate_button = toolkit.button("Étalonner sur mon labo (une dizaine de secondes)", self.calibrate)
        toolkit.fill(self.stage, [self.chart])
        buttons = [self.run_button, self.forget_button] if self._line else ([self.forget_button] if real else [])
        self.widget = toolkit.column(
            self.sliders, self.words, self.command, self.stage, self.data, toolkit.row(*buttons, self.calibrate_button), self.message
        )
        self.sliders.observe(lambda _: self.redraw(), "values")
        self.redraw()

    @property
    def values(self) -> dict[str, int]:
        return dict(self.sliders.values)

    def simulated(self) -> Timeline:
        """What the sliders give now."""
        values = self.values
        return simulate(self._scenario.plan(values, self._durations), self._hosts(), self._overheads, connected=True)

    def redraw(self) -> None:
        """Bring everything in step with the sliders."""
        simulated = self.simulated()
        said = self._scenario.said(self.values, self._durations, simulated)
        if self.real is None:
            self.chart.show(simulated)
        else:
            self.chart.show(self.real, simulated)
            said += f"\n{compared(simulated, self.real)}"
        self.words.value = note(said)
        self.data.table = display.table(simulated if self.real is None else self.real)
        if self._line:
            self.command.value = code(self._line.terminal(self.values), "La ligne de commande")

    async def run(self) -> None:
        """Run what the sliders say, draw it while it runs, then keep it before the simulation."""
        if self._line is None or self.sliders.busy:
            return
        self._set_busy(busy=True)
        view = None
        try:
            command = self._line.command(self.values)
            recording = await asyncio.to_thread(record, self._lab, command)
            self.message.value = note("En cours… La simulation est en tirets, derrière.")
            view = LiveView(recording, forecast=self.simulated())
            toolkit.fill(self.stage, [view])
            while recording.alive:  # noqa: ASYNC110 - its end shows in no event of this loop
                await asyncio.sleep(GLANCE)
            self.real = await asyncio.to_thread(recording.wait)
            self.message.value = note(f"Terminé{NBSP}: {words.summary(self.real)}", "✓")
        except Exception as error:  # noqa: BLE001 - whatever it is, the learner reads it here and nowhere else
            self.message.value = problem(error)
        finally:
            toolkit.fill(self.stage, [self.chart])
            if view is not None:
                view.close()
            self._set_busy(busy=False)
            self.redraw()

    async def forget(self) -> None:
        """Take the real run away: the simulation alone remains."""
        self.real = None
        self.forget_button.disabled = True
        self.redraw()

    async def calibrate(self) -> None:
        """Measure on the lab what launches and polls cost there."""
        self._set_busy(busy=True)
        self.message.value = note("Étalonnage en cours sur votre labo…")
        try:
            self._overheads = await asyncio.to_thread(calibration.calibrate, self._lab)
            look = words.seconds(self._overheads.look, 2)
            self.message.value = note(f"Étalonné{NBSP}: sur votre labo, un sondage prend {look} quand rien d’autre ne tourne.", "✓")
            self.redraw()
        except Exception as error:  # noqa: BLE001 - as above
            self.message.value = problem(error)
        finally:
            self._set_busy(busy=False)

    def _hosts(self) -> tuple[str, ...]:
        """The nodes of the real run or of the lab, where the scenario does not say how many there are."""
        if "N" in self._scenario.sliders:
            return self._scenario.hosts(self.values)
        return self.real.hosts if self.real else self._lab.nodes or self._scenario.hosts(self.values)

    def _set_busy(self, *, busy: bool) -> None:
        self.sliders.busy = busy
        for button in (self.run_button, self.calibrate_button):
            button.disabled = busy
        self.forget_button.disabled = busy or self.real is None


def compared(simulated: Timeline, real: Timeline) -> str:
    """In words, how far the simulation is from a real run."""
    foreseen, took = metrics.makespan(simulated), metrics.makespan(real)
    gap = foreseen - took
    way = "autant" if round(abs(gap), 1) == 0 else f"{words.duration(abs(gap))} de {'plus' if gap > 0 else 'moins'}"
    return f"L’exécution réelle a pris {words.duration(took)}, la simulation en prévoit {way}."


def what_if(scenario: str, *, recorded: str | None = None, durees: Sequence[int] | None = None, **values: int) -> None:
    """Show sliders and the simulation that they give.

    ``scenario`` is one of scenarios.SCENARIOS: « sondage » (d, P), « lots » and « fenetre » (n, D), « forks » (f, N, d), « pendant » (d, t, D);
    ``values`` are the sliders' first values. ``durees``: seconds of the jobs of each node. ``recorded`` names a recorded run drawn over
    the simulation. Raises LabError for names or values that do not exist.
    """
    real = recordings.load(recorded) if recorded else None
    panel = WhatIf(scenario, values, durations=durees, real=real)
    toolkit.place(still(scenario, recorded=recorded, durees=durees, **values), panel.widget)


def still(scenario: str, *, recorded: str | None = None, durees: Sequence[int] | None = None, **values: int) -> dict[str, Any]:
    """What stands in the notebook where no widget can: the simulation of the first values, by the shipped overheads."""
    chosen, durations = scenarios.named(scenario), tuple(durees or scenarios.DURATIONS)
    first = chosen.values(values)
    real = recordings.load(recorded) if recorded else None
    hosts = real.hosts if real else chosen.hosts(first)
    simulated = simulate(chosen.plan(first, durations), hosts, connected=True)
    said = chosen.said(first, durations, simulated)
    figure = display.show(real, forecast=simulated) if real else display.show(simulated)
    text = f"Et si…{NBSP}?\n{said}\n{figure.text}\n{INVITATION}"
    html = f"<p><strong>Et si…{NBSP}?</strong> {escape(said)}</p>{figure.html}<p><em>{escape(INVITATION)}</em></p>"
    return {"text/plain": text, "text/html": html}
