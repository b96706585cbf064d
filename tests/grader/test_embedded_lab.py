"""Exercises where there are no containers: those that can be judged are, the others say what they need."""

from __future__ import annotations

import pytest

from grader import catalog
from grader.run import grade
from labs.engines import settings
from labs.engines.embedded import Embedded


@pytest.fixture(autouse=True)
def no_containers(monkeypatch):
    monkeypatch.setattr(settings, "choose", Embedded)


def test_an_exercise_that_reads_the_nodes_files_says_that_it_needs_containers():
    exercise = catalog.find("sync-coupure")
    report = grade(exercise, exercise.folder / "solution").report
    assert (report.status, report.score) == ("error", None)
    assert "besoin de conteneurs" in report.message
    assert "podman" in report.message


@pytest.mark.lab
def test_another_is_judged_on_the_embedded_lab():
    exercise = catalog.find("adhoc-detacher")
    report = grade(exercise, exercise.folder / "solution").report
    assert report.score == exercise.points
