"""Nothing that a learner has written is lost."""

from __future__ import annotations

import pytest

from grader.draft import Draft


@pytest.fixture
def entry(tmp_path):
    return tmp_path / "reponses" / "x" / "answer.yml"


def test_a_first_time_begins_with_the_start_and_writes_nothing(entry):
    assert Draft(entry, "début").text == "début"
    assert not entry.exists()


def test_what_was_saved_comes_back(entry):
    Draft(entry, "début").save("à moi")
    assert Draft(entry, "début").text == "à moi"


def test_an_answer_emptied_on_purpose_stays_empty(entry):
    Draft(entry, "début").save("")
    assert Draft(entry, "début").text == ""


def test_another_editors_version_is_set_aside_and_never_overwritten(entry):
    draft = Draft(entry, "début")
    draft.save("un")
    entry.write_text("écrit ailleurs")
    draft.save("deux")
    entry.write_text("encore ailleurs")
    draft.save("trois")
    kept = {file.name: file.read_text() for file in entry.parent.iterdir()}
    assert kept == {"answer.yml": "trois", "answer-autre-1.yml": "écrit ailleurs", "answer-autre-2.yml": "encore ailleurs"}


def test_another_editors_version_is_taken_when_nothing_was_changed_here(entry):
    draft = Draft(entry, "début")
    draft.save("un")
    assert not draft.refresh()
    entry.write_text("écrit ailleurs")
    assert draft.refresh()
    assert draft.text == "écrit ailleurs"
    draft.save("deux")
    assert [file.name for file in entry.parent.iterdir()] == ["answer.yml"]


def test_a_file_in_an_older_encoding_loses_no_letter(entry):
    entry.parent.mkdir(parents=True)
    entry.write_bytes(b"# \xe9t\xe9\n")
    assert Draft(entry, "début").text == "# été\n"
