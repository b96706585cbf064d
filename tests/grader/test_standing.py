"""Where a learner stands, lesson by lesson, and what leaves in CSV and JSON."""

from __future__ import annotations

import csv
import io
import json

import pytest
from handmade import VALUE, write_exercise

from grader import catalog, standing
from grader.errors import GraderError
from grader.lessons import Lesson, lessons
from grader.progress import Progress
from grader.report import Report

COURSE = (
    Lesson("00_accueil", "Accueil", ()),
    Lesson("01_un", "Un", ("b", "a", "pas-encore")),
    Lesson("02_deux", "Deux", ("c",)),
)


@pytest.fixture
def progress(tmp_path):
    return Progress(tmp_path / "progression.sqlite")


@pytest.fixture
def exercises(tmp_path):
    for name in "abcd":
        write_exercise(tmp_path / "e", VALUE | {"id": name, "title": f"Exercice {name}"})
    return [catalog.find(name, tmp_path / "e") for name in "abcd"]


def graded(exercise, score):
    return Report(exercise=exercise, score=score, max=2.5, status="error" if score is None else "graded", message="x")


def test_one_row_an_exercise_in_the_order_of_the_course(progress, exercises):
    progress.opened("a")
    for score in (1, 2.5, None, 0):
        progress.record_attempt(graded("a", score), 10)
    progress.record_hint("a", "somme", 2)
    progress.record_hint("c", "somme", 1)
    un, deux, others = standing.summary(progress, exercises, COURSE)
    assert [(lesson.lesson, [row.exercise for row in lesson.exercises]) for lesson in (un, deux, others)] == [
        ("01_un", ["b", "a"]), ("02_deux", ["c"]), ("", ["d"]),
    ]  # fmt: skip
    row = un.exercises[1]
    assert (row.best, row.max, row.done, row.attempts, row.hints, row.seconds) == (2.5, 2.5, True, 4, 1, 40)
    assert row.first < row.last
    assert (un.best, un.max, un.done, un.attempts, un.hints, un.seconds) == (2.5, 5, 1, 4, 1, 40)
    untouched = un.exercises[0]
    assert (untouched.best, untouched.first, untouched.last, untouched.done) == (None, None, None, False)
    assert (deux.exercises[0].best, deux.hints) == (None, 1)


def test_export(progress, tmp_path):
    progress.record_attempt(graded("sync-coupure", 2), 12.5)
    progress.record_hint("sync-coupure", "fichier", 3)
    standing.export(progress, tmp_path / "sortie" / "p.csv")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "sortie" / "p.csv").read_text())))
    (row,) = [row for row in rows if row["exercise"] == "sync-coupure"]
    assert (row["lesson"], row["best"], row["attempts"], row["hints"], row["seconds"]) == (
        "01_synchrone_asynchrone",
        "2.0",
        "1",
        "1",
        "12.5",
    )
    standing.export(progress, tmp_path / "p.json")
    document = json.loads((tmp_path / "p.json").read_text())
    assert document["learner"] == progress.learner()
    assert document["attempts"][0]["score"] == 2
    assert document["hints"][0] | {"time": ""} == {"exercise": "sync-coupure", "point": "fichier", "level": 3, "time": ""}
    assert {lesson["lesson"] for lesson in document["lessons"]} >= {"01_synchrone_asynchrone"}


def test_an_export_that_cannot_be_is_told(progress, tmp_path):
    with pytest.raises(GraderError, match=r"ni par \.csv ni par \.json"):
        standing.export(progress, tmp_path / "p.xls")
    (tmp_path / "file").touch()
    with pytest.raises(GraderError, match="ne peut pas être écrit"):
        standing.export(progress, tmp_path / "file" / "p.csv")


def test_lessons_are_read_in_their_sources(tmp_path):
    (tmp_path / "01_un.md").write_text(
        '# Un titre\n\n```{code-cell}\nexercise("a-b")\n```\n\n```{code-cell}\n%%exercice c-d\n- hosts: all\n```\n'
    )
    (tmp_path / "00_zero.md").write_text("# Zéro\n\nRien.\n")
    assert lessons(tmp_path) == (Lesson("00_zero", "Zéro", ()), Lesson("01_un", "Un titre", ("a-b", "c-d")))


def test_the_courses_own_sources_name_exercises_that_exist():
    named = [exercise_id for lesson in lessons() for exercise_id in lesson.exercises]
    assert len(named) == len(set(named))
    assert set(named) <= set(catalog.ids())
