"""The command line as it is used: exit codes, JSON, one French sentence for what goes wrong."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from handmade import VALUE, write_exercise

from grader import catalog
from grader.nodes import PREFIX
from grader.progress import Progress

GRADER = [sys.executable, "-m", "grader.cli"]


def grader(*arguments, **options):
    return subprocess.run([*GRADER, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120, **options)


@pytest.fixture
def check(exercises, tmp_path):
    """Grade a text as an answer to the exercise of values, without any lab."""

    def check(text, *options):
        answer = tmp_path / "answer.yml"
        answer.write_text(text)
        return grader("check", "deux-nombres", answer, "--exercices", exercises, *options)

    return check


@pytest.mark.parametrize(("text", "code"), [("a: 2\nb: 3\n", 0), ("a: 2\nb: 2\n", 1), ("- 2\n", 2)])
def test_exit_codes(check, text, code):
    assert check(text).returncode == code


def test_json_of_a_graded_answer(check):
    done = check("a: 2\nb: 2\n", "--json")
    report = json.loads(done.stdout)
    assert set(report) == {"exercise", "score", "max", "checks", "status", "message"}
    assert (report["exercise"], report["score"], report["max"], report["status"]) == ("deux-nombres", 1, 2.5, "graded")
    assert [set(entry) for entry in report["checks"]] == [{"id", "title", "passed", "points", "max", "message", "hint"}] * 2
    assert report["checks"][1] | {"message": ""} == {
        "id": "somme", "title": "Leur somme est juste", "passed": False, "points": 0, "max": 1.5, "message": "", "hint": "Comptez.",
    }  # fmt: skip
    assert done.stderr == ""


def test_json_of_a_refused_answer_has_no_mark(check):
    done = check("- 2\n", "--json")
    report = json.loads(done.stdout)
    assert (report["status"], report["score"], report["checks"]) == ("error", None, [])
    assert report["message"] in done.stderr


def test_text_of_a_graded_answer(check):
    lines = check("a: 2\nb: 2\n").stdout.splitlines()
    assert lines[0] == "✓ Les deux nombres sont donnés (1/1)"
    assert lines[2] == "✕ Leur somme est juste (0/1,5)"
    assert lines[3] == "  La somme fait 4\u00a0; 5 est attendu."
    assert lines[4].startswith("1\u00a0point sur 2,5. À revoir d’abord\u00a0:")
    assert lines[5] == "  Indice\u00a0: Comptez."


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("check", "rien", "x"), "Il n’y a pas d’exercice «\u00a0rien\u00a0»."),
        (("check", "sync-coupure", "/nulle/part"), "Il n’y a pas de réponse à /nulle/part."),
        (("show", "sync-coupur"), "Vouliez-vous dire «\u00a0sync-coupure\u00a0»"),
        (("check",), "La commande est incomplète ou mal écrite\u00a0: il manque ID."),
        (("chek",), "la commande «\u00a0chek\u00a0» n’existe pas (vouliez-vous dire check"),
        (("list", "--exercices", "/nulle/part"), "Il n’y a pas de dossier d’exercices"),
    ],
)
def test_what_a_user_can_cause_is_one_french_sentence(arguments, expected):
    done = grader(*arguments)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_unknown_exercise_is_told_in_json_too():
    done = grader("check", "rien", "x", "--json")
    assert json.loads(done.stdout)["status"] == "error"
    assert done.returncode == 2


def test_list_and_show():
    listed = grader("list").stdout
    assert all(exercise_id in listed for exercise_id in catalog.ids())
    shown = grader("show", "sync-coupure").stdout
    assert "/bin/sleep 8" in shown
    assert "Ce qui est jugé" in shown


def test_help_is_french_and_quick():
    grader("--help")  # bytecode is compiled once
    before = os.times()
    done = grader("--help")
    spent = os.times()
    assert "Corriger une réponse" in done.stdout
    assert done.stdout == grader().stdout
    # Processor time of the child: a loaded machine must not change the verdict. Wanted: 0.3 s.
    assert (spent.children_user + spent.children_system) - (before.children_user + before.children_system) < 0.3


def test_a_state_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    start = catalog.find("sync-coupure").folder / "start"
    done = grader("check", "sync-coupure", start, "--json", env=os.environ | {"CONTREPOINT_STATE": str(tmp_path / "file" / "labs")})
    assert (done.returncode, json.loads(done.stdout)["status"]) == (2, "error")
    assert "Le système a refusé une opération sur un fichier" in done.stderr
    assert "Traceback" not in done.stderr


def test_grading_needs_no_jupyter(exercises, tmp_path):
    """What the optional extra brings must not be imported on the way."""
    (tmp_path / "answer.yml").write_text("a: 2\nb: 3\n")
    code = "import sys\nfor name in ('IPython', 'ipywidgets', 'anywidget', 'ipykernel'):\n    sys.modules[name] = None\nfrom grader.cli import main; main()"
    arguments = ["check", "deux-nombres", tmp_path / "answer.yml", "--exercices", exercises]
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.lab
def test_the_solution_of_the_course_by_the_command_line():
    done = grader("check", "sync-coupure", catalog.find("sync-coupure").folder / "solution", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["status"], report["score"]) == (0, "graded", 10)


@pytest.mark.lab
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_grading_takes_its_lab_away(how, own_state):
    solution = catalog.find("sync-coupure").folder / "solution"
    with subprocess.Popen([*GRADER, "check", "sync-coupure", str(solution)], stderr=subprocess.PIPE, text=True) as grading:
        deadline = time.monotonic() + 30
        while not list(own_state.glob(f"{PREFIX}*/inventory.yml")) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1)
        grading.send_signal(how)
        _, said = grading.communicate(timeout=60)
    assert grading.returncode == 130
    assert "correction interrompue" in said
    assert list(own_state.glob(f"{PREFIX}*")) == []


SWALLOWED = """
import os, signal, time
from grader import cli, run

def grade(exercise, path, watcher, stop, *, trusted):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
    except KeyboardInterrupt:
        pass  # as a destructor or a callback does
    return run.unjudged(exercise, run.GivenUpError()) if stop.is_set() else None

run.grade = grade
cli.main()
"""


def test_an_interruption_that_something_swallows_is_heeded_all_the_same():
    solution = catalog.find("sync-coupure").folder / "solution"
    command = [sys.executable, "-c", SWALLOWED, "check", "sync-coupure", str(solution)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, "correction interrompue" in done.stderr) == (130, True), done.stderr


@pytest.fixture
def own(tmp_path):
    """The learner's folder, and an exercise whose sum is drawn: the command line run as that learner would."""
    data = copy.deepcopy(VALUE) | {"drawn": {"somme": list(range(5, 105))}}
    data["statement"] = "Somme : [[ somme ]]."
    data["checks"][1]["that"] = "answer.data.a + answer.data.b == parameters.somme"
    write_exercise(tmp_path / "ex", data)
    environment = os.environ | {"CONTREPOINT_TRAVAIL": str(tmp_path / "travail"), "CONTREPOINT_EXERCICES": str(tmp_path / "ex")}
    return lambda *arguments: grader(*arguments, env=environment)


def test_a_learners_own_answer_is_graded_with_their_own_values_and_noted(own, tmp_path):
    learner = Progress(tmp_path / "travail" / "progression.sqlite").learner()
    somme = catalog.find("deux-nombres", tmp_path / "ex", learner).parameters["somme"]
    answer = tmp_path / "travail" / "reponses" / "deux-nombres" / "answer.yml"
    answer.parent.mkdir(parents=True)
    answer.write_text(f"a: 0\nb: {somme}\n")
    assert f"Somme\u00a0: {somme}." in own("show", "deux-nombres").stdout
    assert own("check", "deux-nombres", answer).returncode == 0
    assert [fact.score for fact in Progress(tmp_path / "travail" / "progression.sqlite").attempts()] == [2.5]
    other = tmp_path / "answer.yml"
    other.write_text("a: 0\nb: 5\n")
    assert own("check", "deux-nombres", other).returncode == 0  # from elsewhere: the first of each list
    other.write_text(f"a: 0\nb: {catalog.find('deux-nombres', tmp_path / 'ex', 'lea').parameters['somme']}\n")
    assert own("check", "deux-nombres", other, "--learner", "lea").returncode == 0
    assert len(Progress(tmp_path / "travail" / "progression.sqlite").attempts()) == 1


def test_a_damaged_progress_stops_no_grading(own, tmp_path):
    answer = tmp_path / "travail" / "reponses" / "answer.yml"
    answer.parent.mkdir(parents=True)
    answer.write_text("a: 0\nb: 5\n")
    (tmp_path / "travail" / "progression.sqlite").write_bytes(b"rien de bon" * 200)
    done = own("check", "deux-nombres", answer)
    assert done.returncode == 0
    assert "est abîmé" in done.stderr
    shown = own("progress")
    assert (shown.returncode, len(shown.stderr.splitlines())) == (2, 1)


def test_progress_as_a_table_as_json_and_as_a_file(tmp_path):
    environment = os.environ | {"CONTREPOINT_TRAVAIL": str(tmp_path / "travail"), "COLUMNS": "200"}
    assert "Survivre à une coupure" in grader("progress", env=environment).stdout
    assert {"learner", "lessons", "attempts", "hints"} <= set(json.loads(grader("progress", "--json", env=environment).stdout))
    done = grader("progress", "--export", tmp_path / "p.csv", env=environment)
    assert (done.returncode, done.stdout) == (0, "")
    assert "sync-coupure" in (tmp_path / "p.csv").read_text()
    assert grader("progress", "--export", tmp_path / "p.pdf", env=environment).returncode == 2
