import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from timeline import samples

from labs.notebook import display


class Page(HTMLParser):
    """Tags with their attributes, and the text of the cells."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.cells, self.open = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in {"img", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in {"td", "th"}:
            self.cells.append(data)

    def first(self, name):
        return next(attrs for tag, attrs in self.tags if tag == name)


@pytest.mark.parametrize("make", samples.ALL)
def test_a_bundle_stands_on_its_own(make):
    text = display.bundle(make())
    page = Page(text)
    assert not page.open
    image = page.first("img")
    assert base64.b64decode(image["src"].removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
    assert image["alt"].startswith("Chronologie")
    assert [tag for tag, _ in page.tags if tag in {"figure", "figcaption", "details", "summary", "table"}] == [
        "figure", "figcaption", "details", "summary", "table",
    ]  # fmt: skip
    assert "Voir les données" in text
    assert "script" not in {tag for tag, _ in page.tags}
    assert not re.findall(r'(?:src|href)="http', text)


def test_the_table_holds_every_job():
    page = Page(display.table(samples.batches()))
    assert page.cells[:9] == ["Nœud", "Job", "Lancé", "Débuté", "Fini", "Détecté", "Délai de détection", "Sondages", "État"]
    assert len(page.cells) == 9 * (1 + 15)


def test_a_learner_s_text_is_not_markup():
    timeline = samples.sync()
    bad = '<img src=x onerror="alert(1)">'
    jobs = tuple(replace(job, label=bad) for job in timeline.jobs)
    text = display.bundle(replace(timeline, title=bad, jobs=jobs, notes=(bad,)))
    assert "<img src=x" not in text
    assert [tag for tag, _ in Page(text).tags].count("img") == 1


def test_what_a_cell_displays():
    shown = display.show(samples.cut(), title="Coupure")
    data = shown._repr_mimebundle_()
    assert set(data) == {"text/html", "text/plain"}
    assert data["text/plain"] == repr(shown)
    assert repr(shown).startswith("Coupure\u00a0: 10,3\u00a0s")
    assert "<figure" in data["text/html"]


def test_notes_are_told_under_the_figure():
    assert "node2 n’a pas pu être observé" in display.bundle(replace(samples.sync(), notes=("node2 n’a pas pu être observé.",)))
