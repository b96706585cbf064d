"""The place under a launch panel where runs are shown: a recorded one, the live view, and at last the figure that stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labs.notebook.display import show
from labs.notebook.live import LiveView
from labs.notebook.pieces import note

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

    from labs.notebook.prediction import Forecast
    from labs.recording import Recording
    from labs.timeline.model import Timeline

_EMPTY = {"text/plain": "", "text/html": ""}


class Stage:
    """One output of a cell. ``open`` must be called in the cell itself, the rest from anywhere on the kernel's main thread."""

    def __init__(self) -> None:
        import ipywidgets as widgets

        self.box = widgets.VBox([])
        self._handle: DisplayHandle | None = None

    def open(self, bundle: dict[str, Any] | None) -> None:
        """Take the place, with something to look at before the first run."""
        from IPython.display import display

        self._handle = display(bundle or _EMPTY, raw=True, display_id=True)

    def live(self, recording: Recording, forecast: Forecast | None) -> None:
        """Show the run as it goes."""
        view = LiveView(recording, forecast=_seconds(forecast))
        self.box.children = (view.widget,)
        self._show({"text/plain": "La chronologie se dessine pendant l’exécution.", **self.box._repr_mimebundle_()})

    def settle(self, timeline: Timeline, forecast: Forecast | None, said: list[str]) -> None:
        """Put the figure and its words in the live view's place, as HTML that outlives the kernel.

        The box gets the same: after a page reload in mid-run, the browser no longer knows the output that it should update.
        """
        import ipywidgets as widgets

        figure = show(timeline, forecast=_seconds(forecast))
        text = "\n".join(said)
        html = note(text) + figure.html
        self.box.children = (widgets.HTML(html),)
        self._show({"text/plain": text, "text/html": html})

    def _show(self, bundle: dict[str, Any]) -> None:
        if self._handle is not None:
            self._handle.update(bundle, raw=True)


def _seconds(forecast: Forecast | None) -> float | None:
    return forecast.value if forecast and forecast.unit == "s" else None
