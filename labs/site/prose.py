# mypy: disable-error-code="no-untyped-call"
# (Pygments has no types)
"""What the lessons say, and the code that they show, as HTML."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from pygments import highlight  # type: ignore[import-untyped]
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Collection

    from markdown_it.token import Token

_NOTEBOOK = re.compile(r"<code>([\w-]+)\.ipynb</code>")
# A table wider than its page scrolls by itself, by keyboard too.
_TABLE = '<div class="table" role="region" aria-label="Tableau" tabindex="0"><table>'
_bare = HtmlFormatter(nowrap=True)


@dataclass(frozen=True, slots=True)
class Heading:
    """A title in a page: its level from 1, its text, and the anchor by which it is reached."""

    level: int
    text: str
    anchor: str


def code(source: str, language: str = "") -> str:
    """A block of code, coloured where its language is known."""
    return f'<pre class="code"><code>{_coloured(source, language)}</code></pre>'


def _coloured(source: str, language: str, _attributes: str = "") -> str:
    try:
        lexer = get_lexer_by_name(language or "text", stripnl=False)
    except ClassNotFound:
        lexer = get_lexer_by_name("text", stripnl=False)
    return str(highlight(source, lexer, _bare)).removesuffix("\n")


def spoken(source: str) -> str:
    """The language of a code cell, as Pygments calls it: a cell magic holds YAML, a line magic a command."""
    if source.startswith("%%"):
        return "yaml"
    return "bash" if source.startswith("%") else "python"


@dataclass
class Prose:
    """The Markdown of one page. ``pages`` are the lessons that may be linked to; ``headings`` grows as cells are rendered."""

    pages: Collection[str]
    headings: list[Heading] = field(default_factory=list)
    _anchors: Counter[str] = field(default_factory=Counter)
    # Lessons are the kit's own text: HTML written in them is HTML.
    _markdown: MarkdownIt = field(default_factory=lambda: MarkdownIt("commonmark", {"highlight": _coloured}).enable("table"))

    def html(self, text: str) -> str:
        """HTML of a cell, its titles anchored, the lessons that it names made links."""
        tokens = self._markdown.parse(text)
        for token, inline in pairwise(tokens):
            if token.type == "heading_open":
                self._anchor(token, inline)
        rendered = str(self._markdown.renderer.render(tokens, self._markdown.options, {}))
        return _NOTEBOOK.sub(self._link, rendered).replace("<table>", _TABLE).replace("</table>", "</table></div>")

    def _anchor(self, opening: Token, inline: Token) -> None:
        said = "".join(child.content for child in inline.children or ())
        anchor = slug(said)
        self._anchors[anchor] += 1
        if self._anchors[anchor] > 1:
            anchor += f"-{self._anchors[anchor]}"
        opening.attrSet("id", anchor)
        self.headings.append(Heading(int(opening.tag[1]), said, anchor))

    def _link(self, named: re.Match[str]) -> str:
        name = named[1]
        return f'<a href="{name}.html">{named[0]}</a>' if name in self.pages else named[0]


def slug(text: str) -> str:
    """« 1. Par défaut, Ansible attend » -> « 1-par-defaut-ansible-attend »."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "section"
