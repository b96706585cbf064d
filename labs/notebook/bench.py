"""The same work in several ways, each run by the learner: one panel, the last run of each way kept, and all of them on one time axis."""

from __future__ import annotations

import asyncio
import difflib
from html import escape
from typing import TYPE_CHECKING, Any

from labs import paths
from labs.errors import LabError
from labs.notebook import comparisons, recordings, toolkit
from labs.notebook.commandline import CommandLine
from labs.notebook.panel import Panel
from labs.notebook.pieces import NBSP, code, joined
from labs.notebook.stage import EMPTY
from labs.timeline import metrics, store, words
from labs.timeline.compare_words import LEAST, LETTERS, Run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labs.lab import Lab
    from labs.notebook.prediction import Forecast
    from labs.timeline.model import Timeline

_MOST = 3  # changed lines in the table; the whole playbook stands under it
_HEADINGS = ("Façon", "Ce qui change", "Votre exécution")
_STYLE = "border-collapse:collapse;color:var(--jp-content-font-color1,CanvasText);background:transparent"
_CELL = (
    "text-align:left;vertical-align:top;padding:2px 12px 2px 0;white-space:pre-wrap;line-height:1.4;color:inherit;background:transparent"
)


class Bench(Panel):
    """``ways``: what each way is called -> the recorded run that shows it, whose command is the one to launch.

    The first way is what the others change. What a learner ran is kept in ``travail/``, so that a kernel's end loses no figure.
    """

    def __init__(self, ways: Mapping[str, str], *, lab: Lab | None = None) -> None:
        self._ways = dict(ways)
        self._kept = {way: kept for way, run in self._ways.items() if (kept := _read(run))}
        self.choice = toolkit.choice(f"Façon{NBSP}:", {way: way for way in self._ways})
        self.table = toolkit.html()
        self.together = toolkit.column()
        super().__init__(recordings.command(next(iter(ways.values()))), {}, lab=lab)
        self.choice.observe(lambda _: self._choose(), "value")
        self.widget.children = (self.table, self.command, toolkit.row(self.choice, self.launch_button), *self.widget.children[2:])
        self._choose()

    @property
    def way(self) -> str:
        return str(self.choice.value)

    @property
    def kept(self) -> dict[str, Timeline]:
        """The learner's last run of each way, in the order of the ways."""
        return {way: self._kept[way] for way in self._ways if way in self._kept}

    async def run(self) -> None:
        way = self.way
        await super().run()
        self._choose()
        self._advance(way)

    async def _tell(self, timeline: Timeline, forecast: Forecast | None) -> None:
        if timeline.status == "successful":
            self._kept[self.way] = timeline
            await asyncio.to_thread(_keep, self._ways[self.way], timeline)
        await super()._tell(timeline, forecast)

    def _advance(self, way: str) -> None:
        """After a run, go on to the next way that was not run yet, so that one button is enough for all."""
        left = [other for other in self._ways if other not in self._kept]
        if way in self._kept and left:
            self.choice.value = left[0]

    def _extra(self) -> dict[str, Any]:
        return compared(self.kept)

    def _choose(self) -> None:
        run = self._ways[self.way]
        self._line, self._forecast = CommandLine(recordings.command(run)), run
        self._show_command()
        self.table.value = _table(self._ways, self.kept)

    def _set_busy(self, busy: bool) -> None:
        super()._set_busy(busy)
        self.choice.disabled = busy


def side_by_side(ways: Mapping[str, str]) -> None:
    """Show the panel: ``ways`` names each way of doing the work, and the recorded run that shows it."""
    panel = Bench(ways)
    toolkit.place(_invitation(ways), panel.widget)
    panel.stage.open(joined(compared(panel.kept), recordings.fold(_recorded(ways))))


def still(ways: Mapping[str, str]) -> dict[str, Any]:
    """What stands in the notebook where no widget can: what each way changes, and the recorded runs side by side."""
    return joined(_invitation(ways), _recorded(ways))


def compared(kept: Mapping[str, Timeline]) -> dict[str, Any]:
    """The learner's runs side by side; nothing when there are too few."""
    if len(kept) < LEAST:
        return EMPTY
    shown = comparisons.show([Run(way, timeline) for way, timeline in kept.items()])
    caption = f"Vos exécutions, sur un même axe{NBSP}:"
    return {"text/plain": f"{caption}\n{shown.text}", "text/html": f"<p><strong>{caption}</strong></p>{shown.html}"}


def changes(base: str, other: str) -> str:
    """The lines that one way has more, or has instead, as they stand in its command and its playbook; comments are left out."""
    first, second = CommandLine(base), CommandLine(other)
    front = [word for word in other.split() if word.startswith("ANSIBLE_") and word not in base.split()]
    old, new = (_bare(line.playbook({}) or "") for line in (first, second))
    added = [line[2:].strip() for line in difflib.ndiff(old, new) if line.startswith("+ ")]
    return "\n".join([*front, *added])


def _bare(text: str) -> list[str]:
    lines = (line.partition(" #")[0].rstrip() for line in text.splitlines())
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def _recorded(ways: Mapping[str, str]) -> dict[str, Any]:
    shown = comparisons.show([Run(way, recordings.load(run)) for way, run in ways.items()])
    caption = f"Exécutions enregistrées sur un labo{NBSP}:"
    return {"text/plain": f"{caption}\n{shown.text}", "text/html": f"<p><em>{caption}</em></p>{shown.html}"}


def _invitation(ways: Mapping[str, str]) -> dict[str, Any]:
    ask = "Exécutez cette cellule (Maj+Entrée) pour lancer chaque façon sur votre labo."
    base = CommandLine(recordings.command(next(iter(ways.values())))).playbook({}) or ""
    text = "\n".join(f"{way}{NBSP}: {told}" for way, told in _told(ways).items())
    html = f"{code(base, 'Le playbook de départ')}{_table(ways, {})}<p><em>{ask}</em></p>"
    return {"text/plain": f"{text}\n{ask}", "text/html": html}


def _told(ways: Mapping[str, str]) -> dict[str, str]:
    commands = {way: recordings.command(run) for way, run in ways.items()}
    base = next(iter(commands.values()))
    return {way: _shortened(changes(base, command)) or "le point de départ" for way, command in commands.items()}


def _shortened(lines: str) -> str:
    first, more = lines.splitlines()[:_MOST], lines.splitlines()[_MOST:]
    return "\n".join([*first, f"… et {len(more)} autres lignes"] if len(more) > 1 else [*first, *more])


def _table(ways: Mapping[str, str], kept: Mapping[str, Timeline]) -> str:
    head = "".join(f'<th scope="col" style="{_CELL}">{heading}</th>' for heading in _HEADINGS)
    letters = dict(zip(kept, LETTERS, strict=False)) if len(kept) >= LEAST else {}
    rows = "".join(
        f'<tr><th scope="row" style="{_CELL}">{escape(way)}</th><td style="{_CELL}"><code style="color:inherit;background:transparent">{escape(told)}</code></td>'
        f'<td style="{_CELL}">{_measured(kept.get(way), letters.get(way, ""))}</td></tr>'
        for way, told in _told(ways).items()
    )
    return f'<table style="{_STYLE}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'


def _measured(timeline: Timeline | None, letter: str) -> str:
    if timeline is None:
        return "pas encore"
    took = words.seconds(metrics.makespan(timeline))
    return f"{took} ({letter} ci-dessous)" if letter else took


def _file(run: str) -> Path:
    return paths.WORK / "comparaisons" / f"{run}.json"


def _keep(run: str, timeline: Timeline) -> None:
    _file(run).parent.mkdir(parents=True, exist_ok=True)
    store.save(timeline, _file(run))


def _read(run: str) -> Timeline | None:
    """What the learner ran before; a file that is not there, or is spoilt, is as none."""
    try:
        return store.read(_file(run))
    except LabError:
        return None
