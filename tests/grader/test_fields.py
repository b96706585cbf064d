"""Values by name: each of its type, and what is missing or mistyped told in one French sentence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from handmade import VALUE, write_exercise

from grader import catalog, fields
from grader.answer import opened
from grader.errors import AnswerError
from grader.run import grade
from labs.errors import LabError
from labs.timeline import store
from labs.timeline.model import Timeline

FIELDS = {
    "duree": {"label": "Durée totale", "type": "number", "unit": "s"},
    "tache": {"label": "Tâche qui retient tout", "type": "text"},
    "noeud": {"label": "Nœud le plus occupé", "type": "choice", "choices": ["node1", "node2"]},
}
GOOD = {"duree": 12.5, "tache": "Dormir", "noeud": "node2"}


@pytest.fixture
def exercise(tmp_path):
    data = VALUE | {"fields": FIELDS, "run": "run.json"}
    data["checks"] = [data["checks"][0] | {"that": "(answer.data.duree - timeline.controller_end) | abs < 0.5", "fail_msg": "non"}]
    folder = write_exercise(tmp_path / "exercises", data)
    run = Timeline("essai", datetime(2026, 1, 1, tzinfo=UTC), ("node1",), end=12.4, controller_end=12.4, status="successful")
    store.save(run, folder / "run.json")
    return catalog.find("deux-nombres", tmp_path / "exercises")


@pytest.mark.parametrize(
    ("given", "read"),
    [(12, 12), (0, 0), ("12,5", 12.5), ("12.5 s", 12.5), (" 3s ", 3.0)],
)
def test_a_number_as_a_hand_writes_it(exercise, given, read):
    assert fields.typed(GOOD | {"duree": given}, exercise.fields)["duree"] == read


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"duree": None}, "Il manque à la réponse « Durée totale » (duree)."),
        ({"duree": "longtemps"}, "« Durée totale » : un nombre est attendu, et la réponse dit « longtemps »."),
        ({"duree": True}, "un nombre est attendu"),
        ({"duree": [1]}, "un nombre est attendu"),
        ({"tache": " "}, "Il manque à la réponse « Tâche qui retient tout »"),
        ({"tache": {"a": 1}}, "un texte est attendu"),
        ({"noeud": "node9"}, "« node9 » ne fait pas partie des choix. Choix : node1, node2."),
        ({"durée": 3}, "La réponse donne « durée », que l'exercice ne demande pas. Noms attendus : duree, tache, noeud."),
    ],
)
def test_what_is_missing_or_mistyped_is_told(exercise, change, expected):
    with pytest.raises(AnswerError) as caught:
        fields.typed(GOOD | change, exercise.fields)
    assert expected in str(caught.value)


def test_values_are_written_as_an_answer_that_reads_back(exercise, tmp_path):
    assert fields.written({"duree": 12.5, "tache": "", "noeud": None}) == "duree: 12.5\n"
    assert fields.written({"duree": None}) == ""
    answer = tmp_path / "answer.yml"
    answer.write_text(fields.written(GOOD))
    with opened(answer, exercise) as read:
        assert read.data == GOOD


def test_a_recorded_run_is_what_conditions_call_timeline(exercise, tmp_path):
    answer = tmp_path / "answer.yml"
    for duration, score in ((12.5, 1), (14, 0)):
        answer.write_text(fields.written(GOOD | {"duree": duration}))
        result = grade(exercise, answer)
        assert (result.report.status, result.report.score) == ("graded", score)
        assert result.timelines == ()


def test_a_recorded_run_that_cannot_be_read_is_no_mark(exercise, tmp_path):
    (exercise.folder / "run.json").write_text("{}")
    with pytest.raises(LabError):
        exercise.recorded()
    answer = tmp_path / "answer.yml"
    answer.write_text(fields.written(GOOD))
    assert grade(exercise, answer).report.status == "error"
