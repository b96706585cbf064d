"""« Ma progression » without a browser: the table, its refreshing, its export, and a progress that fails."""

from __future__ import annotations

import asyncio
import json

import pytest
from ipywidgets import Widget

from grader import dashboard
from grader.progress import Progress
from grader.report import Report
from labs import paths


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "WORK", tmp_path / "travail")
    yield tmp_path / "travail"
    Widget.close_all()


@pytest.fixture
def shown(monkeypatch):
    """What the cell's outputs were made to show, in order."""
    kept = []

    class Handle:
        def update(self, bundle, *, raw):
            assert raw
            kept.append(bundle)

    def place(still, widget=None):
        kept.append(still)
        return Handle()

    monkeypatch.setattr(dashboard.toolkit, "place", place)
    return kept


def attempt(score):
    Progress().record_attempt(Report(exercise="sync-coupure", score=score, max=10, status="graded", message="x"), 65)


def test_the_table_says_where_one_stands_and_is_refreshed(shown):
    panel = dashboard.Dashboard()
    panel.open()
    assert "Exécutez cette cellule" in shown[0]["text/plain"]
    assert "Survivre à une coupure" in shown[1]["text/html"]
    assert "0\u00a0exercice réussi sur" in shown[1]["text/html"]
    attempt(10)
    asyncio.run(panel.refresh())
    html, text = shown[-1]["text/html"], shown[-1]["text/plain"]
    assert "✓\u00a0réussi</td><td>10/10</td><td>1</td><td>0</td><td>1\u00a0min\u00a005\u00a0s</td>" in html
    assert "1\u00a0exercice réussi sur" in html
    assert "  Survivre à une coupure, ✓\u00a0réussi" in text
    assert "À jour." in panel.message.value
    assert 'role="status"' in panel.message.value


def test_it_can_be_exported(shown, work):
    attempt(4)
    panel = dashboard.Dashboard()
    panel.open()
    asyncio.run(panel.export())
    assert "progression.csv et progression.json" in panel.message.value
    assert json.loads((work / "progression.json").read_text())["attempts"][0]["score"] == 4
    assert "sync-coupure" in (work / "progression.csv").read_text()


def test_a_damaged_progress_is_told_in_the_panel(shown, work):
    work.mkdir()
    (work / "progression.sqlite").write_bytes(b"rien de bon" * 200)
    panel = dashboard.Dashboard()
    panel.open()
    assert "est abîmé" in panel.message.value
    asyncio.run(panel.refresh())
    assert "est abîmé" in panel.message.value
    asyncio.run(panel.export())
    assert "est abîmé" in panel.message.value


def test_buttons_have_names():
    panel = dashboard.Dashboard()
    assert [panel.refresh_button.description, panel.export_button.description] == ["Actualiser", "Exporter"]
