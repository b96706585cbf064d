"""What is wrong in a playbook that a cell holds: Ansible's errors and YAML's, told in French, each with its line and an arrow."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labs.notebook.pieces import NBSP, code, note
from labs.timeline.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labs.yaml_text import YamlError

PLAY_WORDS = (
    "hosts", "name", "tasks", "vars", "gather_facts", "become", "strategy", "serial", "handlers", "roles", "pre_tasks", "post_tasks",
    "vars_files", "vars_prompt", "environment", "any_errors_fatal", "max_fail_percentage", "throttle", "order", "tags", "connection",
)  # fmt: skip
TASK_WORDS = (
    "name", "async", "poll", "register", "loop", "until", "retries", "delay", "when", "vars", "become", "throttle", "changed_when",
    "failed_when", "ignore_errors", "loop_control", "notify", "tags", "delegate_to", "run_once", "block", "rescue", "always", "args",
    "with_items", "check_mode", "environment", "no_log", "timeout", "ignore_unreachable", "any_errors_fatal",
)  # fmt: skip
_AROUND = 2  # lines shown before the one at fault

_ERROR = re.compile(r"^\[ERROR\]: (.*?)(?=^\[|^(?:fatal|failed|ok|changed|skipping): \[|^PLAY |^TASK |\Z)", re.DOTALL | re.MULTILINE)
_ORIGIN = re.compile(r"^Origin: (.*):(\d+):(\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mistake:
    """``line`` and ``column`` count from 1 in the cell; ``remedy`` may be empty."""

    line: int
    column: int
    message: str
    remedy: str = ""


def from_yaml(error: YamlError) -> Mistake:
    """``error`` is of the cell's text, lines counted as in the cell."""
    return Mistake(
        error.line, error.column, f"ce n’est pas du YAML (colonne {error.column})." if error.line else error.message, error.remedy
    )


def found(output: str, file: Path, source: str) -> list[Mistake]:
    """What Ansible says is wrong in ``file``, whose text is ``source``; each mistake once, in the order of its words."""
    output = output.replace("\r\n", "\n")
    made = [mistake for error in _ERROR.finditer(output) if (mistake := _mistake(error[1], file, source.splitlines()))]
    return list(dict.fromkeys(made))


def told(mistakes: list[Mistake], source: str) -> dict[str, str]:
    """The mistakes as an output of a cell: each with the lines around it."""
    texts, pieces = [], []
    for mistake in mistakes:
        head = f"Ligne {mistake.line} de la cellule{NBSP}: {mistake.message}" if mistake.line else mistake.message
        text, shown = "\n".join(filter(None, (head, mistake.remedy))), excerpt(source, mistake)
        texts += [text, shown]
        pieces.append(note(text, "⚠") + (code(shown, f"Autour de la ligne {mistake.line}") if shown else ""))
    return {"text/plain": "\n".join(filter(None, texts)), "text/html": "".join(pieces)}


def excerpt(source: str, mistake: Mistake) -> str:
    """The line at fault under the two before it, and an arrow under its column."""
    lines = source.splitlines()
    if not 1 <= mistake.line <= len(lines):
        return ""
    first = max(1, mistake.line - _AROUND)
    width = len(str(mistake.line))
    shown = [
        f"{'→' if number == mistake.line else ' '} {number:>{width}} │ {lines[number - 1]}" for number in range(first, mistake.line + 1)
    ]
    arrow = f"  {'':>{width}} │ {' ' * (mistake.column - 1)}↑"
    return "\n".join([*shown, arrow])


def _mistake(error: str, file: Path, lines: list[str]) -> Mistake | None:
    """One ``[ERROR]`` with its causes: the deepest that is in the cell says where, the first sentence known says what."""
    places = [(int(line), int(column)) for path, line, column in _ORIGIN.findall(error) if path == str(file)]
    if not places:
        return None
    line, column = places[-1]
    for pattern, tell in _KNOWN:
        if said := re.search(pattern, error):
            told = tell(said)
            if told is None:
                return None
            message, remedy, word = told
            return Mistake(*_at(word, line, column, lines), message, remedy)
    causes = [block.strip().splitlines()[0] for block in error.split("<<< caused by >>>")]
    return Mistake(line, column, causes[-1])


def _at(word: str, line: int, column: int, lines: list[str]) -> tuple[int, int]:
    """Where a word first stands from a place on, within the same item of the list; the place itself when it does not."""
    if not word:
        return line, column
    for number, text in _item(lines, line, column):
        if there := re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)", text):
            return number, there.start() + 1
    return line, column


def _item(lines: list[str], line: int, column: int) -> Iterator[tuple[int, str]]:
    """The lines of the task or play that a place belongs to, from that place on, with their numbers."""
    for number in range(line, len(lines) + 1):
        text = lines[number - 1]
        indent = len(text) - len(text.lstrip())
        if number > line and text.strip() and (indent < column - 1 or (text.lstrip().startswith("- ") and indent < column)):
            return
        yield number, text


def _near(word: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.7)
    return f"Peut-être «{NBSP}{close[0]}{NBSP}»{NBSP}?" if close else ""


Told = tuple[str, str, str]  # what is wrong, what to do, and the word at fault


def _module(said: re.Match[str]) -> Told:
    from labs.notebook.completion import modules  # read from the collections when it is first asked for

    name = said[1]
    short = {module.rpartition(".")[2]: module for module in modules()}
    near = difflib.get_close_matches(name.rpartition(".")[2], short, n=1, cutoff=0.7)
    return f"Ansible ne connaît pas le module «{NBSP}{name}{NBSP}».", (
        f"Peut-être «{NBSP}{short[near[0]]}{NBSP}»{NBSP}?" if near else "Vérifiez l’orthographe de son nom."
    ), name  # fmt: skip


def _attribute(said: re.Match[str]) -> Told:
    word, place = said[1], said[2]
    kind, known = (
        ("une tâche", TASK_WORDS) if place == "Task" else ("un play", PLAY_WORDS) if place == "Play" else (f"un {place}", TASK_WORDS)
    )
    return f"«{NBSP}{word}{NBSP}» n’est pas un mot-clé pour {kind}.", _near(word, known), word


def _conflict(said: re.Match[str]) -> Told:
    words = [word.strip() for word in said[1].split(",")]
    known = {word: _near(word, TASK_WORDS) for word in words}
    wrong = next((word for word in words if known[word]), words[-1])
    remedy = known[wrong] or f"Une tâche n’exécute qu’un module{NBSP}: faites-en deux tâches, ou corrigez le mot-clé."
    return f"Cette tâche nomme plusieurs modules{NBSP}: {listed(words)}.", remedy, wrong


def _parameters(said: re.Match[str]) -> Told:
    module, given, known = said[1], said[2].split(","), tuple(word.strip() for word in said[3].split(","))
    word = given[0].strip().split(".")[0]
    return f"Le module «{NBSP}{module}{NBSP}» n’a pas de paramètre «{NBSP}{word}{NBSP}».", _near(word, known), word


def _undefined(said: re.Match[str]) -> Told:
    name = said[1]
    remedy = f"Donnez-lui une valeur sous «{NBSP}vars:{NBSP}», ou avec l’option «{NBSP}-e {name}=…{NBSP}»."
    return f"La variable «{NBSP}{name}{NBSP}» n’est pas définie.", remedy, name


def _moduleless(_said: re.Match[str]) -> Told:
    return "Cette tâche ne nomme aucun module.", f"Ajoutez-lui par exemple «{NBSP}ansible.builtin.command:{NBSP}».", ""


def _required(said: re.Match[str]) -> Told:
    return f"Il manque «{NBSP}{said[1]}:{NBSP}».", "", ""


def _whole(said: re.Match[str]) -> Told:
    return f"«{NBSP}{said[1]}{NBSP}» n’est pas un nombre entier.", "", said[1]


def _filter(said: re.Match[str]) -> Told:
    return f"Ansible ne connaît pas le filtre «{NBSP}{said[1]}{NBSP}».", "", said[1]


def _expression(said: re.Match[str]) -> Told:
    return f"Cette expression n’est pas écrite correctement ({said[1]}).", "", ""


def _failed(_said: re.Match[str]) -> None:
    """The work failed on the node: nothing is wrong in the text itself."""


# What Ansible says, and what to make of it.
_KNOWN: tuple[tuple[str, Callable[[re.Match[str]], Told | None]], ...] = (
    (r"couldn't resolve module/action '([^']+)'", _module),
    (r"Cannot resolve '([^']+)' to an action or module", _module),
    (r"'([^']+)' is not a valid attribute for an? (\w+)", _attribute),
    (r"conflicting action statements: ([^\n]+)", _conflict),
    (r"no module/action detected in task", _moduleless),
    (r"The field '(\w+)' is required", _required),
    (r"'(\w+)' is undefined", _undefined),
    (r"The value '([^']*)' could not be converted to 'int'", _whole),
    (r"No filter named '([^']+)'", _filter),
    (r"Syntax error in (?:expression|template): ([^\n]+)", _expression),
    (
        r"Unsupported parameters for \(?([\w.]+)\)? (?:module|action)[^:]*: ([^\n.]+)\. Supported parameters include: ([^\n]+?)\.?\n",
        _parameters,
    ),
    (r"Module failed", _failed),
)
