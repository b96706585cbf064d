"""What stays of a run in a saved notebook: a figure that needs neither kernel nor widget, with its words and its data."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from labs.timeline import words
from labs.timeline.figure import draw
from labs.timeline.layout import layout
from labs.timeline.model import Timeline
from labs.timeline.plot import DPI
from labs.timeline.scene import Limit, Scene

# Colours come from JupyterLab's variables, with fallbacks that follow a page without them; the picture keeps its white ground.
_STYLE = """
<style>
.cp-figure { margin: 0.4em 0; color: var(--jp-content-font-color1, CanvasText); }
.cp-figure img { max-width: 100%; height: auto; background: #fff; border-radius: 2px; }
.cp-figure figcaption { font-size: 0.92em; margin: 0.3em 0; }
.cp-figure summary { cursor: pointer; padding: 0.2em 0; }
.cp-figure .cp-scroll { overflow-x: auto; }
.cp-figure table { border-collapse: collapse; font-size: 0.88em; font-variant-numeric: tabular-nums; }
.cp-figure th, .cp-figure td { padding: 0.2em 0.7em; text-align: left; border-bottom: 1px solid var(--jp-border-color2, GrayText);
  background: transparent; color: inherit; white-space: nowrap; }
</style>
""".strip()


def bundle(
    timeline: Timeline,
    *,
    forecast: Timeline | float | None = None,
    limit: Limit | None = None,
    title: str | None = None,
    ideal: float | None = None,
) -> str:
    """HTML of a finished or stored run: the figure as PNG with its alternative text, the summary, and « Voir les données »."""
    return _html(timeline, layout(timeline, forecast=forecast, limit=limit, title=title, ideal=ideal))


def table(timeline: Timeline) -> str:
    """HTML table of the jobs of a run."""
    heads = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in words.HEADINGS)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in words.table(timeline))
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


@dataclass(frozen=True)
class Shown:
    """A chronologie that a notebook displays: HTML where it can, one sentence where it cannot."""

    html: str
    text: str

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def show(
    timeline: Timeline,
    *,
    forecast: Timeline | float | None = None,
    limit: Limit | None = None,
    title: str | None = None,
    ideal: float | None = None,
) -> Shown:
    """Return an object that a notebook cell displays as the figure of a run; options are those of ``bundle``."""
    scene = layout(timeline, forecast=forecast, limit=limit, title=title, ideal=ideal)
    return Shown(_html(timeline, scene), f"{scene.title}{words.NBSP}: {scene.summary}")


def picture(timeline: Timeline, scene: Scene) -> str:
    """HTML figure without its table: the picture, its alternative text, its caption."""
    return f'{_STYLE}<figure class="cp-figure">{_image(timeline, scene)}</figure>'


def _html(timeline: Timeline, scene: Scene) -> str:
    return (
        f'{_STYLE}<figure class="cp-figure">{_image(timeline, scene)}<details><summary>Voir les données</summary>'
        f'<div class="cp-scroll" tabindex="0" role="region" aria-label="Données de l’exécution">{table(timeline)}</div></details></figure>'
    )


def _image(timeline: Timeline, scene: Scene) -> str:
    caption = "<br>".join(escape(line) for line in (words.occasion(timeline), *timeline.notes))
    return f'<img src="data:image/png;base64,{_png(scene)}" alt="{escape(scene.label)}"><figcaption>{caption}</figcaption>'


@lru_cache(maxsize=4)  # a run's figure is drawn once for the view, for what takes its place, and for a page that comes late
def _png(scene: Scene) -> str:
    picture = io.BytesIO()
    draw(scene).savefig(picture, format="png", dpi=DPI)
    return base64.b64encode(picture.getvalue()).decode("ascii")
