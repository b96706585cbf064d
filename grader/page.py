"""A statement, a hint, a report as HTML that needs neither kernel nor widget, readable on a light ground and on a dark one."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from grader.french import NBSP, figure, points, typeset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from grader.report import CheckReport, Report
    from grader.spec import Exercise
    from labs.timeline.model import Timeline

# Colours follow JupyterLab's theme; where there is none, the page's own. Passed and failed differ by glyph and word as well.
STYLE = """
<style>
.cp-report { color: var(--jp-content-font-color1, CanvasText); line-height: 1.5; margin: 0.4em 0; }
.cp-exercise-statement { line-height: 1.5; }
.cp-report ul { margin: 0.4em 0; }
.cp-report li { border-left: 3px solid var(--jp-border-color2, GrayText); margin: 0.5em 0; padding: 0 0 0 0.7em; }
.cp-report li.cp-passed { border-left-color: var(--jp-success-color1, #2e7d32); }
.cp-report li.cp-failed { border-left-color: var(--jp-error-color1, #c62828); border-left-style: double; border-left-width: 5px; }
.cp-report p { margin: 0.15em 0; }
.cp-exercise-answer textarea { font-family: var(--jp-code-font-family, monospace); font-size: var(--jp-code-font-size, 13px);
  line-height: 1.4; tab-size: 2; white-space: pre; overflow: auto; }
</style>
""".strip()

_NOTED = "Il en reste : les indices 2 et 3 sont notés dans votre progression, pour vous ; ils ne coûtent aucun point."
_LIST = '<ul style="list-style:none;padding:0">'  # in place: JupyterLab's own style for lists would win over a style sheet
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
_line = MarkdownIt("commonmark", {"html": False}).disable(["image", "link", "autolink"])  # a line may quote what a learner wrote
_RUN = "L’exécution de votre réponse"


def markdown(text: str) -> str:
    """HTML of a text in Markdown, with French spaces; HTML written in it is shown, not obeyed."""
    return str(_markdown.render(typeset(text)))


def inline(text: str) -> str:
    """HTML of one line in Markdown, in which nothing leads elsewhere."""
    return str(_line.renderInline(text))


def statement(exercise: Exercise) -> str:
    """What is asked, and what it is worth."""
    title = inline(typeset(f"**Exercice : {exercise.title}** ({points(exercise.points)})"))
    return f'{STYLE}<section class="cp-exercise-statement" aria-label="Énoncé"><p>{title}</p>{markdown(exercise.statement)}</section>'


def hints(title: str, levels: Sequence[str], total: int) -> str:
    """The hints given so far on one check."""
    given = "".join(f"<li><strong>Indice {number} sur {total}</strong>{markdown(text)}</li>" for number, text in enumerate(levels, start=1))
    more = f"<p><em>{inline(typeset(_NOTED))}</em></p>" if len(levels) < total else ""
    return f'<div class="cp-report cp-hints" role="status"><p>{inline(typeset(f"Pour « {title} » :"))}</p>{_LIST}{given}</ul>{more}</div>'


def first_hints(exercise: Exercise) -> str:
    """The first hint of each check, folded, for who reads the exercise without answering it."""
    given = "".join(f"<li><strong>{inline(typeset(check.title))}</strong>{markdown(check.hints.orient)}</li>" for check in exercise.checks)
    return f'<details class="cp-report cp-first-hints"><summary>Le premier indice de chaque point</summary>{_LIST}{given}</ul></details>'


def report(graded: Report, label: str = "Résultat de la vérification") -> str:
    """What became of each check, in their order, under the overall result. ``label`` is how the section is called aloud."""
    entries = f"{_LIST}{''.join(_check(entry) for entry in graded.checks)}</ul>" if graded.checks else ""
    mark = "" if graded.status == "graded" else f'<span aria-hidden="true">⚠{NBSP}</span>'
    head = f"<p><strong>{mark}{inline(graded.message)}</strong></p>"
    return f'{STYLE}<section class="cp-report" aria-label="{escape(typeset(label))}">{head}{entries}</section>'


def figures(timelines: Sequence[Timeline]) -> str:
    """The runs of an answer, in order; slow enough to be made in a thread."""
    from labs.notebook.display import show  # matplotlib, which a grading without figures does not need

    count = len(timelines)
    titles = [f"{_RUN} ({place} sur {count})" if count > 1 else _RUN for place in range(1, count + 1)]
    return "".join(show(timeline, title=title).html for timeline, title in zip(timelines, titles, strict=True))


def _check(entry: CheckReport) -> str:
    glyph, word, style = ("✓", "acquis", "cp-passed") if entry.passed else ("✕", "à revoir", "cp-failed")
    marks = f"{figure(entry.points)}/{figure(entry.max)}"
    message = "<br>".join(inline(line) for line in entry.message.splitlines())
    title = f'<strong><span aria-hidden="true">{glyph}</span> {inline(entry.title)}</strong> ({word}, {marks})'
    return f'<li class="{style}" data-check="{escape(entry.id)}"><p>{title}</p><p>{message}</p></li>'
