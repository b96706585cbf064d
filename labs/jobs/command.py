"""What can be run: an ad hoc command or a playbook. Pure data, shown to the learner as the line they would type."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from labs.errors import LabError
from labs.jobs import options as known_options
from labs.jobs.options import NBSP


@dataclass(frozen=True, slots=True)
class AdHoc:
    """An ad hoc command: ``ansible PATTERN -m MODULE -a ARGUMENTS OPTIONS``.

    ``folder`` is where the line was typed: relative paths start there. ``inventory`` replaces the lab's own when it is not empty.
    ``environment``: variables set for this command, as a shell takes them in front of it.
    """

    pattern: str
    module: str = "command"
    arguments: str = ""
    options: tuple[str, ...] = ()
    inventory: tuple[str, ...] = ()
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, line: str, folder: Path | None = None) -> AdHoc:
        """Read a line as typed in a terminal, with or without ``ansible`` in front.

        With the ``folder`` where it was typed, ``-i`` is respected; without one it is left out, for a lab has an inventory of its own.
        LabError when the line is not a valid ansible command.
        """
        read = known_options.read_adhoc(_words(line, "ansible"))
        return cls(read.pattern, read.module_name, read.args, tuple(read.kept), tuple(read.inventory if folder else ()), folder)

    @property
    def line(self) -> str:
        words = [*_assignments(self.environment), "ansible", self.pattern]
        if self.module != "command":
            words += ["-m", self.module]
        if self.arguments:
            words += ["-a", self.arguments]
        return shlex.join([*words, *self.options])

    @property
    def title(self) -> str:
        return self.line


@dataclass(frozen=True, slots=True)
class Playbook:
    """A playbook: ``ansible-playbook PATH OPTIONS``. ``config`` is an ansible.cfg to run it under.

    ``following`` are playbooks to run after it, in the same run; ``inventory``, ``folder`` and ``environment`` are as in AdHoc.
    """

    path: Path
    extra_vars: Mapping[str, Any] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    config: Path | None = None
    following: tuple[Path, ...] = ()
    inventory: tuple[str, ...] = ()
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, line: str, folder: Path) -> Playbook:
        """Read a line as typed in a terminal opened in ``folder``, with or without ``ansible-playbook`` in front.

        LabError when the line is not a valid ansible-playbook command.
        """
        read = known_options.read_playbook(_words(line, "ansible-playbook"))
        path, *following = [folder / name for name in read.playbooks or ["."]]  # --version names none
        return cls(path, options=tuple(read.kept), following=tuple(following), inventory=tuple(read.inventory), folder=folder)

    @property
    def line(self) -> str:
        words = [*_assignments(self.environment), "ansible-playbook", self.path.name, *self.options]
        for key, value in self.extra_vars.items():
            words += ["-e", f"{key}={value}"]
        return shlex.join(words)

    @property
    def title(self) -> str:
        return self.path.name


Command = AdHoc | Playbook


def poll_interval(command: Command) -> float | None:
    """Seconds between two polls, where the command itself says so (``-P``): a playbook says it task by task, and no event repeats it."""
    options = command.options if isinstance(command, AdHoc) else ()
    asked = [value for name, value in pairwise(options) if name in {"-P", "--poll"}]
    try:
        return float(asked[-1]) if asked else None
    except ValueError:  # Ansible will say so
        return None


_QUOTES = {
    "No closing quotation": "une apostrophe ou un guillemet n’est pas refermé",
    "No escaped character": "elle finit par une barre oblique inverse",
}


def _assignments(environment: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in environment.items()]


def words(line: str) -> list[str]:
    """The words of a line, as a POSIX shell splits them. LabError when a quote is not closed."""
    try:
        return shlex.split(line)
    except ValueError as error:
        raise LabError(
            f"La commande n’est pas complète{NBSP}: {_QUOTES.get(str(error), str(error))}.", "Vérifiez les guillemets et apostrophes."
        ) from error


def _words(line: str, program: str) -> list[str]:
    split = words(line)
    return split[1:] if split[:1] == [program] else split
