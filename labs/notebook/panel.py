"""The launch panel: a command whose numbers one may change, a button that runs it on the lab, and its chronologie underneath.

Two outputs in one cell. The panel itself is widgets, and lives as long as its kernel. The stage under it shows a recorded run, then
the live view, and in the end the figure of the learner's own run as plain HTML, which is what stays in the saved notebook.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from labs.errors import LabError
from labs.lab import Lab
from labs.notebook import outcome, prediction, recordings, toolkit
from labs.notebook.commandline import CommandLine
from labs.notebook.faults import CutButton, at_work
from labs.notebook.pieces import NBSP, code, joined, note, problem
from labs.notebook.stage import EMPTY, Stage
from labs.notebook.status import LabStatus
from labs.recording import record
from labs.timeline import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labs.recording import Recording
    from labs.timeline.model import Timeline

# What a control is called on screen, and the whole numbers it takes, in seconds: no job of a lesson is long.
CONTROLS = {"d": (f"Durée d (s){NBSP}:", 1, 12), "P": (f"Sondage P (s){NBSP}:", 1, 10)}
LINGER = 30.0  # seconds during which jobs that outlive ansible are still watched
GLANCE = 0.2  # seconds between two looks at a run under way


class Panel:
    """The widget. ``run`` and ``cut.cut`` are coroutines that buttons start; a failure is told, never raised."""

    linger = LINGER

    def __init__(
        self,
        template: str,
        controls: Mapping[str, int],
        *,
        forecast: str | None = None,
        cut: str | None = None,
        witness: str | None = None,
        lab: Lab | None = None,
    ) -> None:
        self._line = CommandLine(template)
        self._forecast, self._witness = forecast, witness
        self._lab = lab or Lab()
        self._recording: Recording | None = None
        self.stage = Stage()

        self.command = toolkit.html()
        self.message = toolkit.html(note(""))
        self.help = toolkit.column()  # the lab's table and repair button, when a run could not start or a node was lost
        self.fields = {name: toolkit.whole(CONTROLS[name][0], value, *CONTROLS[name][1:]) for name, value in controls.items()}
        self.launch_button = toolkit.button("Lancer", self.run, main=True)
        for field in self.fields.values():
            field.observe(lambda _: self._show_command(), "value")
        self._show_command()

        self.cut = CutButton(cut, self._elapsed, self._lab) if cut else None
        buttons = [self.launch_button, self.cut.button] if self.cut else [self.launch_button]
        messages = [self.message, self.cut.message] if self.cut else [self.message]
        self.widget = toolkit.column(self.command, toolkit.row(*self.fields.values(), *buttons), *messages, self.help)
        self._allow_cut(None)

    @property
    def values(self) -> dict[str, int | str]:
        return {name: field.value for name, field in self.fields.items()}

    @property
    def busy(self) -> bool:
        return bool(self.launch_button.disabled)

    async def run(self) -> None:
        """Launch, follow, tell. A second call while one is under way does nothing."""
        if self.busy:
            return
        self._set_busy(busy=True)
        toolkit.fill(self.help, [])
        self.message.value = note("Préparation du lancement…")
        forecast = prediction.saved(self._forecast) if self._forecast else None
        try:
            recording = await asyncio.to_thread(self._start)
            self._recording = recording
            self.message.value = note("En cours… La chronologie se dessine ci-dessous.")
            self.stage.live(recording, forecast)
            while recording.alive:  # no thread waits for it: that would hold up a kernel that stops
                await self._glance(recording)
                await asyncio.sleep(GLANCE)
            timeline = await asyncio.to_thread(recording.wait)
            await self._tell(timeline, forecast)
        except Exception as error:  # noqa: BLE001 - whatever it is, the learner reads it here and nowhere else
            await self._complain(error)
        finally:
            self._recording = None
            self._set_busy(busy=False)

    def _start(self) -> Recording:
        """In a worker thread: take away the witness of an earlier run, then start."""
        if self._witness:
            for node in self._lab.nodes:
                self._lab.execute(node, ["rm", "-f", self._witness])
        return record(self._lab, self._line.command(self.values), linger=self.linger)

    async def _glance(self, recording: Recording) -> None:
        """What a look at the run under way changes on the panel."""
        self._allow_cut(recording)

    async def _tell(self, timeline: Timeline, forecast: prediction.Forecast | None) -> None:
        said = outcome.sentences(timeline, forecast)
        if self._witness:
            said += outcome.witnesses(self._witness, await asyncio.to_thread(self._seek, self._witness), forecast)
        lost = outcome.silent(timeline)
        if lost:
            await self._offer_help()
        self.message.value = note(f"Terminé{NBSP}: {words.summary(timeline)}", "⚠" if lost else "✓")
        await self.stage.settle(timeline, forecast, said, self._extra())

    def _extra(self) -> dict[str, Any]:
        """What stays between the run's words and its figure: nothing but in the panels that look at more than the run."""
        return EMPTY

    def _seek(self, path: str) -> dict[str, bool]:
        return {node: self._lab.read(node, path) is not None for node in self._lab.nodes}

    async def _complain(self, error: Exception) -> None:
        self.message.value = problem(error)
        if isinstance(error, LabError):
            await self._offer_help()

    async def _offer_help(self) -> None:
        status = LabStatus(self._lab)
        toolkit.fill(self.help, [status.widget])
        await status.refresh()

    def _elapsed(self) -> float | None:
        if self._recording is None:
            return None
        return (datetime.now(UTC) - self._recording.timeline().started).total_seconds()

    def _set_busy(self, busy: bool) -> None:
        self.launch_button.disabled = busy
        for field in self.fields.values():
            field.disabled = busy
        if self.cut and busy:
            self.cut.message.value = note("")
        if not busy:
            self._allow_cut(None)

    def _allow_cut(self, recording: Recording | None) -> None:
        """A link can be cut while its node is at work: earlier, the cut would hit the launch and not the job."""
        if self.cut:
            self.cut.button.disabled = recording is None or not at_work(recording, self.cut.node)

    def _show_command(self) -> None:
        line, playbook = self._line.terminal(self.values), self._line.playbook(self.values)
        self.command.value = _shown(line, playbook)


def launcher(
    template: str,
    *,
    recorded: str | None = None,
    forecast: str | None = None,
    cut: str | None = None,
    witness: str | None = None,
    **controls: int,
) -> None:
    """Show a panel that runs ``template`` on the lab.

    ``controls`` fill its holes: ``d`` a duration and ``P`` a poll interval, in seconds. ``recorded`` names the run shown before the
    learner's own, ``forecast`` the key of an earlier ``predict``, ``cut`` the node whose link may be cut during the run, ``witness``
    the path of a file that the run writes on each node.
    """
    panel = Panel(template, controls, forecast=forecast, cut=cut, witness=witness)
    toolkit.place(invitation(template, controls), panel.widget)
    panel.stage.open(recordings.folded(recorded) if recorded else None)


def still(template: str, *, recorded: str | None = None, **options: Any) -> dict[str, Any]:
    """What stands in the notebook where no widget can: the command, and a recorded run."""
    controls = {name: value for name, value in options.items() if name in CONTROLS}
    return joined(invitation(template, controls), *([recordings.still(recorded)] if recorded else []))


def invitation(template: str, controls: Mapping[str, int]) -> dict[str, Any]:
    """The command, and how to get a panel for it."""
    line = CommandLine(template)
    terminal, playbook = line.terminal(controls), line.playbook(controls)
    ask = "Exécutez cette cellule (Maj+Entrée) pour ouvrir le panneau de lancement."
    return {"text/plain": f"{terminal}\n{ask}", "text/html": f"{_shown(terminal, playbook)}<p><em>{ask}</em></p>"}


def _shown(terminal: str, playbook: str | None) -> str:
    """The playbook, its terminal line folded to keep the chronologie near; or the ad hoc command, which is that line."""
    line = code(terminal, "La ligne de commande")
    if playbook is None:
        return line
    fold = f'<details><summary style="cursor:pointer">La même chose dans un terminal</summary>{line}</details>'
    return code(playbook, "Le playbook lancé") + fold
