"""A launch panel for ad hoc commands, with Ansible's own answer under it: a JSON text whose fields open on their meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol
from weakref import WeakSet

from labs.notebook import answers, background, panel, recordings, toolkit
from labs.notebook.panel import Panel
from labs.notebook.pieces import joined, note
from labs.notebook.stage import EMPTY
from labs.timeline.words import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from IPython.display import DisplayHandle

    from labs.notebook.answers import Answer
    from labs.notebook.prediction import Forecast
    from labs.recording import Recording
    from labs.timeline.model import Timeline


class Listener(Protocol):
    """Who wants to know that nodes have just answered: there may be new jobs."""

    async def refresh(self) -> None: ...


listeners: WeakSet[Listener] = WeakSet()


class AnswerPanel(Panel):
    """Shows the answer as soon as Ansible has given it, though jobs may run on. ``answers`` are those of the last run.

    The answer has an output of its own between the panel and the stage: it is drawn once, and nothing closes the fields that one has
    opened when the run's figure comes.
    """

    def __init__(self, template: str, controls: Mapping[str, int], *, forecast: str | None = None, **options: Any) -> None:
        super().__init__(template, controls, forecast=forecast, **options)
        self.answers: list[Answer] = []
        self.box = toolkit.column()
        self._handle: DisplayHandle | None = None

    def open(self, recorded: str | None) -> None:
        """Take the places of the answer and of the figure, in the cell itself."""
        self._handle = toolkit.place(EMPTY, self.box)
        self.stage.open(recordings.fold(answered(recorded)) if recorded else None)

    async def run(self) -> None:
        if not self.busy:
            self.answers = []
        await super().run()

    async def _glance(self, recording: Recording) -> None:
        await super()._glance(recording)
        timeline = recording.timeline()
        if timeline.controller_end is not None and not self.answers:
            self._answer(recording)
            said = f"Ansible a rendu la main à {seconds(timeline.controller_end)}. Sur les nœuds, les jobs tournent encore."
            self.message.value = note(said)

    async def _tell(self, timeline: Timeline, forecast: Forecast | None) -> None:
        if self._recording is not None and not self.answers:
            self._answer(self._recording)
        await super()._tell(timeline, forecast)

    def _answer(self, recording: Recording) -> None:
        self.answers = answers.answers(recording.stdout)
        bundle = answers.bundle(self.answers)
        toolkit.fill(self.box, [toolkit.html(bundle["text/html"])])  # for a page reloaded in mid-run, as on the stage
        if self._handle is not None:
            self._handle.update(bundle, raw=True)
        for listener in tuple(listeners):
            background.start(listener.refresh())


def answered(recorded: str) -> dict[str, Any]:
    """The answer that a recorded run printed, then its figure."""
    return joined(answers.bundle(answers.answers(recordings.printed(recorded))), recordings.still(recorded))


def explore(template: str, *, recorded: str | None = None, forecast: str | None = None, **controls: int) -> None:
    """Show a panel that runs the ad hoc command ``template`` on the lab, and the JSON that each node answers, field by field.

    ``recorded``, ``forecast`` and ``controls`` are those of ``launcher``; the recorded run keeps what it printed.
    """
    shown = AnswerPanel(template, controls, forecast=forecast)
    toolkit.place(panel.invitation(template, controls), shown.widget)
    shown.open(recorded)


def still(template: str, *, recorded: str | None = None, **options: Any) -> dict[str, Any]:
    """What stands in the notebook where no widget can: the command, a recorded answer, and its figure."""
    controls = {name: value for name, value in options.items() if name in panel.CONTROLS}
    return joined(panel.invitation(template, controls), *([answered(recorded)] if recorded else []))
