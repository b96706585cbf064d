"""The course as static pages: whole, in French, closed upon itself, and true to the notebooks."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from typer.testing import CliRunner

from grader import catalog
from labs import paths
from labs.cli import app
from labs.errors import LabError
from labs.notebook import recordings
from labs.site import cells, prose, writing
from labs.typography import typeset

FETCHED = {
    "img": "src",
    "script": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "object": "data",
}


class Read(HTMLParser):
    """What a page is made of, as a browser would see it without running anything."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links, self.fetched, self.pictures, self.films, self.text = [], [], [], [], [], {}, []
        self._film = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        held = dict(attrs)
        self.tags.append((tag, held))
        self.ids += [held["id"]] if "id" in held else []
        self.links += [held["href"]] if tag == "a" else []
        self.fetched += [held[FETCHED[tag]]] if held.get(FETCHED.get(tag)) else []
        self.pictures += [held] if tag == "img" else []
        self._film = held["id"].removeprefix("film-") if held.get("type") == "application/json" else None

    def handle_data(self, data):
        if self._film:
            self.films[self._film] = json.loads(data)
            self._film = None
        self.text.append(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The site of the whole course, as the command writes it."""
    out = tmp_path_factory.mktemp("pages") / "cours"
    done = CliRunner().invoke(app, ["site", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "index.html" in done.output
    return out


@pytest.fixture(scope="module")
def pages(folder):
    return {path.name: Read(path.read_text(encoding="utf-8")) for path in folder.glob("*.html")}


# -- the site as a whole ------------------------------------------------------------------------------------------------


def test_each_notebook_has_its_page_and_the_index_leads_to_it(pages):
    lessons = {f"{path.stem}.html" for path in paths.NOTEBOOKS.glob("*.ipynb")}
    assert set(pages) == lessons | {"index.html"}
    assert lessons <= set(pages["index.html"].links)


def test_every_link_leads_somewhere_in_the_site(folder, pages):
    for name, page in pages.items():
        for link in page.links + page.fetched:
            if link == "data:,":
                continue
            there = urlsplit(link)
            assert (there.scheme, there.netloc) == ("", ""), (name, link)
            target = there.path or name
            assert (folder / unquote(target)).is_file(), (name, link)
            assert not there.fragment or unquote(there.fragment) in pages[target].ids, (name, link)


def test_nothing_comes_from_elsewhere(folder):
    for path in folder.rglob("*"):
        if path.suffix in {".css", ".js"}:
            text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
            assert not any(word in text for word in ("http:", "https:", "@import", "url(//", "import(")), path.name


def test_anchors_are_unique_and_pages_are_in_french(pages):
    for name, page in pages.items():
        assert ("html", {"lang": "fr"}) in page.tags, name
        assert len(page.ids) == len(set(page.ids)), name
        assert sum(tag == "h1" for tag, _ in page.tags) == 1, name
        assert all(picture["alt"] for picture in page.pictures), name


def test_signs_never_begin_a_line(folder):
    told = "".join(Read((folder / "index.html").read_text(encoding="utf-8")).text)
    assert typeset(told) == told


def test_no_page_is_heavy(folder):
    assert all(path.stat().st_size < 1_000_000 for path in folder.rglob("*") if path.is_file())


def test_writing_again_gives_the_same_pages(folder):
    before = (folder / "01_synchrone_asynchrone.html").read_bytes()
    writing.write(folder)
    assert (folder / "01_synchrone_asynchrone.html").read_bytes() == before


# -- a lesson -----------------------------------------------------------------------------------------------------------


def test_a_lesson_keeps_its_figures_its_quiz_and_its_exercises(pages):
    page = pages["01_synchrone_asynchrone.html"]
    said = " ".join("".join(page.text).split())
    assert "gardé la connexion ouverte jusqu’à la fin" in said
    assert "Que devient la commande" in said
    assert "C’est UNREACHABLE." in said
    for exercise_id in ("sync-lire", "sync-coupure"):
        exercise = catalog.find(exercise_id)
        assert exercise.title in said
        assert exercise.checks[0].hints.orient.split()[0] in said
    assert "Où la dernière barre claire" in said
    assert "La phrase sous la figure commence par elle" not in said  # the third hint is for who tries
    assert len(page.pictures) >= 5


def test_nothing_invites_to_run_a_cell_where_there_is_no_kernel(pages):
    text = "".join(pages["01_synchrone_asynchrone.html"].text)
    assert "Exécutez cette cellule (Maj+Entrée)" not in text
    assert "Une fois le cours installé, vous exécuterez cette cellule pour noter votre prévision" in text


def test_a_recorded_run_can_be_played(pages):
    films = {name: film for page in pages.values() for name, film in page.films.items()}
    film = films["00-chronologie"]
    assert film["end"] == recordings.load("00-chronologie").end
    assert film["frames"]
    assert film["steps"]
    places = {held["data-run"] for page in pages.values() for _, held in page.tags if "data-run" in held}
    assert places == set(films)


def shown(digest):
    cell = nbformat.v4.new_code_cell('recorded("00-ping")', metadata={"contrepoint": {"runs": {"00-ping": digest}}})
    cell.outputs = [nbformat.v4.new_output("display_data", data=recordings.still("00-ping"))]
    rendered = cells.Cells()
    return rendered.html(cell), rendered


def test_a_run_recorded_anew_is_not_played_under_an_older_figure():
    html, rendered = shown(recordings.digest("00-ping"))
    assert 'data-run="00-ping"' in html
    assert list(rendered.films) == ["00-ping"]
    html, rendered = shown("0" * 16)
    assert "data-run" not in html
    assert not rendered.films
    assert len(rendered.pictures) == 1


def test_a_film_cannot_close_its_script():
    assert "<" not in cells.film("00-ping")


# -- prose --------------------------------------------------------------------------------------------------------------


def test_titles_are_anchored_once_each():
    page = prose.Prose(pages=())
    page.html("# Délais\n\n## Expliquer\n\n## Expliquer")
    assert [heading.anchor for heading in page.headings] == ["delais", "expliquer", "expliquer-2"]


def test_a_lesson_that_is_named_is_linked_if_it_is_there():
    page = prose.Prose(pages=("02_polling",))
    assert '<a href="02_polling.html">' in page.html("Ouvrez `02_polling.ipynb`.")
    assert "<a" not in page.html("Ouvrez `03_ailleurs.ipynb`.")


def test_a_table_scrolls_by_itself():
    assert (
        prose.Prose(pages=())
        .html("| a |\n|:--|\n| b |")
        .startswith('<div class="table" role="region" aria-label="Tableau" tabindex="0"><table>')
    )


def test_code_is_coloured_and_escaped():
    assert "<b>" not in prose.code("<b>", "yaml")
    assert '<span class="nt">async</span>' in prose.code("async: 60", "yaml")
    assert prose.code("a < b", "langue-inconnue") == '<pre class="code"><code>a &lt; b</code></pre>'
    assert [prose.spoken(cell) for cell in ("%%playbook x\n- hosts: all", "%ansible all", "quiz()")] == ["yaml", "bash", "python"]


# -- what goes wrong ----------------------------------------------------------------------------------------------------


def test_no_lesson_and_no_place_are_told(tmp_path):
    with pytest.raises(LabError, match="Aucune leçon"):
        writing.write(tmp_path / "cours", notebooks=tmp_path)
    (tmp_path / "00_x.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# X")])))
    (tmp_path / "occupe").write_text("")
    with pytest.raises(LabError, match="n’a pas pu être écrit"):
        writing.write(tmp_path / "occupe", notebooks=tmp_path)
