"""The pages of a grading: what they are made of. They open from a folder, offline: their style and their pictures are in them, no script is."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from grader import page
from grader.french import figure, listing, points, typeset
from labs import paths
from labs.inventory import write_atomically

if TYPE_CHECKING:
    from grader.copies.gradebook import Row

FEEDBACK = "retours"
_TEMPLATES = Path(__file__).parent / "templates"
_COLOURS = paths.ROOT / "labs" / "site" / "static" / "colours.css"
_SOURCE = re.compile(r'name="contrepoint-source" content="([0-9a-f]+)"')
_MOST_HEAD = 4096  # characters within which a page says what it was made from


def address(row: Row) -> str:
    """Where a copy's page is, from the folder of all results."""
    return f"{FEEDBACK}/{quote(row.slug)}.html"


def render(path: Path, template: str, **values: Any) -> None:
    """Write a page. Raises OSError."""
    environment = _environment()
    write_atomically(path, environment.get_template(template).render(style=Markup(environment.globals["style"]), **values))  # noqa: S704 - our own


def source(*parts: str) -> str:
    """A digest of what a page is made from, the templates among it."""
    return hashlib.sha256("\0".join([_environment().globals["templates"], *parts]).encode("utf-8", "replace")).hexdigest()


def stands(path: Path, digest: str) -> bool:
    """Whether the page is there, and made from this."""
    try:
        with path.open(encoding="utf-8") as file:
            found = _SOURCE.search(file.read(_MOST_HEAD))
    except (OSError, UnicodeDecodeError):
        return False
    return found is not None and found[1] == digest


@cache
def _environment() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    filters = {"figure": figure, "points": points, "listing": listing, "prose": _prose, "address": address}
    environment.filters.update(filters)
    environment.globals["style"] = "".join(path.read_text(encoding="utf-8") for path in (_COLOURS, _TEMPLATES / "pages.css"))
    made_from = (_COLOURS, *(path for path in sorted(_TEMPLATES.iterdir()) if path.is_file()))
    environment.globals["templates"] = "".join(path.read_text(encoding="utf-8") for path in made_from)
    return environment


def _prose(text: str) -> Markup:
    """One sentence in Markdown, with its French spaces."""
    return Markup(page.inline(typeset(text)))  # noqa: S704 - its HTML is escaped there
