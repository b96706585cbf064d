"""A class graded: what is kept from one time to the next, what is tried again, and for whom values are drawn."""

from __future__ import annotations

import copy
from contextlib import closing
from threading import Event

import pytest
import yaml
from handmade import VALUE, write_exercise
from packing import HALF, NONE, RIGHT

from grader.copies import judging
from grader.copies.admission import Gate, Load
from grader.copies.batch import Batch, LearnerFrom
from grader.copies.course import Course
from grader.copies.engines import Here
from grader.copies.intake import find
from grader.copies.records import Status, Store
from grader.errors import ExerciseError
from grader.progress import Progress
from grader.report import failure
from grader.run import Graded
from labs.errors import LabError
from labs.lab import Lab


@pytest.fixture(autouse=True)
def no_lab(monkeypatch):
    def refused(*_):
        raise AssertionError("nothing here needs a lab")

    monkeypatch.setattr(Lab, "up", refused)
    monkeypatch.setattr(judging, "PAUSE", 0.01)


@pytest.fixture
def place(tmp_path, exercises):
    """A class of three: all points, some, and no answer at all."""
    for name, text in (("léa", RIGHT), ("paul", HALF), ("zoé", NONE)):
        (tmp_path / "copies" / name).mkdir(parents=True)
        (tmp_path / "copies" / name / "deux-nombres.yml").write_text(text)
    return tmp_path


class Notes:
    """What a grading told."""

    def __init__(self):
        self.plan, self.done, self.reasons = None, [], set()

    def planned(self, *plan):
        self.plan = plan

    def waiting(self, reason):
        self.reasons.add(reason)

    def judged(self, task, judged):
        self.done.append((task.copy.slug, judged.status))


class Calm:
    def load(self):
        return Load(0, 0, 10**12)


def graded(place, learner_from=LearnerFrom.KIT, stop=None, jobs=2):
    course, notes = Course(place / "exercises"), Notes()
    copies = list(find(place / "copies", course, place / "atelier", place / "out", print))
    clock = iter(range(10**9))
    with closing(Here(jobs, Gate(Calm(), lambda: next(clock) * 10.0))) as engine:
        records = Batch(course, Store(place / "out"), notes, stop or Event(), engine).grade(copies, learner_from)
    return records, notes


def scores(records, exercise_id="deux-nombres"):
    return {slug: record.exercises[exercise_id].report.score for slug, record in records.items()}


def test_each_copy_has_its_mark_and_the_next_time_nothing_is_left_to_do(place):
    records, notes = graded(place)
    assert scores(records) == {"léa": 2.5, "paul": 1, "zoé": None}
    assert records["zoé"].exercises["deux-nombres"].status is Status.REFUSED
    assert notes.plan == (3, 3, 0)
    again, notes = graded(place)
    assert again == records
    assert (notes.plan, notes.done) == ((3, 3, 3), [])


def test_a_record_is_the_same_however_often_it_was_taken_up(place):
    for other in ("autre", "zero"):
        write_exercise(place / "exercises", VALUE | {"id": other})
        (place / "copies" / "léa" / f"{other}.yml").write_text(RIGHT)
    graded(place)
    kept = (place / "out" / "copies" / "léa.json").read_text()
    records, _ = graded(place)
    assert Store(place / "out").read("léa").model_dump_json() == records["léa"].model_dump_json()
    (place / "copies" / "léa" / "deux-nombres.yml").write_text(HALF)
    graded(place)
    (place / "copies" / "léa" / "deux-nombres.yml").write_text(RIGHT)
    graded(place)
    assert (place / "out" / "copies" / "léa.json").read_text() == kept


def test_only_what_changed_is_judged_again(place):
    graded(place)
    (place / "copies" / "paul" / "deux-nombres.yml").write_text(RIGHT)
    records, notes = graded(place)
    assert notes.done == [("paul", Status.GRADED)]
    assert scores(records)["paul"] == 2.5
    checks = copy.deepcopy(VALUE["checks"])
    checks[1]["points"] = 4
    write_exercise(place / "exercises", VALUE | {"checks": checks})
    records, notes = graded(place)
    assert len(notes.done) == 3
    assert scores(records) == {"léa": 5, "paul": 5, "zoé": None}


def test_no_message_tells_where_answers_lie(place):
    (place / "copies" / "l'été : fini").mkdir()
    (place / "copies" / "l'été : fini" / "deux-nombres.yml").write_text("  \n")
    records, _ = graded(place)
    (message,) = (record.exercises["deux-nombres"].report.message for slug, record in records.items() if "fini" in slug)
    assert message == "answer.yml est vide. Écrivez-y votre réponse."


def test_a_record_that_cannot_be_read_is_made_anew(place):
    graded(place)
    (place / "out" / "copies" / "léa.json").write_text('{"format": "contrepoint/copie"')
    records, notes = graded(place)
    assert notes.done == [("léa", Status.GRADED)]
    assert scores(records)["léa"] == 2.5


def test_a_copy_that_is_gone_is_not_told_any_more_and_its_record_stays(place):
    graded(place)
    (place / "copies" / "paul" / "deux-nombres.yml").unlink()
    (place / "copies" / "paul").rmdir()
    records, _ = graded(place)
    assert set(records) == {"léa", "zoé"}
    assert (place / "out" / "copies" / "paul.json").exists()


def test_a_faulty_exercise_is_an_error_and_is_tried_again_when_it_is_put_right(place):
    checks = copy.deepcopy(VALUE["checks"])
    checks[0]["that"] = "answer.data.c == 5"
    write_exercise(place / "exercises", VALUE | {"checks": checks})
    records, _ = graded(place)
    assert {record.exercises["deux-nombres"].status for record in records.values()} == {Status.ERROR, Status.REFUSED}
    assert scores(records) == {"léa": None, "paul": None, "zoé": None}
    assert len(graded(place)[1].done) == 2
    write_exercise(place / "exercises", VALUE)
    assert scores(graded(place)[0]) == {"léa": 2.5, "paul": 1, "zoé": None}


@pytest.fixture
def play(place):
    """The same class with an exercise that needs nodes; what grading it gives is in the test's hand."""
    data = copy.deepcopy(VALUE) | {"id": "un-play", "kind": "playbook"}
    data["checks"] = [data["checks"][0] | {"that": "true", "success_msg": "x", "fail_msg": "x"}]
    write_exercise(place / "exercises", data)
    (place / "copies" / "léa" / "un-play.yml").write_text("- hosts: all\n")
    (place / "copies" / "paul" / "un-play.yml").write_text("pas un play\n")
    return place


def failing(monkeypatch, error, times):
    """Let the lab fail so many times."""
    tries, grade = [], judging.grade

    def tried(exercise, folder, stop=None, *, trusted):
        if exercise.id != "un-play" or "paul" in str(folder):
            return grade(exercise, folder)
        tries.append(folder)
        if len(tries) <= times:
            return Graded(failure(exercise.id, exercise.points, error), error=error)
        return Graded(failure(exercise.id, 1, error).model_copy(update={"status": "graded", "score": 1}))

    monkeypatch.setattr(judging, "grade", tried)
    return tries


def test_a_lab_that_fails_is_tried_again_on_another(play, monkeypatch):
    tries = failing(monkeypatch, LabError("Le nœud est parti."), 2)
    records, _ = graded(play)
    assert len(tries) == 3
    assert records["léa"].exercises["un-play"].status is Status.GRADED
    assert records["paul"].exercises["un-play"].status is Status.REFUSED  # no lab was asked for it


def test_a_lab_that_always_fails_gives_no_mark_and_the_next_time_it_is_tried_again(play, monkeypatch):
    tries = failing(monkeypatch, LabError("Le nœud est parti."), 3)
    judged = graded(play)[0]["léa"].exercises["un-play"]
    assert len(tries) == judging.ATTEMPTS
    assert (judged.status, judged.report.score) == (Status.ERROR, None)
    records, notes = graded(play)
    assert notes.done == [("léa", Status.GRADED)]
    assert records["léa"].exercises["un-play"].report.score == 1


def test_a_faulty_exercise_is_not_tried_again(play, monkeypatch):
    tries = failing(monkeypatch, ExerciseError("Faute."), 9)
    graded(play)
    assert len(tries) == 1


def test_what_fails_while_all_is_stopped_is_no_error(play, monkeypatch):
    stop = Event()
    error = LabError("Le labo a été arrêté.")

    def stopped(exercise, folder, stop=stop, *, trusted):
        stop.set()
        return Graded(failure(exercise.id, exercise.points, error), error=error)

    monkeypatch.setattr(judging, "grade", stopped)
    records, notes = graded(play, stop=stop)
    assert notes.done == []
    assert all(record.exercises == {} for record in records.values())


def test_values_are_those_of_the_learner_that_the_copy_names(place):
    data = copy.deepcopy(VALUE) | {"drawn": {"somme": list(range(5, 505))}}
    data["checks"][1]["that"] = "answer.data.a + answer.data.b == parameters.somme"
    write_exercise(place / "exercises", data)
    course = Course(place / "exercises")
    learner = Progress(place / "copies" / "léa" / "progression.sqlite").learner()
    drawn = {who: course.of("deux-nombres", who).parameters["somme"] for who in (learner, "paul", "léa", None)}

    def write(name, somme):
        (place / "copies" / name / "deux-nombres.yml").write_text(yaml.safe_dump({"a": 0, "b": somme}))

    write("léa", drawn[learner])
    write("paul", drawn["paul"])
    records, _ = graded(place)
    assert scores(records) == {"léa": 2.5, "paul": 2.5, "zoé": None}
    assert records["léa"].notices == ()
    assert "elle est jugée avec les valeurs tirées pour « paul »" in records["paul"].notices[0]
    assert scores(graded(place, LearnerFrom.NAME)[0]) == {"léa": 1, "paul": 2.5, "zoé": None}
    write("léa", drawn[None])
    assert scores(graded(place, LearnerFrom.NOBODY)[0]) == {"léa": 2.5, "paul": 1, "zoé": None}
