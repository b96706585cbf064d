"""What may come next on the line of a magic: options, nodes and groups, modules, playbooks, words of a playbook.

Each ``offers`` function gets the words already typed after the magic's name and the fragment under the cursor; it gives every word
that could stand there, and ``matching`` keeps those that the fragment begins.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from labs import paths
from labs.jobs import options
from labs.lab import Lab
from labs.notebook.magics_lab import COMMANDS
from labs.notebook.mistakes import PLAY_WORDS, TASK_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MODULE_OPTIONS = {"-m", "--module-name"}
_HOST_OPTIONS = {"-l", "--limit"}


@cache
def modules() -> tuple[str, ...]:
    """Full names of the modules that Ansible knows here, sorted."""
    spec = find_spec("ansible.modules")
    folders = spec.submodule_search_locations if spec else None
    names = {path.stem for folder in folders or () for path in Path(folder).glob("*.py") if not path.stem.startswith("_")}
    return tuple(sorted(f"ansible.builtin.{name}" for name in names))


def hosts() -> list[str]:
    """Nodes and groups of the learner's inventory."""
    try:
        inventory = yaml.safe_load(Lab().inventory.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError):
        return ["all"]
    return list(dict.fromkeys(_names(inventory)))


def _names(groups: Any) -> Iterator[str]:
    for name, group in (groups or {}).items():
        yield name
        yield from (group or {}).get("hosts") or {}
        yield from _names((group or {}).get("children"))


def playbooks() -> list[str]:
    """Paths of the course's playbooks and of the learner's own, from the course's folder."""
    found = [*sorted(paths.PLAYBOOKS.glob("*.yml")), *sorted((paths.WORK / "playbooks").glob("*.yml"))]
    return [str(path.relative_to(paths.ROOT)) if path.is_relative_to(paths.ROOT) else str(path) for path in found]


def adhoc(words: Sequence[str], _fragment: str) -> Sequence[str]:
    last = words[-1] if words else ""
    if last in _MODULE_OPTIONS:
        return modules()
    if last in _HOST_OPTIONS:
        return hosts()
    if last in options.valued("ansible"):
        return ()
    return [*hosts(), *options.names("ansible")]


def playbook(words: Sequence[str], _fragment: str) -> Sequence[str]:
    return _after_playbook(words) or [*playbooks(), *options.names("ansible-playbook")]


def playbook_cell(words: Sequence[str], _fragment: str) -> Sequence[str]:
    kept = [path.stem for path in sorted((paths.WORK / "playbooks").glob("*.yml"))]
    return _after_playbook(words) or [*(() if words else kept), *options.names("ansible-playbook")]


def _after_playbook(words: Sequence[str]) -> Sequence[str]:
    """What an option asks for when it is the last word; nothing to offer is told by one empty word."""
    last = words[-1] if words else ""
    if last in _HOST_OPTIONS:
        return hosts()
    return [""] if last in options.valued("ansible-playbook") else ()


def doc(_words: Sequence[str], _fragment: str) -> Sequence[str]:
    return modules()


def lab(words: Sequence[str], _fragment: str) -> Sequence[str]:
    if not words:
        return COMMANDS
    return Lab().nodes if words[0] == "cut" else ()


def yaml_line(typed: str) -> Sequence[str]:
    """What a line of a playbook may go on with, when what is typed of it can only be a key."""
    return (*PLAY_WORDS, *TASK_WORDS, *modules()) if re.fullmatch(r"\s*(?:- )?[\w.]*", typed) else ()


def matching(words: Sequence[str], fragment: str) -> list[str]:
    """Those that the fragment begins, each once; a module also by its short name, once something of it is typed."""
    return [
        word
        for word in dict.fromkeys(words)
        if word and (word.startswith(fragment) or (fragment and word in modules() and word.rpartition(".")[2].startswith(fragment)))
    ]
