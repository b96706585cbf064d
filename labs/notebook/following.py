"""A launch panel with the job's file beside it: what the node writes there, version by version, while the job runs."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from labs.errors import LabError
from labs.notebook import jobfiles, panel, recordings, toolkit
from labs.notebook.panel import Panel
from labs.notebook.pieces import NBSP, joined
from labs.timeline.words import seconds

if TYPE_CHECKING:
    from labs.notebook.prediction import Forecast
    from labs.recording import Recording
    from labs.timeline.model import Timeline

PERIOD = 0.5  # seconds between two readings: each starts a program on the node


class FilePanel(Panel):
    """Follows the job's file on ``node`` for as long as the run is watched; keeps what it read beside the figure."""

    def __init__(self, template: str, controls: dict[str, int], *, node: str, **options: Any) -> None:
        super().__init__(template, controls, **options)
        self._node = node
        self.follower = jobfiles.Follower(self._lab, node)
        self._next = 0.0
        self.reading = toolkit.html()
        self.file = toolkit.html()
        self.widget.children = (*self.widget.children, self.reading, self.file)

    async def run(self) -> None:
        if not self.busy:
            self.follower = jobfiles.Follower(self._lab, self._node)
            self.file.value = ""
        await super().run()
        self.reading.value = self.file.value = ""  # what was read now stands with the figure

    async def _glance(self, recording: Recording) -> None:
        await super()._glance(recording)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + PERIOD
            await self._read(recording)

    async def _tell(self, timeline: Timeline, forecast: Forecast | None) -> None:
        with suppress(LabError):  # the last page of the story, if there is still a node to tell it
            await asyncio.to_thread(self.follower.look, timeline)
        await super()._tell(timeline, forecast)

    async def _read(self, recording: Recording) -> None:
        timeline, known = recording.timeline(), len(self.follower.versions)
        await asyncio.to_thread(self.follower.look, timeline)
        if len(self.follower.versions) > known:
            self.file.value = self._told()["text/html"]
        # A line that changes twice a second is not for screen readers: each new version is.
        since = f", inchangé depuis {seconds(self.follower.versions[-1].at)}" if self.follower.versions else ""
        waiting = f"Pas encore de job sur {self._node}."
        said = f"Lecture{NBSP}{self.follower.readings}, à {seconds(timeline.end)}{since}." if self.follower.readings else waiting
        self.reading.value = f'<div aria-hidden="true">{said}</div>'

    def _extra(self) -> dict[str, Any]:
        return self._told()

    def _told(self) -> dict[str, Any]:
        return jobfiles.bundle(self._node, self.follower.path, self.follower.versions)


def job_file(template: str, *, node: str, recorded: str | None = None, forecast: str | None = None, **controls: int) -> None:
    """Show a panel that runs ``template`` on the lab and reads, on ``node``, the file of its job as it runs.

    ``recorded``, ``forecast`` and ``controls`` are those of ``launcher``.
    """
    shown = FilePanel(template, controls, node=node, forecast=forecast)
    toolkit.place(panel.invitation(template, controls), shown.widget)
    shown.stage.open(recordings.fold(_recorded(recorded, node)) if recorded else None)


def still(template: str, *, node: str, recorded: str | None = None, **options: Any) -> dict[str, Any]:
    """What stands in the notebook where no widget can: the command, what was read during a recorded run, and its figure."""
    controls = {name: value for name, value in options.items() if name in panel.CONTROLS}
    return joined(panel.invitation(template, controls), *([_recorded(recorded, node)] if recorded else []))


def _recorded(name: str, node: str) -> dict[str, Any]:
    return joined(jobfiles.bundle(node, *recordings.file_versions(name)), recordings.still(name))
