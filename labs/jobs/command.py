"""What can be run: an ad hoc command or a playbook. Pure data, shown to the learner as the line they would type."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from labs.errors import LabError

# The options of the `ansible` command that take a value, and those that do not (ansible-core 2.19 to 2.21).
VALUED = (
    ("-B", "--background"), ("-P", "--poll"), ("-f", "--forks"), ("-e", "--extra-vars"), ("-l", "--limit"), ("-u", "--user"),
    ("-T", "--timeout"), ("-t", "--tree"), ("-M", "--module-path"), ("-c", "--connection"), ("--private-key", "--key-file"),
    ("--ssh-common-args",), ("--ssh-extra-args",), ("--scp-extra-args",), ("--sftp-extra-args",), ("--become-method",),
    ("--become-user",), ("--playbook-dir",), ("--task-timeout",), ("--vault-id",),
    ("--vault-password-file", "--vault-pass-file"), ("--become-password-file", "--become-pass-file"),
    ("--connection-password-file", "--conn-pass-file"),
)  # fmt: skip
FLAGS = (
    ("-b", "--become"), ("-C", "--check"), ("-D", "--diff"), ("-v", "--verbose"), ("-o", "--one-line"), ("-k", "--ask-pass"),
    ("-K", "--ask-become-pass"), ("-J", "--ask-vault-password"), ("--list-hosts",), ("--flush-cache",), ("--version",),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AdHoc:
    """An ad hoc command: ``ansible PATTERN -m MODULE -a ARGUMENTS OPTIONS``."""

    pattern: str
    module: str = "command"
    arguments: str = ""
    options: tuple[str, ...] = ()

    @classmethod
    def parse(cls, line: str) -> AdHoc:
        """Read a line as typed in a terminal, with or without ``ansible`` in front.

        The inventory (``-i``) is left out: a lab has its own. LabError when the line is not a valid ansible command.
        """
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise LabError(
                f"La commande n'est pas complète : {_QUOTES.get(str(error), str(error))}.", "Vérifiez les guillemets et apostrophes."
            ) from error
        if words[:1] == ["ansible"]:
            words = words[1:]
        known, options = _split(words)
        return cls(known.pattern, known.module_name, known.args, tuple(options))

    @property
    def line(self) -> str:
        words = ["ansible", self.pattern]
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
    """A playbook: ``ansible-playbook PATH OPTIONS``. ``config`` is an ansible.cfg to run it under."""

    path: Path
    extra_vars: Mapping[str, Any] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    config: Path | None = None

    @property
    def line(self) -> str:
        words = ["ansible-playbook", self.path.name, *self.options]
        for key, value in self.extra_vars.items():
            words += ["-e", f"{key}={value}"]
        return shlex.join(words)

    @property
    def title(self) -> str:
        return self.path.name


Command = AdHoc | Playbook

_QUOTES = {
    "No closing quotation": "une apostrophe ou un guillemet n'est pas refermé",
    "No escaped character": "elle finit par une barre oblique inverse",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise LabError(f"Ansible ne comprendrait pas cette commande ({message}).", "Modèle : ansible all -B 60 -P 10 -a '/bin/sleep 5'.")


def _split(words: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The pattern, the module and its arguments on one side; every other option, as it was given, on the other."""
    parser = _Parser(prog="ansible", add_help=False, allow_abbrev=False)
    parser.add_argument("pattern")
    parser.add_argument("-m", "--module-name", default="command")
    parser.add_argument("-a", "--args", default="")
    parser.add_argument("-i", "--inventory", "--inventory-file", action="append")
    parser.add_argument("-h", "--help", action="store_true")
    for names in VALUED:
        parser.add_argument(*names, action=_Keep)
    for names in FLAGS:
        parser.add_argument(*names, action=_Keep, nargs=0)
    known = parser.parse_args(list(words), argparse.Namespace(kept=[]))
    return known, known.kept


class _Keep(argparse.Action):
    """Keeps an option and its value, in the order given, for Ansible itself to read."""

    def __call__(
        self, _parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: str | Sequence[Any] | None, option: str | None = None
    ) -> None:
        namespace.kept.append(option)
        if isinstance(values, str):
            namespace.kept.append(values)
