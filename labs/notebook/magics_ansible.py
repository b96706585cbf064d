"""``%ansible``, ``%ansible-playbook`` and ``%ansible-doc``: a terminal's line, typed in a cell."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from labs import paths
from labs.errors import LabError
from labs.jobs import command as commands
from labs.jobs.command import AdHoc, Playbook
from labs.jobs.options import ASKING, PRINTING
from labs.lab import Lab
from labs.notebook.pieces import NBSP
from labs.notebook.rundisplay import RunDisplay, launch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labs.jobs.command import Command

_WIDTH = "100"  # columns of what Ansible prints


async def adhoc(line: str) -> None:
    display = RunDisplay()
    try:
        await run("ansible", commands.words(line), AdHoc.parse(line, paths.ROOT), display)
    except LabError as error:
        display.complain(error)


async def playbook(line: str) -> None:
    display = RunDisplay()
    try:
        await run("ansible-playbook", commands.words(line), _checked(Playbook.parse(line, paths.ROOT)), display)
    except LabError as error:
        display.complain(error)


async def doc(line: str) -> None:
    display = RunDisplay()
    try:
        display.printed(await asyncio.to_thread(_output, ["ansible-doc", *commands.words(line)]))
    except LabError as error:
        display.complain(error)


async def run(
    program: str, words: Sequence[str], command: Command, display: RunDisplay, explain: Callable[[str], dict[str, str]] | None = None
) -> None:
    """Do what a line asks: print, or run on the lab. ``words`` are those after the program's name.

    ``explain`` is as in ``rundisplay.launch``. Raises LabError for what cannot be done.
    """
    asking = next((option for option in command.options if option in ASKING), None)
    if asking:
        raise LabError(
            f"L’option {asking} pose une question, à laquelle une cellule ne peut pas répondre.",
            f"Donnez la réponse dans un fichier (par exemple «{NBSP}--become-password-file{NBSP}»), ou lancez la ligne dans un terminal.",
        )
    if PRINTING & set(command.options):
        inventory = () if command.inventory else ("-i", str(Lab().inventory))
        display.printed(await asyncio.to_thread(_output, [program, *inventory, *words]), explain)
    else:
        await launch(command, display, explain)


def _output(words: Sequence[str]) -> str:
    """What a program of Ansible prints, errors included, run from the course's folder."""
    programs = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_FORCE_COLOR": "0",
        "COLUMNS": _WIDTH,
        "LC_ALL": "C.UTF-8",
        "PAGER": "cat",
    }
    done = subprocess.run(
        [programs / words[0], *words[1:]],
        cwd=paths.ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def _checked(command: Playbook) -> Playbook:
    """Refuse what cannot be a playbook before a run is made of it."""
    from labs.cli_run import check_playbook  # it loads the terminal's own things

    if not {"-h", "--help", "--version"} & set(command.options):
        for path in (command.path, *command.following):
            check_playbook(path)
    return command
