"""`grader test` on an exercise of values, which needs no lab: what holds is told, and what does not."""

from __future__ import annotations

import copy
import json
import subprocess
import sys

import pytest
from handmade import VALUE, write_exercise

from grader import catalog, proof, skeleton
from grader.errors import GraderError
from grader.spec import Kind
from labs.lab import Lab

ANSWERS = {
    "solution": "a: 2\nb: 3\n",
    "right/zero": "a: 0\nb: 5\n",
    "right/negatif": "a: -1\nb: 6\n",
    "wrong/trop": "a: 3\nb: 3\n",
    "wrong/peu": "a: 1\nb: 1\n",
    "wrong/un-seul": "a: 5\n",
    "wrong/aucun": "c: 5\n",
    "start": "a: 0\nb: 0\n",
}
CAUGHT = {"trop": "somme", "peu": "somme", "un-seul": "presents", "aucun": "presents"}


@pytest.fixture
def write(tmp_path):
    """Write the exercise with its answers; a test changes one of them."""

    def write(answers=None, **more):
        wrong = {name: {"caught_by": point, "because": "x"} for name, point in CAUGHT.items()}
        folder = write_exercise(tmp_path, copy.deepcopy(VALUE) | {"wrong": wrong} | more)
        for name, text in (ANSWERS | (answers or {})).items():
            if text is not None:
                (folder / name).mkdir(parents=True)
                (folder / name / "answer.yml").write_text(text)
        return catalog.find("deux-nombres", tmp_path)

    return write


@pytest.fixture(autouse=True)
def no_lab(monkeypatch):
    def refused(*_):
        raise AssertionError("nothing here needs a lab")

    monkeypatch.setattr(Lab, "up", refused)


def problems(exercise):
    return {done.case.name: done.problem for done in proof.prove_all(proof.cases(exercise), 3) if done.problem}


def test_an_exercise_that_holds(write):
    exercise = write()
    assert proof.gaps(exercise) == []
    assert problems(exercise) == {}
    assert [case.name for case in proof.cases(exercise)] == [
        "solution", "right/negatif", "right/zero", "wrong/trop", "wrong/peu", "wrong/un-seul", "wrong/aucun", "start", "vide",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("solution", "a: 2\nb: 2\n", "devait avoir tous les points : elle a 1 sur 2,5\n  « somme »"),
        ("right/zero", "- 5\n", "devait avoir tous les points : elle est refusée"),
        ("wrong/trop", "a: 2\nb: 3\n", "devait être attrapée par « somme » : elle a 2,5 sur 2,5"),
        ("wrong/trop", "a: 3\n", "devait être attrapée par « somme »"),  # another check catches it: « somme » is not even examined
        ("wrong/trop", "- 3\n", "devait être attrapée par « somme » : elle est refusée"),
        ("start", "a: 2\nb: 3\n", "a déjà tous les points"),
    ],
)
def test_what_does_not_hold_is_told(write, name, text, expected):
    told = problems(write({name: text}))
    assert list(told) == [name]
    assert expected in told[name]


def test_a_faulty_condition_is_no_verdict(write):
    checks = copy.deepcopy(VALUE["checks"])
    checks[1]["that"] = "answer.data.c == 5"
    done = proof.prove(proof.cases(write(checks=checks))[0])
    assert not done.judged
    assert "n'a pas pu être jugée" in done.problem


def test_what_is_missing_is_told_before_anything_runs(write):
    exercise = write({"right/zero": None, "wrong/oubliee": "a: 1\n"}, wrong={"trop": {"caught_by": "somme", "because": "x"}})
    told = " ".join(proof.gaps(exercise))
    assert "right/ garde 1 réponse(s)" in told
    assert "wrong : 1 réponse(s) fausse(s)" in told
    assert "aucun, oubliee, peu et un-seul n'est pas dans exercise.yml" in told


def test_the_solution_is_proved_for_another_learner_too(write):
    drawn = {"somme": [5, 6, 7]}
    checks = copy.deepcopy(VALUE["checks"])
    checks[1]["that"] = "answer.data.a + answer.data.b == parameters.somme"
    exercise = write(
        {"solution": "a: 0\nb: [[ somme ]]\n", "right/zero": "a: [[ somme ]]\nb: 0\n", "right/negatif": "a: -1\nb: 6\n"},
        drawn=drawn,
        checks=checks,
    )
    other = proof.cases(exercise)[1]
    assert other.name.startswith("solution (")
    assert other.exercise.parameters["somme"] != 5
    assert problems(exercise) == {}


@pytest.mark.parametrize("kind", Kind)
def test_a_new_exercise_lacks_nothing(tmp_path, kind):
    skeleton.write(tmp_path / "mon-exercice", kind)
    exercise = catalog.find("mon-exercice", tmp_path)
    assert exercise.kind is kind
    assert proof.gaps(exercise) == []
    if kind is Kind.VALUE:
        assert problems(exercise) == {}


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [("Mon exercice", "value", "n'est pas un identifiant"), ("x", "video", "n'est pas un genre"), ("la", "value", "existe déjà")],
)
def test_a_new_exercise_that_cannot_be_made(tmp_path, name, kind, expected):
    (tmp_path / "la").mkdir()
    with pytest.raises(GraderError, match=expected):
        skeleton.write(tmp_path / name, kind)


def grader(*arguments):
    command = [sys.executable, "-m", "grader.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_the_command_line_tells_each_answers_fate(write, tmp_path):
    write()
    done = grader("test", "deux-nombres", "--exercices", tmp_path, "--jobs", "3")
    assert done.returncode == 0, done.stderr
    assert "✓ deux-nombres right/zero\u00a0: 2,5/2,5" in done.stdout
    assert "9 sur 9" in done.stdout


def test_its_json_and_its_exit_codes(write, tmp_path):
    write({"solution": "a: 2\nb: 2\n"})
    done = grader("test", "deux-nombres", "--exercices", tmp_path, "--json")
    (told,) = json.loads(done.stdout)
    assert (done.returncode, told["exercise"], told["gaps"]) == (1, "deux-nombres", [])
    (solution,) = [answer for answer in told["answers"] if answer["answer"] == "solution"]
    assert (solution["held"], solution["score"], solution["max"]) == (False, 1, 2.5)
    assert "devait avoir tous les points" in solution["problem"]
    assert grader("test", "rien", "--exercices", tmp_path).returncode == 2


def test_new_then_test_by_the_command_line(tmp_path):
    done = grader("new", "mon-exercice", "--kind", "value", "--exercices", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "grader test mon-exercice" in done.stdout
    assert grader("test", "--exercices", tmp_path).returncode == 0  # without any id: all that the folder holds
    assert grader("new", "mon-exercice", "--exercices", tmp_path).returncode == 2


def test_kept_runs_are_judged_by_the_command_line(tmp_path):
    skeleton.write(tmp_path / "valeurs", "value")
    assert grader("test", "valeurs", "--rejouer", "--exercices", tmp_path).returncode == 0  # nothing is ever run of it
    skeleton.write(tmp_path / "jamais", "playbook")
    done = grader("test", "jamais", "--rejouer", "--exercices", tmp_path)
    assert done.returncode == 2
    assert "aucune exécution n’est gardée. Lancez « grader test jamais --garder »" in done.stdout.replace("\u00a0", " ")
    done = grader("test", "valeurs", "--rejouer", "--garder", "--exercices", tmp_path)
    assert done.returncode == 2
    assert "choisissez" in done.stderr
