"""A run that a cell waits for: its chronologie while it goes on, then the figure and Ansible's own words, which stay."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from labs.lab import Lab
from labs.notebook import background, outcome, toolkit
from labs.notebook.display import show
from labs.notebook.live import LiveView
from labs.notebook.pieces import NBSP, code, note, problem
from labs.recording import record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labs.jobs.command import Command
    from labs.recording import Recording
    from labs.timeline.model import Timeline

    Explain = Callable[[str], dict[str, str]]  # Ansible's words -> an output to put before them

LINGER = 30.0  # seconds during which jobs that outlive ansible are still watched
GLANCE = 0.2  # seconds between two looks at a run under way
FOLD = 25  # lines of an answer above which it is folded
_NOTHING = {"text/plain": "", "text/html": ""}
_DRAWING = {"text/plain": "La chronologie se dessine pendant l’exécution.", "text/html": ""}


class InterruptedRun(Exception):  # noqa: N818 - what happened, and no error
    """Raised in a cell whose run was interrupted, so that the cells after it are not run."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class RunDisplay:
    """The output of one cell. To be made in the cell itself; its methods are called on the kernel's main thread."""

    def __init__(self) -> None:
        self.box = toolkit.column()
        self._view: LiveView | None = None
        self._handle = toolkit.place(_NOTHING)

    def live(self, recording: Recording) -> None:
        """Draw the run as it goes."""
        self._view = LiveView(recording)
        toolkit.fill(self.box, [self._view])
        self.show(toolkit.view(_DRAWING, self.box))

    def answered(self, said: dict[str, str], figure: dict[str, str]) -> None:
        """Ansible has returned: its words go under the chronologie, which goes on being drawn. Readers without widgets get the figure."""
        toolkit.fill(self.box, [self._view, toolkit.html(said["text/html"])])
        self.show(toolkit.view(_joined(figure, said), self.box))

    def settle(self, said: dict[str, str], figure: dict[str, str]) -> None:
        """Put what stays in the place of what moved.

        The box gets the same: after a page reload in mid-run, the browser no longer knows the output that it should update.
        """
        bundle = _joined(figure, said)
        toolkit.fill(self.box, [toolkit.html(bundle["text/html"])])
        if self._view is not None:
            self._view.close()
        self.show(bundle)

    def printed(self, text: str, explain: Explain | None = None) -> None:
        """Show what a command printed that ran nothing on the lab."""
        self.show(_joined(_explained(text, explain), answer(text)))

    @contextmanager
    def telling(self) -> Iterator[None]:
        """What goes wrong inside is told in the cell, not raised: the cells after it are still run. InterruptedRun is raised."""
        try:
            yield
        except asyncio.CancelledError:
            raise InterruptedRun("La cellule est interrompue.") from None
        except Exception as error:  # noqa: BLE001 - whatever it is, the learner reads it here and nowhere else
            self.show({"text/plain": str(error), "text/html": problem(error)})

    def show(self, bundle: dict[str, Any]) -> None:
        if self._handle is not None:
            self._handle.update(bundle, raw=True)


async def launch(command: Command, display: RunDisplay, explain: Explain | None = None) -> None:
    """Run a command on the learner's lab; returns when Ansible has, and lets the display follow the jobs that it left behind.

    ``explain`` makes of Ansible's words what the learner should read before them. Raises LabError when the run cannot start. When the
    cell is interrupted (CancelledError), the run and its jobs are ended first.
    """
    lab = Lab()
    starting = asyncio.ensure_future(asyncio.to_thread(record, lab, command, LINGER))
    try:
        recording = await asyncio.shield(starting)
        display.live(recording)
        await _until(lambda: not recording.alive or _left_behind(recording.timeline()))
    except asyncio.CancelledError:
        await _interrupt(await starting, display)
        raise
    said = _joined(_explained(recording.stdout, explain), _said(recording, lab))
    if recording.alive:
        display.answered(said, await _figure(recording.timeline()))
        background.start(_follow(recording, display, said))
    else:
        display.settle(said, await _figure(recording.timeline()))


async def _interrupt(recording: Recording, display: RunDisplay) -> None:
    await asyncio.to_thread(recording.cancel)
    timeline = await asyncio.to_thread(recording.wait)
    ended = f"Interrompu{NBSP}: Ansible et ses jobs sont arrêtés, sur le contrôleur comme sur les nœuds."
    display.settle(_joined(_words([ended]), answer(recording.stdout)), await _figure(timeline))


async def _follow(recording: Recording, display: RunDisplay, said: dict[str, str]) -> None:
    """Wait for the end of the jobs that Ansible left behind."""
    await _until(lambda: not recording.alive)
    display.settle(said, await _figure(recording.timeline()))


def _left_behind(timeline: Timeline) -> bool:
    """Whether Ansible has returned, and jobs go on without it."""
    return not timeline.running and any(job.confirmed and job.end is None for job in timeline.jobs)


async def _until(over: Callable[[], bool]) -> None:
    while not over():  # noqa: ASYNC110 - no thread waits for a run: it would hold up a kernel that stops
        await asyncio.sleep(GLANCE)


async def _figure(timeline: Timeline) -> dict[str, str]:
    """The chronologie; nothing for a run that touched no node, whatever jobs of before go on meanwhile."""
    if not timeline.blocks and not any(job.start is None or job.start >= 0 for job in timeline.jobs):
        return _NOTHING
    return (await asyncio.to_thread(show, timeline))._repr_mimebundle_()


def _said(recording: Recording, lab: Lab) -> dict[str, str]:
    from labs.cli_run import unmatched, unmatched_words  # it loads the terminal's own things

    text = recording.stdout
    sentences = [unmatched_words(pattern, lab) for pattern in unmatched(text)]
    return _joined(_words([*outcome.sentences(recording.timeline()), *sentences]), answer(text))


def _explained(text: str, explain: Explain | None) -> dict[str, str]:
    return explain(text) if explain else _NOTHING


def _words(sentences: list[str]) -> dict[str, str]:
    text = "\n".join(sentences)
    return {"text/plain": text, "text/html": note(text)} if text else _NOTHING


def answer(text: str) -> dict[str, str]:
    """Ansible's own words, folded when they are many."""
    text = text.replace("\r\n", "\n").strip("\n")
    if not text.strip():
        return _NOTHING
    lines, html = text.count("\n") + 1, code(text, "La réponse d’Ansible")
    if lines > FOLD:
        html = f'<details><summary style="cursor:pointer">La réponse d’Ansible ({lines} lignes)</summary>{html}</details>'
    return {"text/plain": text, "text/html": html}


def _joined(*bundles: dict[str, str]) -> dict[str, str]:
    return {kind: glue.join(filter(None, (bundle[kind] for bundle in bundles))) for kind, glue in (("text/plain", "\n"), ("text/html", ""))}
