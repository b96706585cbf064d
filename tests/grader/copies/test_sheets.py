"""Sheets as spreadsheets, Moodle and nbgrader read them; no cell is a formula."""

from __future__ import annotations

import csv
import io
import json

import pytest

from grader.copies import sheets
from grader.copies.course import Course
from grader.copies.gradebook import gradebook
from grader.copies.records import Judged, Record, Status
from grader.errors import GraderError
from grader.report import Report


@pytest.fixture
def book(exercises):
    def judged(status, score):
        report = Report(exercise="deux-nombres", score=score, max=2.5, status="graded" if score is not None else "error", message="x")
        return Judged(status=status, answer="a: 1", answer_digest="", exercise_digest="", learner=None, report=report)

    records = {
        "durand_1": Record(name="Durand Léa", source="x", participant="1", exercises={"deux-nombres": judged(Status.GRADED, 2.5)}),
        "martin_2": Record(
            name="=1+1", source="x", participant="2", exercises={"deux-nombres": judged(Status.GRADED, 1)}, notices=("-oui.",)
        ),
        "petit_3": Record(name="Petit Zoé", source="x", participant="3", exercises={"deux-nombres": judged(Status.ERROR, None)}),
        "refus_4": Record(name="Refus Jean", source="x", participant="4", exercises={"deux-nombres": judged(Status.REFUSED, None)}),
        "absent": Record(name="Absent Paul", source="x"),
    }
    return gradebook(Course(exercises), records)


def rows(text, separator=","):
    return list(csv.reader(io.StringIO(text), delimiter=separator))


def test_who_has_a_total(book):
    assert [(row.record.name, row.total, str(row.state)) for row in book.rows] == [
        ("=1+1", 1, "à vérifier"), ("Absent Paul", 0, "à vérifier"), ("Durand Léa", 2.5, "complète"), ("Petit Zoé", None, "non jugée"),
        ("Refus Jean", 0, "à vérifier"),
    ]  # fmt: skip


def test_a_sheet_for_people(book):
    lines = rows(sheets.people(book, decimal_comma=False))
    assert lines[0] == ["Copie", "Participant", "deux-nombres", "Total", "Sur", "État", "Remarques"]
    assert lines[1][:5] == ["'=1+1", "2", "1", "1", "2.5"]
    assert lines[3][2:5] == ["2.5", "2.5", "2.5"]
    assert lines[4][2:6] == ["", "", "2.5", "non jugée"]  # no mark, not even zero
    assert lines[2][6] == "deux-nombres\u00a0: absente."
    assert rows(sheets.people(book, decimal_comma=True), ";")[3][2:5] == ["2,5", "2,5", "2,5"]


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1"])
def test_no_cell_is_a_formula(cell):
    assert sheets.safe(cell) == f"'{cell}"
    assert sheets.safe("a=1") == "a=1"


def test_a_worksheet_for_moodle(book):
    lines = rows(sheets.moodle(book, out_of=20, decimal_comma=True))
    assert lines[0] == list(sheets.MOODLE)
    assert [line[:4] for line in lines[1:]] == [
        ["Participant 2", "'=1+1", "8", "20"], ["Participant 1", "Durand Léa", "20", "20"], ["Participant 3", "Petit Zoé", "", "20"],
        ["Participant 4", "Refus Jean", "0", "20"],
    ]  # fmt: skip
    assert lines[1][5] == "deux-nombres\u00a0: 1/2,5\n-oui."


def test_moodles_own_worksheet_is_filled_in(book, tmp_path):
    sheet = tmp_path / "f.csv"
    kept = 'Participant 9,Autre,,,20,2026,"garde, moi"\nParticipant 3,Petit Zoé,,,20,2026,\n'
    heading = "Identifier,Full name,Status,Grade,Maximum Grade,Last modified (grade),Feedback comments\n"
    sheet.write_bytes(f"\ufeff{heading}Participant 1,Durand Léa,Submitted,,20,2026,\nx,absent paul,,,20,,\n{kept}".encode())
    lines = rows(sheets.moodle_filled(book, sheet, out_of=None, decimal_comma=False))
    assert lines[1] == ["Participant 1", "Durand Léa", "Submitted", "20", "20", "2026", "deux-nombres\u00a0: 2,5/2,5"]
    assert lines[2][3] == "0"
    assert lines[3] == ["Participant 9", "Autre", "", "", "20", "2026", "garde, moi"]
    assert lines[4][3] == ""


@pytest.mark.parametrize("content", [None, b"", b"a,b\n1,2\n"])
def test_what_is_no_worksheet_is_one_sentence(book, tmp_path, content):
    if content is not None:
        (tmp_path / "f.csv").write_bytes(content)
    with pytest.raises(GraderError):
        sheets.moodle_filled(book, tmp_path / "f.csv", out_of=None, decimal_comma=False)


def test_grades_for_nbgrader(book):
    lines = list(csv.DictReader(io.StringIO(sheets.nbgrader_grades(book))))
    assert {line["student_id"]: (line["assignment"], line["score"], line["max_score"]) for line in lines} == {
        "absent": ("deux-nombres", "0", "2.5"), "durand_1": ("deux-nombres", "2.5", "2.5"), "martin_2": ("deux-nombres", "1", "2.5"),
        "refus_4": ("deux-nombres", "0", "2.5"),
    }  # fmt: skip
    students = list(csv.DictReader(io.StringIO(sheets.nbgrader_students(book))))
    assert {"id": "durand_1", "last_name": "Durand", "first_name": "Léa", "email": ""} in students


def test_the_gradebook_as_json(book):
    document = json.loads(book.to_json())
    assert document["format"] == "contrepoint/notes"
    assert [copy["total"] for copy in document["copies"]] == [1, 0, 2.5, None, 0]
