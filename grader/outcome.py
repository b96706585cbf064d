"""What stands under an exercise's panel: the run under way, then the report and its chronologie, as HTML that outlives the kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from grader import page, trace
from labs.notebook import toolkit
from labs.notebook.live import LiveView

if TYPE_CHECKING:
    from IPython.display import DisplayHandle

    from grader.report import Report
    from labs.recording import Recording

_WAITING = {"text/plain": "Vérification en cours.", "text/html": ""}
_NOTHING = {"text/plain": "", "text/html": ""}


class Result:
    """The output under the panel. ``open`` must be called in the cell itself."""

    def __init__(self) -> None:
        self.box = toolkit.column()
        self._handle: DisplayHandle | None = None

    def open(self) -> None:
        self._handle = toolkit.place(_NOTHING)

    def wait(self) -> None:
        """Make room for a new run; the last report goes."""
        toolkit.fill(self.box, [])
        self._show(toolkit.view(_WAITING, self.box))

    def live(self, recording: Recording) -> None:
        toolkit.fill(self.box, [LiveView(recording)])

    def settle(self, report: Report, figure: str, left: trace.Trace) -> None:
        """Show a report, as HTML that outlives the kernel; ``left`` stays in the notebook with it.

        The box gets the same: after a page reload in mid-run, the browser no longer knows the output that it should update.
        """
        html = page.report(report) + figure
        toolkit.fill(self.box, [toolkit.html(html)])
        self._show({"text/plain": report.message, "text/html": html}, trace.written(left))

    def clear(self) -> None:
        self._show(_NOTHING)

    def _show(self, bundle: dict[str, Any], metadata: dict[str, Any] | None = None) -> None:
        if self._handle is not None:
            self._handle.update(bundle, raw=True, metadata=metadata or {})
