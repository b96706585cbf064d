"""Two to six runs in a terminal, on one time axis: the lanes of each, and under them where its time went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.style import Style
from rich.text import Text

from labs.terminal import columns, first_moment, heading, keys, legend, line, names_width, paragraph, rows
from labs.timeline import cells, metrics, palette, words
from labs.timeline.cells import Axis
from labs.timeline.compare import Cause
from labs.timeline.compare_words import CAUSES, LETTERS, Run, rounded
from labs.timeline.layout import layout

_MARKS = {
    Cause.WORK: (cells.FULL, Style(color=palette.CURVE)),
    Cause.SLOWEST: ("▚", Style(color=palette.CURVE)),
    Cause.LAUNCH: (cells.LAUNCH, Style()),
    Cause.WAIT: (cells.DELAY, Style(color=palette.DELAY)),
    Cause.POLL: (cells.POLL, Style(color=palette.CONTROLLER)),
    Cause.REST: ("·", Style(dim=True)),
}


class Comparison:
    """Runs that rich can print together."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        scenes = [layout(run.timeline, live=False) for run in self._runs]
        names = names_width(scenes, options.max_width)
        along = cells.axis(columns(names, options.max_width), min(map(first_moment, scenes)), max(scene.now for scene in scenes), False)
        for letter, run, scene in zip(LETTERS, self._runs, scenes, strict=False):
            yield heading(f"{letter} · {run.name}")
            yield paragraph(scene.summary, options.max_width)
            yield from (line(name, row, names, console) for name, row in rows(run.timeline, scene, along))
        yield line("", cells.scale(along), names, console)
        yield legend(scenes, options.max_width)
        yield Text()
        yield Text("Ce qui a retenu chaque exécution, additionné", style="bold")
        yield from self._bars(along, names)
        yield keys(((mark * 2, style, CAUSES[cause]) for cause, (mark, style) in _MARKS.items()), options.max_width)

    def _bars(self, along: Axis, names: int) -> Iterator[Text]:
        """A line a run, as long as it lasted, cut by cause: each end falls where its share of the seconds does."""
        for letter, run in zip(LETTERS, self._runs, strict=False):
            bar, reached, column = Text(f"{letter:>{names}} ", style="bold", no_wrap=True, overflow="crop"), 0.0, 0
            for cause, length in rounded(run.timeline).items():
                mark, style = _MARKS[cause]
                reached += length
                until = round(reached / along.span * along.columns)
                bar.append(mark * (until - column), style)
                column = until
            total = f" {words.seconds(metrics.makespan(run.timeline))}"
            if column + len(total) <= along.columns:
                bar.append(total)
            yield bar
