"""« Ma progression » in a notebook: where the learner stands in each lesson, a button to refresh it, another to export it."""

from __future__ import annotations

import asyncio
from html import escape
from typing import TYPE_CHECKING, Any

from grader import standing
from grader import standing_words as said
from grader.errors import GraderError
from grader.french import typeset
from grader.progress import Progress
from labs import paths
from labs.notebook import toolkit
from labs.notebook.pieces import note, problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from IPython.display import DisplayHandle

EXPORTS = ("progression.csv", "progression.json")  # in the learner's folder
_STYLE = """
<style>
.cp-progress { overflow-x: auto; color: var(--jp-content-font-color1, CanvasText); line-height: 1.5; }
.cp-progress table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.cp-progress caption { text-align: left; padding: 0.3em 0; }
.cp-progress th, .cp-progress td { padding: 0.25em 0.9em 0.25em 0; text-align: left; border-bottom: 1px solid var(--jp-border-color2, GrayText);
  background: transparent; color: inherit; }
.cp-progress tbody th { font-weight: normal; padding-left: 1.2em; }
.cp-progress tr.cp-lesson th, .cp-progress tr.cp-lesson td { font-weight: bold; padding-left: 0; }
</style>
""".strip()


class Dashboard:
    """The widget. ``refresh`` and ``export`` are what its buttons start; a failure is told, never raised."""

    def __init__(self) -> None:
        self._progress = Progress()
        self._handle: DisplayHandle | None = None
        self.message = toolkit.html(note(""))
        self.refresh_button = toolkit.button("Actualiser", self.refresh, main=True)
        self.export_button = toolkit.button("Exporter", self.export)
        self.widget = toolkit.column(toolkit.row(self.refresh_button, self.export_button), self.message)
        for name, widget in {"": self.widget, "-refresh": self.refresh_button, "-export": self.export_button}.items():
            widget.add_class(f"cp-progress-panel{name}")  # type: ignore[no-untyped-call]

    def open(self) -> None:
        """Show the panel, and under it the table, in the current cell."""
        toolkit.place(_ASK, self.widget)
        try:
            self._handle = toolkit.place(_table(self._progress))
        except GraderError as error:
            self._handle = toolkit.place({"text/plain": str(error), "text/html": ""})
            self._complain(error)

    async def refresh(self) -> None:
        """Read everything again."""
        await self._try(lambda: _table(self._progress), self._show)

    async def export(self) -> None:
        """Write the CSV and the JSON into the learner's folder."""
        await self._try(self._export, lambda names: self._say(f"Écrit dans travail/ : {names}.", "✓"))

    def _export(self) -> str:
        for name in EXPORTS:
            standing.export(self._progress, paths.WORK / name)
        return " et ".join(EXPORTS)

    async def _try(self, work: Callable[[], Any], then: Callable[[Any], None]) -> None:
        try:
            then(await asyncio.to_thread(work))
        except GraderError as error:
            self._complain(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the learner reads it here and nowhere else
            self.message.value = problem(error)

    def _show(self, table: dict[str, Any]) -> None:
        if self._handle is not None:
            self._handle.update(table, raw=True)
        self._say("À jour.", "✓")

    def _complain(self, error: GraderError) -> None:
        self._say(f"{error.message}\n{error.remedy}", "⚠")

    def _say(self, text: str, mark: str) -> None:
        self.message.value = note(typeset(text), mark)


def progress() -> None:
    """Show where the learner stands over the whole course."""
    Dashboard().open()


def still() -> dict[str, Any]:
    """What stands in the notebook before anyone has run it."""
    return _ASK


_ASK = {
    "text/plain": "Exécutez cette cellule (Maj+Entrée) pour voir où vous en êtes.",
    "text/html": "<p><em>Exécutez cette cellule (Maj+Entrée) pour voir où vous en êtes.</em></p>",
}


def _table(progress: Progress) -> dict[str, Any]:
    """The table as HTML, and as text: one line an exercise."""
    lessons = standing.summary(progress)
    heads = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in said.HEADINGS)
    bodies, lines = [], []
    for lesson in lessons:
        bodies += [_row(said.lesson(lesson), ' class="cp-lesson"'), *(_row(said.exercise(row)) for row in lesson.exercises)]
        lines += [lesson.title, *(f"  {row.title}, {said.state(row)}" for row in lesson.exercises)]
    caption = escape(said.total(lessons))
    html = f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{''.join(bodies)}</tbody></table>"
    region = f'<div class="cp-progress" role="region" aria-label="Ma progression" tabindex="0">{html}</div>'
    return {"text/plain": typeset("\n".join([said.total(lessons), *lines])), "text/html": f"{_STYLE}{region}"}


def _row(cells: tuple[str, ...], attributes: str = "") -> str:
    first, *rest = (escape(cell) for cell in cells)
    return f'<tr{attributes}><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
