"""What may follow ``ansible`` and ``ansible-playbook`` (ansible-core 2.19 to 2.21), and what is wrong with a line that they would refuse."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from labs.errors import LabError

NBSP = "\u00a0"

# Options that take a value, and those that do not: of both commands, then of each.
_VALUED = (
    ("-f", "--forks"), ("-e", "--extra-vars"), ("-l", "--limit"), ("-u", "--user"), ("-T", "--timeout"), ("-M", "--module-path"),
    ("-c", "--connection"), ("--private-key", "--key-file"), ("--ssh-common-args",), ("--ssh-extra-args",), ("--scp-extra-args",),
    ("--sftp-extra-args",), ("--become-method",), ("--become-user",), ("--vault-id",),
    ("--vault-password-file", "--vault-pass-file"), ("--become-password-file", "--become-pass-file"),
    ("--connection-password-file", "--conn-pass-file"),
)  # fmt: skip
_FLAGS = (
    ("-b", "--become"), ("-C", "--check"), ("-D", "--diff"), ("-v", "--verbose"), ("-k", "--ask-pass"), ("-K", "--ask-become-pass"),
    ("-J", "--ask-vault-password", "--ask-vault-pass"), ("--list-hosts",), ("--flush-cache",), ("--version",), ("-h", "--help"),
)  # fmt: skip
_ADHOC_VALUED = (("-B", "--background"), ("-P", "--poll"), ("-t", "--tree"), ("--playbook-dir",), ("--task-timeout",))
_ADHOC_FLAGS = (("-o", "--one-line"),)
_PLAYBOOK_VALUED = (("-t", "--tags"), ("--skip-tags",), ("--start-at-task",))
_PLAYBOOK_FLAGS = (("--force-handlers",), ("--syntax-check",), ("--list-tasks",), ("--list-tags",), ("--step",))
_READ = (("-i", "--inventory", "--inventory-file"), ("-m", "--module-name"), ("-a", "--args"))  # not kept with the others
_WHOLE = {"--background", "--poll", "--forks", "--timeout", "--task-timeout"}

PRINTING = {"-h", "--help", "--version", "--list-hosts", "--list-tasks", "--list-tags", "--syntax-check"}
ASKING = {"-k", "--ask-pass", "-K", "--ask-become-pass", "-J", "--ask-vault-password", "--ask-vault-pass", "--step"}


def read_adhoc(words: Sequence[str]) -> argparse.Namespace:
    """The words after ``ansible``: ``pattern``, ``module_name``, ``args``, ``inventory``, and in ``kept`` every other option, as given.

    ``pattern`` is empty for a command that needs none, such as ``--version``. LabError for a line that ansible would refuse.
    """
    parser = _parser("ansible", (*_VALUED, *_ADHOC_VALUED), (*_FLAGS, *_ADHOC_FLAGS))
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("-m", "--module-name", default="command")
    parser.add_argument("-a", "--args", default="")
    read = parser.parse_args(list(words), argparse.Namespace(kept=[], inventory=[]))
    if not read.pattern and not PRINTING & set(read.kept):
        raise LabError(
            f"Il manque à «{NBSP}ansible{NBSP}» les nœuds visés (pattern).", f"Modèle{NBSP}: ansible all -B 60 -P 10 -a '/bin/sleep 5'."
        )
    return read


def read_playbook(words: Sequence[str]) -> argparse.Namespace:
    """The words after ``ansible-playbook``: ``playbooks``, ``inventory``, and in ``kept`` every other option, as given.

    LabError for a line that ansible-playbook would refuse.
    """
    parser = _parser("ansible-playbook", (*_VALUED, *_PLAYBOOK_VALUED), (*_FLAGS, *_PLAYBOOK_FLAGS))
    parser.add_argument("playbooks", nargs="*", default=[])
    read = parser.parse_args(list(words), argparse.Namespace(kept=[], inventory=[]))
    if not read.playbooks and not {"-h", "--help", "--version"} & set(read.kept):
        raise LabError(
            f"Il manque à «{NBSP}ansible-playbook{NBSP}» le chemin d’un playbook.",
            f"Modèle{NBSP}: ansible-playbook playbooks/asynchrone.yml -f 2.",
        )
    return read


def names(program: str) -> list[str]:
    """Every option of ``ansible`` or ``ansible-playbook``, sorted."""
    return sorted(name for option in (*_options(program)[0], *_options(program)[1]) for name in option)


def valued(program: str) -> set[str]:
    """Those that take a value."""
    return {name for option in _options(program)[0] for name in option}


def _options(program: str) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
    if program == "ansible":
        return (*_VALUED, *_ADHOC_VALUED, *_READ), (*_FLAGS, *_ADHOC_FLAGS)
    return (*_VALUED, *_PLAYBOOK_VALUED, _READ[0]), (*_FLAGS, *_PLAYBOOK_FLAGS)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise LabError(_in_french(message, self.prog), f"Les options permises{NBSP}: {self.prog} --help.")


def _parser(program: str, valued: Sequence[tuple[str, ...]], flags: Sequence[tuple[str, ...]]) -> _Parser:
    """Abbreviations (``--back 60``) are understood, as Ansible does."""
    parser = _Parser(prog=program, add_help=False)
    parser.add_argument("-i", "--inventory", "--inventory-file", action="append")
    for option in valued:
        parser.add_argument(*option, action=_Keep, type=_whole if _WHOLE & set(option) else str)
    for option in flags:
        parser.add_argument(*option, action=_Keep, nargs=0)
    return parser


def _whole(text: str) -> str:
    if not re.fullmatch(r"\s*[+-]?\d+\s*", text):
        raise argparse.ArgumentTypeError(f"«{NBSP}{text}{NBSP}» n’est pas un nombre entier")
    return text


class _Keep(argparse.Action):
    """Keeps an option and its value, in the order given, for Ansible itself to read."""

    def __call__(
        self, _parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: str | Sequence[Any] | None, option: str | None = None
    ) -> None:
        namespace.kept.append(option)
        if isinstance(values, str):
            namespace.kept.append(values)


# argparse's sentences, of every version of Python that this kit knows.
_SENTENCES = (
    (r"unrecognized arguments: (.*)", f"«{NBSP}{{program}}{NBSP}» ne comprend pas «{NBSP}{{0}}{NBSP}»."),
    (r"argument (\S+): expected one argument", "L’option {0} attend une valeur."),
    (r"argument (\S+): ignored explicit argument (.*)", "L’option {0} n’attend pas de valeur ({1})."),
    (r"argument (\S+): («.*)", f"L’option {{0}}{NBSP}: {{1}}."),
    (r"ambiguous option: (\S+) could match (.*)", f"L’option {{0}} est ambiguë{NBSP}: {{1}}."),
)


def _in_french(message: str, program: str) -> str:
    for pattern, sentence in _SENTENCES:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            return sentence.format(*found.groups(), program=program)
    return f"«{NBSP}{program}{NBSP}» ne comprendrait pas cette ligne ({message})."
