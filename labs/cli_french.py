"""What the commands ``labs`` and ``grader`` have in common: help and usage errors in French, which typer writes in English."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from labs.typography import NBSP, typeset

# Neither has a public name in typer.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]
_Formatter: Any = typer.Context.formatter_class

_HELP = {
    r"^Commands$": "Commandes",
    r"\bCOMMAND\b": "COMMANDE",
    r"\bARGS\b": "ARGUMENTS",
    r"^Show this message and exit\.$": "Montrer cette aide.",
    r"^Install completion for the current shell\.$": "Installer la complétion dans votre shell.",
    r"^Show completion for the current shell, to copy it or customize the installation\.$": "Montrer la complétion, pour l'installer vous-même.",
    r"(\[|; )required\b": r"\1obligatoire",
    r"(\[|; )default: ": r"\1par défaut : ",
    r"(\[|; )env var: ": r"\1ou la variable ",
    r"(\[|; )([\d.]+)<=x<=([\d.]+)\]$": r"\1de \2 à \3]",
    r"(\[|; )x>=([\d.]+)\]$": r"\1au moins \2]",
    r"<(?:list\[)?str\]?>": "<texte>",
    r"<path>": "<chemin>",
    r"<int(?: range)?>": "<entier>",
    r"<float(?: range)?>": "<nombre>",
}
# What typer, or pydantic for a value, says; and what to say instead.
_ERRORS = {
    r"^Missing parameter": "il manque {what}",
    r"^Missing command": "il manque une commande",
    r"^No such command '(?P<what>.*?)'(?:\. Did you mean (?P<near>.*)\?)?": "la commande « {what} » n'existe pas",
    r"^No such option: (?P<what>\S+)": "l'option {what} n'existe pas",
    r"^Option '(?P<what>.*)' requires": "l'option {what} attend une valeur",
    r"^Option '(?P<what>.*)' does not take": "l'option {what} n'attend pas de valeur",
    r"^Got unexpected extra argument\(s\) \((?P<what>.*)\)": "« {what} » est de trop",
    r"greater than or equal to (?P<limit>\S+)": "{what} doit être d'au moins {limit}",
    r"less than or equal to (?P<limit>\S+)": "{what} doit être d'au plus {limit}",
    r"valid integer": "{what} doit être un nombre entier",
    r"valid number": "{what} doit être un nombre",
}


class _Command(TyperCommand):
    def get_help(self, ctx: Any) -> str:
        return _help(self, ctx)


class _Group(TyperGroup):
    def get_help(self, ctx: Any) -> str:
        return _help(self, ctx)


class Program(typer.Typer):
    """A command with subcommands. Without any argument it shows its help."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(cls=_Group, no_args_is_help=True, rich_markup_mode=None, **settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Any], Any]:
        return super().command(name, cls=_Command, **settings)


def told(error: Exception) -> str:
    """One sentence for a command that is incomplete or badly written; its help when it is a group of commands without any."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return str(error)
    parameter, context = getattr(error, "param", None), getattr(error, "ctx", None)
    what = parameter.get_error_hint().strip("'") if parameter else ""
    problem = next((_filled(said, found, what) for pattern, said in _ERRORS.items() if (found := re.search(pattern, str(error)))), None)
    command = context.command_path if context else Path(sys.argv[0]).name
    shown = f"« {command} --help » montre comment l'écrire"
    return f"La commande est incomplète ou mal écrite : {problem or error}. {shown}."


def _filled(said: str, found: re.Match[str], what: str) -> str:
    groups = {name: text for name, text in found.groupdict().items() if text}
    near = groups.get("near", "").replace("'", "").replace(", ", " ou ")
    return said.format(**{"what": what, **groups}) + (f" (vouliez-vous dire {near} ?)" if near else "")


class _InFrench(_Formatter):  # type: ignore[misc]
    def write_usage(self, prog: str, args: str = "") -> None:
        super().write_usage(prog, _in_french(args), f"Usage{NBSP}: ")

    def write_heading(self, heading: str) -> None:
        super().write_heading(_in_french(heading) + NBSP)

    def write_dl(self, rows: Sequence[tuple[str, str]], *sizes: int, **named: int) -> None:
        super().write_dl([(_in_french(term), typeset(_in_french(meaning))) for term, meaning in rows], *sizes, **named)

    def write_text(self, text: str) -> None:
        super().write_text(typeset(text))


def _help(command: Any, context: Any) -> str:
    formatter = _InFrench(width=context.terminal_width, max_width=context.max_content_width)
    command.format_help(context, formatter)
    return str(formatter.getvalue()).rstrip("\n")


def _in_french(text: str) -> str:
    for pattern, french in _HELP.items():
        text = re.sub(pattern, french, text)
    return text
