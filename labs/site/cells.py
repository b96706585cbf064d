"""What a code cell shows on a page: its stored output, made to stand without a kernel.

A sentence replaces the invitation to run the cell, pictures become files, a recorded run can be played, an exercise gives its first hints.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

from labs.notebook import build, magic_cells, recordings
from labs.notebook.player import motion
from labs.site import prose
from labs.timeline.layout import layout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbformat import NotebookNode

_INVITED = "Exécutez cette cellule (Maj+Entrée) pour"
_ANNOUNCED = "Une fois le cours installé, vous exécuterez cette cellule pour"
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_PICTURE = re.compile(r'src="data:image/png;base64,([A-Za-z0-9+/=]+)"')
_FIGURE = re.compile(r'<figure class="cp-figure">.*?</figure>', re.DOTALL)


@dataclass
class Cells:
    """The code cells of one page, and what they need beside their HTML, which grows as they are rendered.

    ``styles`` are the style sheets of the outputs, each once; ``pictures`` gives the bytes of each PNG file by its name; ``films`` gives the JSON
    by which each recorded run is played, by the run's name; ``exercises`` counts those shown.
    """

    styles: dict[str, None] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    films: dict[str, str] = field(default_factory=dict)
    exercises: int = 0
    _known: dict[str, Any] = field(default_factory=dict)

    def html(self, cell: NotebookNode) -> str:
        """HTML of a cell: its code, folded when it only opens a widget, and its output."""
        self._known |= build.imported(cell.source)
        shown = "".join(output.data.get("text/html", "") for output in cell.outputs if "data" in output)
        code = prose.code(cell.source, prose.spoken(cell.source))
        if not cell.source.startswith("%"):
            code = f'<details class="cell-code"><summary>Le code de la cellule</summary>{code}</details>'
        return f'<div class="cell">{code}{self._output(cell, shown)}</div>'

    def _output(self, cell: NotebookNode, shown: str) -> str:
        if not shown:
            return ""
        for style in _STYLE.findall(shown):
            self.styles[style.strip()] = None
        shown = _PICTURE.sub(self._picture, _STYLE.sub("", shown)).replace(_INVITED, _ANNOUNCED)
        return f'<div class="output">{self._played(cell, shown)}{self._hints(cell.source)}</div>'

    def _picture(self, found: re.Match[str]) -> str:
        content = base64.b64decode(found[1])
        name = f"{hashlib.sha256(content).hexdigest()[:16]}.png"
        self.pictures[name] = content
        return f'src="images/{name}"'

    def _played(self, cell: NotebookNode, shown: str) -> str:
        """The output with its figure ready to be played, if it is that of one recorded run."""
        runs: Mapping[str, str] = cell.metadata.get("contrepoint", {}).get("runs", {})
        if len(runs) != 1 or len(_FIGURE.findall(shown)) != 1:
            return shown
        ((name, digest),) = runs.items()
        if digest != recordings.digest(name):
            return shown  # recorded anew since the notebook was built: the film would not be that of the figure
        if name not in self.films:
            self.films[name] = film(name)
        return _FIGURE.sub(lambda figure: f'<div class="replay" data-run="{name}">{figure[0]}</div>', shown)

    def _hints(self, source: str) -> str:
        exercise_id = exercise(source)
        if not exercise_id:
            return ""
        self.exercises += 1
        # The grader knows its hints; the lab does not import the grader, the lesson does.
        return str(import_module(self._known["exercise"].__module__).first_hints(exercise_id))


def film(name: str) -> str:
    """The JSON by which the page plays a recorded run, safe inside a <script>. Its figure and its table are in the page already."""
    timeline = recordings.load(name)
    text = json.dumps(motion(timeline, layout(timeline, live=False)), ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")


def exercise(source: str) -> str | None:
    """The exercise that a cell shows, if any."""
    if magic := magic_cells.read(source):
        return magic.line.split()[0] if magic.name == "%%exercice" and magic.line else None
    made = build.call(source)
    return str(made[1][0]) if made and made[0] == "exercise" else None
