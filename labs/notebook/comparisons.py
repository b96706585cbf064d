"""Recorded runs side by side: on one time axis, their differences in words, and a table of where the time went."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import Any

from labs.notebook import recordings, toolkit
from labs.notebook.display import Shown
from labs.notebook.pieces import NBSP
from labs.timeline import compare_words
from labs.timeline.compare_figure import figure
from labs.timeline.compare_words import Run
from labs.timeline.plot import DPI

# As in display.py: colours are JupyterLab's, and the picture keeps its white ground.
_STYLE = """
<style>
.cp-compared { margin: 0.4em 0; color: var(--jp-content-font-color1, CanvasText); }
.cp-compared img { max-width: 100%; height: auto; background: #fff; border-radius: 2px; }
.cp-compared figcaption { margin: 0.3em 0; line-height: 1.5; }
.cp-compared summary { cursor: pointer; padding: 0.2em 0; }
.cp-compared .cp-scroll { overflow-x: auto; }
.cp-compared table { border-collapse: collapse; font-size: 0.88em; font-variant-numeric: tabular-nums; }
.cp-compared th, .cp-compared td { padding: 0.2em 0.7em; text-align: left; border-bottom: 1px solid var(--jp-border-color2, GrayText);
  background: transparent; color: inherit; white-space: nowrap; }
.cp-compared dl { display: grid; grid-template-columns: max-content auto; gap: 0.1em 1em; font-size: 0.88em; }
.cp-compared dd { margin: 0; }
</style>
""".strip()


def show(runs: Sequence[Run]) -> Shown:
    """What a notebook cell displays of two to six runs. Raises LabError for another number."""
    said = compare_words.sentences(runs)
    caption = "<br>".join(escape(sentence) for sentence in said)
    html = (
        f'{_STYLE}<figure class="cp-compared"><img src="data:image/png;base64,{_png(runs)}" alt="{escape(compare_words.label(runs))}">'
        f"<figcaption>{caption}</figcaption><details><summary>Voir les données</summary>{_data(runs)}</details></figure>"
    )
    return Shown(html, "\n".join([compare_words.title(runs), *said]))


def compared(names: Sequence[str]) -> None:
    """Show recorded runs, two to six, the first being what the others are compared with."""
    toolkit.place(still(names))


def still(names: Sequence[str]) -> dict[str, Any]:
    """The comparison as it stands in the notebook."""
    commands = [recordings.command(name) for name in names]
    shown = show([Run(command, recordings.load(name)) for command, name in zip(commands, names, strict=True)])
    caption = f"Exécutions enregistrées sur un labo{NBSP}:"
    return {"text/plain": f"{caption}\n{shown.text}", "text/html": f"<p><em>{caption}</em></p>{shown.html}"}


def _data(runs: Sequence[Run]) -> str:
    heads = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in compare_words.HEADINGS)
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in cells)}</tr>'
        for name, *cells in compare_words.table(runs)
    )
    meanings = "".join(
        f"<dt>{escape(compare_words.CAUSES[cause])}</dt><dd>{escape(text)}</dd>" for cause, text in compare_words.MEANINGS.items()
    )
    return (
        '<div class="cp-scroll" tabindex="0" role="region" aria-label="Où est passé le temps de chaque exécution">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div><dl>{meanings}</dl>"
    )


def _png(runs: Sequence[Run]) -> str:
    picture = io.BytesIO()
    figure(runs).savefig(picture, format="png", dpi=DPI)
    return base64.b64encode(picture.getvalue()).decode("ascii")
