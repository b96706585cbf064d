"""``labs watch``: what happens on the lab, whoever launched it, until Ctrl+C."""

from __future__ import annotations

import time
from collections.abc import Iterator

from rich.console import Console
from rich.live import Live

from labs import terminal
from labs.lab import Lab
from labs.timeline import words
from labs.timeline.model import Job, Timeline
from labs.timeline.words import NBSP
from labs.watching import Watching

SETTLING = 1.0  # seconds that a module may take before it starts its program, whose name says more than the module's


def watch(lab: Lab, window: float) -> None:
    """Draw the lanes of the last ``window`` seconds; where they cannot be drawn, write a line for each job that starts or ends."""
    console = Console()
    with Watching(lab, window) as watching:
        try:
            _draw(watching, console) if terminal.drawable(console) else _tell(watching)
        except KeyboardInterrupt:
            return


def _draw(watching: Watching, console: Console) -> None:
    with Live(console=console, auto_refresh=False, transient=True, vertical_overflow="crop") as live:
        while True:
            seen = watching.timeline()
            live.update(terminal.Lanes(seen, live=True, summary=_summary(seen)), refresh=True)
            time.sleep(terminal.PERIOD)


def _tell(watching: Watching) -> None:
    told: set[tuple[str, bool]] = set()
    while True:
        for key, line in _news(watching.timeline()):
            if key not in told:
                print(line, flush=True)
                told.add(key)
        time.sleep(terminal.PERIOD)


def _news(timeline: Timeline) -> Iterator[tuple[tuple[str, bool], str]]:
    for job in timeline.jobs:
        if job.command or job.end is not None or timeline.end - (job.start or 0.0) > SETTLING:
            yield (job.id, False), f"{job.label} débute sur {job.host}"
        if job.end is not None:
            yield (job.id, True), f"{job.label} s’arrête sur {job.host}{NBSP}: {words.state(job)}{_lasted(job)}"


def _lasted(job: Job) -> str:
    return "" if job.start is None or job.end is None else f", après {words.seconds(job.end - job.start)}"


def _summary(timeline: Timeline) -> str:
    running = sum(job.end is None for job in timeline.jobs)
    seen = words.counted(len(timeline.jobs), "job").capitalize()
    return f"{seen} ces dernières secondes, dont {running} en cours · {words.counted(len(timeline.polls), 'sondage')} · Ctrl+C pour arrêter"
