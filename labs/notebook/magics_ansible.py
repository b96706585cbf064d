"""``%ansible``, ``%ansible-playbook`` and ``%ansible-doc``: a terminal's line, typed in a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labs import paths
from labs.errors import LabError
from labs.jobs import command as commands
from labs.jobs.command import AdHoc, Playbook
from labs.jobs.options import ASKING, PRINTING
from labs.lab import Lab
from labs.notebook import programs
from labs.notebook.pieces import NBSP
from labs.notebook.rundisplay import RunDisplay, launch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labs.jobs.command import Command


async def adhoc(line: str) -> None:
    display = RunDisplay()
    with display.telling():
        await run("ansible", commands.words(line), AdHoc.parse(line, paths.ROOT), display)


async def playbook(line: str) -> None:
    display = RunDisplay()
    with display.telling():
        await run("ansible-playbook", commands.words(line), _checked(Playbook.parse(line, paths.ROOT)), display)


async def doc(line: str) -> None:
    display = RunDisplay()
    with display.telling():
        display.printed(await programs.output(["ansible-doc", *commands.words(line)]))


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
        display.printed(await programs.output([program, *inventory, *words]), explain)
    else:
        await launch(command, display, explain)


def _checked(command: Playbook) -> Playbook:
    """Refuse what cannot be a playbook before a run is made of it."""
    from labs.cli_run import check_playbook  # it loads the terminal's own things

    if not {"-h", "--help", "--version"} & set(command.options):
        for path in (command.path, *command.following):
            check_playbook(path)
    return command
