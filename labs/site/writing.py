# mypy: disable-error-code="no-untyped-call"
# (nbformat has no types)
"""The site: one page a notebook, and the page that leads to them, in a folder that opens from anywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from labs import paths
from labs.errors import LabError
from labs.inventory import write_atomically
from labs.notebook.player import Replay
from labs.site.cells import Cells
from labs.site.prose import Heading, Prose

if TYPE_CHECKING:
    from collections.abc import Collection

_HERE = Path(__file__).parent
_GOALS = re.compile(r"<ul>.*?</ul>", re.DOTALL)
_ENTRY = "export default"  # what only a module may say: a page opened from a folder may load scripts, not modules


@dataclass(frozen=True)
class Page:
    """A lesson. ``name`` is its notebook's, without the suffix; ``goals`` is the HTML of the list of what it teaches."""

    name: str
    body: str
    headings: list[Heading]
    cells: Cells

    @property
    def title(self) -> str:
        return next((heading.text for heading in self.headings if heading.level == 1), self.name)

    @property
    def sections(self) -> list[Heading]:
        return [heading for heading in self.headings if heading.level == 2]

    @property
    def goals(self) -> str:
        found = _GOALS.search(self.body)
        return found[0] if found else ""


def page(notebook: Path, names: Collection[str]) -> Page:
    """The page of a notebook, in a site whose lessons are ``names``."""
    prose, cells = Prose(names), Cells()
    read = nbformat.read(notebook, as_version=4)
    body = [prose.html(cell.source) if cell.cell_type == "markdown" else cells.html(cell) for cell in read.cells]
    return Page(notebook.stem, "\n".join(body), prose.headings, cells)


def write(folder: Path, notebooks: Path = paths.NOTEBOOKS) -> list[Path]:
    """Write the site of the notebooks of a folder; gives the pages, the index first. Files of the same names are replaced.

    Raises LabError when there is nothing to write, or nowhere.
    """
    lessons = sorted(notebooks.glob("[0-9]*.ipynb"))
    if not lessons:
        raise LabError(f"Aucune leçon dans {notebooks}.", "Lancez « python -m labs.notebook.build », puis recommencez.")
    names = [lesson.stem for lesson in lessons]
    pages = [page(lesson, names) for lesson in lessons]
    try:
        return _written(folder, pages)
    except OSError as error:
        raise LabError(
            f"Le site n’a pas pu être écrit dans {folder}\u00a0: {error.strerror}.",
            "Choisissez un autre dossier avec --out, ou vérifiez ses droits et la place qui reste.",
        ) from error


def _written(folder: Path, pages: list[Page]) -> list[Path]:
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    index = folder / "index.html"
    write_atomically(index, templates.get_template("index.html").render(pages=pages, current=None))
    template, files = templates.get_template("lesson.html"), [index]
    for place, current in enumerate(pages):
        before, after = pages[place - 1] if place else None, pages[place + 1] if place + 1 < len(pages) else None
        files.append(folder / f"{current.name}.html")
        write_atomically(files[-1], template.render(pages=pages, current=current, before=before, after=after))
        for name, content in current.cells.pictures.items():
            _put(folder / "images" / name, content)
    for name, text in _assets().items():
        write_atomically(folder / "assets" / name, text)
    return files


def _put(path: Path, content: bytes) -> None:
    """A picture: its name says what is in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _assets() -> dict[str, str]:
    """The scripts and the style sheets, among them the player of the notebooks as it is."""
    own = {path.name: path.read_text(encoding="utf-8") for path in sorted((_HERE / "static").iterdir())}
    player, style = str(Replay._esm), str(Replay._css)  # noqa: SLF001 -- anywidget's own names for a script and a style sheet
    return {**own, "replay.js": f"(() => {{\n{player.replace(_ENTRY, 'window.contrepoint =')}\n}})();\n", "replay.css": style}
