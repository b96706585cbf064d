"""A command with holes for the controls: what a panel shows, what a terminal accepts, and what ``labs.jobs`` runs."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labs import paths
from labs.jobs.command import AdHoc, Playbook

if TYPE_CHECKING:
    from collections.abc import Mapping

INVENTORY = "inventory/inventory.yml"
_VARIABLES = re.compile(r"(?:ANSIBLE_\w+=\S+ )+")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """``template`` is a command line without its inventory, such as ``ansible-playbook playbooks/attente.yml -e lente={d}``.

    ``values`` of the methods fill the holes: a whole number or a word a name; without any, braces are Ansible's own.
    Variables of Ansible's environment may stand in front, as in a shell: ``ANSIBLE_POLL_INTERVAL={P} ansible all …``.
    """

    template: str

    def terminal(self, values: Mapping[str, int | str]) -> str:
        """The exact line that can be typed in the course's folder."""
        front, line = self._parts(values)
        program, rest = line.split(" ", 1)
        return f"{front}{program} -i {INVENTORY} {rest}"

    def command(self, values: Mapping[str, int | str]) -> AdHoc | Playbook:
        front, line = self._parts(values)
        environment = dict(_named(word) for word in shlex.split(front))
        if not line.startswith("ansible-playbook "):
            return replace(AdHoc.parse(line), environment=environment)
        if (words := _playbook_words(line)) is None:
            return replace(Playbook.parse(line, paths.ROOT), environment=environment)
        path, variables, options = words
        return Playbook(paths.ROOT / path, variables, options, environment=environment)

    def playbook(self, values: Mapping[str, int | str]) -> str | None:
        """The playbook's text with the numbers in their places, as one would write it by hand; None for an ad hoc command.

        ValueError for a line with other options than ``--check``, then ``-e name=number``: what it runs could not be shown exactly.
        """
        _, line = self._parts(values)
        if not line.startswith("ansible-playbook "):
            return None
        if (words := _playbook_words(line)) is None:
            raise ValueError(f"only --check, then -e name=number, may follow the playbook: {line}")
        path, variables, _ = words
        text = (paths.ROOT / path).read_text(encoding="utf-8")
        for name, value in variables.items():
            text = re.sub(rf'"\{{\{{ {name} \}}\}}"', str(value), text)
            text = re.sub(rf"^(\s+{name}: )\d+", rf"\g<1>{value}", text, flags=re.MULTILINE)
        return _without_header(text)

    def _parts(self, values: Mapping[str, int | str]) -> tuple[str, str]:
        """The variables in front, their last space included, and the command."""
        line = self.template.format(**values) if values else self.template
        front = _VARIABLES.match(line)
        end = front.end() if front else 0
        return line[:end], line[end:]


def _playbook_words(line: str) -> tuple[str, dict[str, int], tuple[str, ...]] | None:
    """The playbook, its variables, and ``--check`` if it is there; None for a line with anything else."""
    _, path, *options = shlex.split(line)
    check = ("--check",) if options[:1] == ["--check"] else ()
    given = options[len(check) :]
    pairs = given[1::2]
    if given[::2] != ["-e"] * len(pairs) or not all(re.fullmatch(r"\w+=\d+", pair) for pair in pairs):
        return None
    return path, {name: int(value) for name, value in map(_named, pairs)}, check


def _named(word: str) -> tuple[str, str]:
    name, value = word.split("=", 1)
    return name, value


def _without_header(text: str) -> str:
    """The file's opening comment names the command, which the panel shows already."""
    lines = text.splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("- "))
    return "\n".join(lines[first:])
