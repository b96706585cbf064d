"""The place under a launch panel where runs are shown: a recorded one, the live view, and at last the figure that stays."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from labs.notebook import toolkit
from labs.notebook.display import show
from labs.notebook.live import LiveView
from labs.notebook.pieces import note

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

    from labs.notebook.prediction import Forecast
    from labs.recording import Recording
    from labs.timeline.model import Timeline

EMPTY = {"text/plain": "", "text/html": ""}
_DRAWING = {"text/plain": "La chronologie se dessine pendant l’exécution."}


class Stage:
    """One output of a cell. ``open`` must be called in the cell itself, the rest from anywhere on the kernel's main thread."""

    def __init__(self) -> None:
        self.box = toolkit.column()
        self._handle: DisplayHandle | None = None
        self._view: LiveView | None = None

    def open(self, bundle: dict[str, Any] | None) -> None:
        """Take the place, with something to look at before the first run."""
        self._handle = toolkit.place(bundle or EMPTY)

    def live(self, recording: Recording, forecast: Forecast | None) -> None:
        """Show the run as it goes."""
        self._view = LiveView(recording, forecast=_seconds(forecast))
        toolkit.fill(self.box, [self._view])
        self._show(toolkit.view(_DRAWING, self.box))

    async def settle(self, timeline: Timeline, forecast: Forecast | None, said: list[str], extra: dict[str, Any] = EMPTY) -> None:
        """Put the figure, its words and what else there is to show in the live view's place, as HTML that outlives the kernel.

        The box gets the same: after a page reload in mid-run, the browser no longer knows the output that it should update.
        """
        figure = await asyncio.to_thread(show, timeline, forecast=_seconds(forecast))
        html = (note("\n".join(said)) if said else "") + extra["text/html"] + figure.html
        toolkit.fill(self.box, [toolkit.html(html)])
        if self._view is not None:
            self._view.close()
        self._show({"text/plain": "\n".join(filter(None, [figure.text, *said, extra["text/plain"]])), "text/html": html})

    def _show(self, bundle: dict[str, Any]) -> None:
        if self._handle is not None:
            self._handle.update(bundle, raw=True)


def _seconds(forecast: Forecast | None) -> float | None:
    return forecast.value if forecast and forecast.timed else None
