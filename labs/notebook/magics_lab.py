"""``%lab``: the learner's lab, from a cell. Alone it shows the nodes; with words, it does what the ``labs`` command does."""

from __future__ import annotations

import asyncio

from labs.jobs import command as commands
from labs.lab import Lab
from labs.notebook import programs
from labs.notebook.pieces import note
from labs.notebook.rundisplay import RunDisplay
from labs.notebook.status import STATES, table, told

COMMANDS = ("status", "up", "down", "reset", "cut", "doctor")  # those that a lesson has a use for; the others work as well


async def lab(line: str) -> None:
    display = RunDisplay()
    with display.telling():
        words = commands.words(line)
        if not words:
            display.show(await asyncio.to_thread(_nodes))
        else:
            display.printed(await programs.output(["labs", *words]))


def _nodes() -> dict[str, str]:
    nodes = Lab().status()
    lines = [f"{node.name} {STATES[node.state]}" for node in nodes]
    return {"text/plain": "\n".join([*lines, told(nodes)]), "text/html": (table(nodes) if nodes else "") + note(told(nodes))}
