"""A command with holes for the controls: what a panel shows, what a terminal accepts, and what ``labs.jobs`` runs."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labs import paths
from labs.jobs.command import AdHoc, Playbook

if TYPE_CHECKING:
    from collections.abc import Mapping

INVENTORY = "inventory/inventory.yml"


@dataclass(frozen=True, slots=True)
class CommandLine:
    """``template`` is a command line without its inventory, such as ``ansible-playbook playbooks/attente.yml -e lente={d}``.

    ``values`` of the methods fill the holes: a whole number or a word a name. Playbook lines know a path and ``-e name=number`` only.
    """

    template: str

    def terminal(self, values: Mapping[str, int | str]) -> str:
        """The exact line that can be typed in the course's folder."""
        program, rest = self._filled(values).split(" ", 1)
        return f"{program} -i {INVENTORY} {rest}"

    def command(self, values: Mapping[str, int | str]) -> AdHoc | Playbook:
        line = self._filled(values)
        if not line.startswith("ansible-playbook "):
            return AdHoc.parse(line)
        path, variables = _playbook_words(line)
        return Playbook(paths.ROOT / path, variables)

    def playbook(self, values: Mapping[str, int | str]) -> str | None:
        """The playbook's text with the numbers in their places, as one would write it by hand; None for an ad hoc command."""
        line = self._filled(values)
        if not line.startswith("ansible-playbook "):
            return None
        path, variables = _playbook_words(line)
        text = (paths.ROOT / path).read_text(encoding="utf-8")
        for name, value in variables.items():
            text = re.sub(rf'"\{{\{{ {name} \}}\}}"', str(value), text)
            text = re.sub(rf"^(\s+{name}: )\d+", rf"\g<1>{value}", text, flags=re.MULTILINE)
        return _without_header(text)

    def _filled(self, values: Mapping[str, int | str]) -> str:
        return self.template.format(**values)


def _playbook_words(line: str) -> tuple[str, dict[str, int]]:
    _, path, *options = shlex.split(line)
    if options[::2] != ["-e"] * (len(options) // 2) or len(options) % 2:
        raise ValueError(f"only -e name=number may follow the playbook: {line}")
    pairs = (option.split("=", 1) for option in options[1::2])
    return path, {name: int(value) for name, value in pairs}


def _without_header(text: str) -> str:
    """The file's opening comment names the command, which the panel shows already."""
    lines = text.splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("- "))
    return "\n".join(lines[first:])
