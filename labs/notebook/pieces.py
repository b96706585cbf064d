"""Small pieces of HTML that every widget shares: readable in both of Lab's themes, told by text and not by colour alone."""

from __future__ import annotations

import traceback
from html import escape
from typing import Any

from labs.errors import LabError
from labs.typography import NBSP, typeset

__all__ = ["NBSP", "code", "joined", "note", "problem"]


def note(text: str, mark: str = "") -> str:
    """One message, announced by screen readers when it changes. ``text`` is plain text; ``mark`` is a glyph such as ✓."""
    if not text:
        return '<div role="status"></div>'
    lead = f'<span aria-hidden="true">{escape(mark)}{NBSP}</span>' if mark else ""
    lines = "<br>".join(escape(line) for line in typeset(text).splitlines())
    style = "border-left:3px solid var(--jp-brand-color1,#1976d2);padding:2px 0 2px 10px;margin:6px 0;line-height:1.5"
    return f'<div role="status" style="{style}">{lead}{lines}</div>'


def problem(error: Exception) -> str:
    """What a learner reads when something failed: one sentence and what to do, a traceback only for a bug."""
    if isinstance(error, LabError):
        return note(f"{error.message}\n{error.remedy}".strip(), "⚠")
    details = escape("".join(traceback.format_exception(error)))
    said = note(f"Une erreur imprévue est survenue{NBSP}: {error}\nRelancez la cellule{NBSP}; si elle revient, signalez-la.", "⚠")
    return f"{said}<details><summary>Détails techniques</summary><pre>{details}</pre></details>"


def code(text: str, label: str) -> str:
    """A block of code that wraps rather than scrolls; ``label`` names it for screen readers."""
    return (
        f'<pre aria-label="{escape(label)}" style="white-space:pre-wrap;line-height:1.4;margin:4px 0;padding:8px 10px;'
        "background:var(--jp-cell-editor-background,#f5f5f5);color:var(--jp-content-font-color1,#000);"
        'border:1px solid var(--jp-border-color2,#ccc);font-family:var(--jp-code-font-family,monospace)">'
        f'<code style="background:transparent">{escape(text)}</code></pre>'
    )


def joined(*bundles: dict[str, Any]) -> dict[str, Any]:
    """Several outputs as one: their HTML and their text, one under the other."""
    return {
        "text/plain": "\n".join(bundle["text/plain"] for bundle in bundles),
        "text/html": "".join(bundle["text/html"] for bundle in bundles),
    }
