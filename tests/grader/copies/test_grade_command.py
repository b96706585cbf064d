"""`grader grade` as it is used, on values that need no lab, and on real nodes: killed, stopped, taken up again."""

from __future__ import annotations

import copy
import fcntl
import json
import random
import re
import signal
import subprocess
import sys
import time

import pytest
from handmade import VALUE, write_exercise
from packing import HALF, NONE, RIGHT, zipped

from grader.nodes import PREFIX

GRADER = [sys.executable, "-m", "grader.cli", "grade"]
OUTSIDE = re.compile(r"""(?:src|href|action|content|url\()\s*=?\s*["'(]?(?:https?:)?//""", re.IGNORECASE)


def command(place, *options):
    return [*GRADER, str(place / "copies"), "--out", str(place / "out"), "--exercices", str(place / "exercises"), *map(str, options)]


def grade(place, *options):
    return subprocess.run(command(place, *options), capture_output=True, text=True, check=False, timeout=300)


def put(place, name, text, exercise_id="deux-nombres"):
    folder = place / "copies" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{exercise_id}.yml").write_text(text)


@pytest.fixture
def place(tmp_path, exercises):
    for name, text in (("léa", RIGHT), ("paul", HALF), ("zoé", NONE)):
        put(tmp_path, name, text)
    return tmp_path


def told(out):
    """All that is written of a class but for the records: what a teacher sees."""
    names = ("notes.json", "notes.csv", "nbgrader/grades.csv", "classe.html")
    return {name: (out / name).read_text() for name in names} | {page.name: page.read_text() for page in (out / "retours").iterdir()}


def test_a_class_in_one_command(place):
    done = grade(place, "--decimal-comma")
    assert done.returncode == 0
    assert "3\u00a0copies, 3\u00a0réponses" in done.stderr
    assert "✓ paul, deux-nombres\u00a0: 1/2,5" in done.stderr
    assert "✕ zoé, deux-nombres\u00a0: La réponse n’est pas une table de valeurs." in done.stderr
    assert "3\u00a0copies, dont 3 avec un total." in done.stdout
    assert "paul;;1;1;2,5" in (place / "out" / "notes.csv").read_text()
    assert not (place / "out" / "moodle.csv").exists()
    assert not list((place / "out").glob(".atelier"))
    again = grade(place)
    assert "dont 3 déjà jugées" in again.stderr


def test_moodles_archive_in_its_worksheet_out(place):
    members = {"Durand Léa_7_assignsubmission_file_/deux-nombres.yml": RIGHT, "Petit Zoé_8_assignsubmission_file_deux-nombres.yml": HALF}
    archive = zipped(place / "travaux.zip", members)
    subprocess.run([*GRADER, archive, "--out", place / "out", "--exercices", place / "exercises", "--moodle-sur", "20"], check=True)
    assert "Participant 7,Durand Léa,20,20" in (place / "out" / "moodle.csv").read_text()
    assert "Participant 8,Petit Zoé,8,20" in (place / "out" / "moodle.csv").read_text()


def test_what_could_not_be_judged_has_no_total_and_is_told(place):
    checks = copy.deepcopy(VALUE["checks"])
    checks[1]["that"] = "answer.data.a + answer.data.b.c == 5"
    write_exercise(place / "exercises", VALUE | {"checks": checks})
    done = grade(place)
    assert done.returncode == 2
    assert "⚠ léa, deux-nombres" in done.stderr
    assert "2 sans total" in done.stdout
    totals = {one["name"]: one["total"] for one in json.loads((place / "out" / "notes.json").read_text())["copies"]}
    assert totals == {"léa": None, "paul": None, "zoé": 0}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--exercise", "rien"), "Il n’y a pas d’exercice «\u00a0rien\u00a0»"),
        (("--learner-from", "rien"), "n’est pas une source"),
        (("--moodle", "/nulle/part.csv"), "ne peut pas être lue"),
        (("--out", "/dev/null/x"), "n’ont pas pu être écrits"),
    ],
)
def test_what_a_user_can_cause_is_one_french_sentence(place, options, expected):
    done = grade(place, *options)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr


def test_two_gradings_do_not_write_in_one_folder(place):
    (place / "out").mkdir()
    with (place / "out" / ".verrou").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "Une autre correction écrit déjà" in grade(place).stderr
    assert grade(place).returncode == 0


def test_pages_stand_alone_and_obey_nobody(place):
    """A learner's name and answer are shown as they are, and lead nowhere."""
    put(place, "<script>alert(1)</script>", "a: '<img src=x onerror=alert(1)>'\nb: 2\n")
    put(place, "![x](https:__exemple.org_x.png)", "a: 1\nb: 1\nc: </code></pre><script>alert(2)</script>\n")
    checks = copy.deepcopy(VALUE["checks"])
    checks[1] |= {
        "that": "false",
        "fail_msg": "Vous avez écrit {{ answer.data.a }} ![i](https://exemple.org/i.png) [l](https://exemple.org).",
    }
    write_exercise(place / "exercises", VALUE | {"checks": checks})
    assert grade(place).returncode == 0
    pages = {name: text for name, text in told(place / "out").items() if name.endswith(".html")}
    assert len(pages) == 6
    for text in pages.values():
        assert "<script" not in text
        assert "<img" not in text
        assert not OUTSIDE.search(text)
        assert text.startswith('<!doctype html>\n<html lang="fr">')
        assert "default-src 'none'" in text
    assert any("&lt;img src=x onerror=alert(1)&gt;" in text for text in pages.values())


def test_the_class_page_tells_what_came_back(place):
    for name in ("a", "b", "c"):
        put(place, name, "a: 4\nb: 4\n")
    grade(place)
    page = (place / "out" / "classe.html").read_text()
    assert "Leur somme est juste" in page
    assert "La somme fait 8\u00a0; 5 est attendu." in page
    assert "La même réponse fausse dans 3 copies\u00a0: a, b et c." in page
    assert 'href="retours/l%C3%A9a.html"' in page


def test_answers_that_look_alike_are_shown_side_by_side_for_a_human_look(place):
    """Of plays that are refused, so that no lab is needed: whether they are right has nothing to do with it."""
    data = VALUE | {"id": "un-play", "kind": "playbook"}
    data["checks"] = [data["checks"][0] | {"that": "true", "success_msg": "x", "fail_msg": "x"}]
    write_exercise(place / "exercises", data)
    own = "- nom: {0} du lot\n  tâches: [{0} la liste, {0} chaque job, {0} les bases, {0} les fichiers, attendre que {0} soit fini]\n"
    for name, word in (("léa", "sauver"), ("paul", "compter"), ("zoé", "compter")):
        put(place, name, own.format(word) + f"# {name}\n", "un-play")
    assert grade(place).returncode == 0
    page = (place / "out" / "classe.html").read_text()
    alike = page[page.index("Les réponses qui se ressemblent") : page.index("<h2>Les copies")]
    assert "un indice" in alike.lower()
    assert 'href="retours/paul.html"' in alike
    assert 'href="retours/zo%C3%A9.html"' in alike
    assert "léa" not in alike


def graded_so_far(out):
    return sum('"answer_digest"' in file.read_text() for file in (out / "copies").glob("[!.]*.json"))


def test_five_kills_and_the_same_gradebook(place):
    for number in range(60):
        put(place, f"copie {number}", f"a: {number % 4}\nb: {number % 5}\n")
    grade(place)
    whole = told(place / "out")
    (place / "out").rename(place / "whole")
    seed = random.randrange(10**6)  # noqa: S311 - as below
    moments = sorted(random.Random(seed).sample(range(1, 60), 5))  # noqa: S311 - moments, not secrets
    for moment in moments:
        with subprocess.Popen(command(place), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as grading:
            while grading.poll() is None and graded_so_far(place / "out") < moment:
                time.sleep(0.005)
            grading.kill()
    assert grade(place).returncode == 0
    assert told(place / "out") == whole, f"seed {seed}"
    assert [path for path in (place / "out").rglob(".*") if path.name != ".verrou"] == []


NODE = {
    "id": "deux-nombres",
    "title": "Dormir",
    "kind": "playbook",
    "statement": "Exécutez `/bin/sleep 2`.",
    "limits": {"wall": 60, "linger": 5},
    "lab": {"nodes": 1},
    "checks": [
        VALUE["checks"][0]
        | {
            "that": "nodes['node1'].commands('/bin/sleep 2') | length == 1",
            "success_msg": "Une fois.",
            "fail_msg": "{{ nodes['node1'].commands('/bin/sleep 2') | length }} fois.",
        }
    ],
}
PLAY = "- hosts: all\n  gather_facts: false\n  tasks:\n    - command: /bin/sleep {}\n"


@pytest.mark.lab
def test_copies_on_real_nodes_stopped_killed_and_taken_up_again(tmp_path, own_state):
    write_exercise(tmp_path / "exercises", NODE)
    expected = {"a": 1, "b": 0, "c": 1, "d": 0, "e": 1, "f": 0}
    for name, score in expected.items():
        put(tmp_path, name, PLAY.format(2 if score else 1))
    put(tmp_path, "f", "- hosts: all\n  tasks: [\n")

    def started(until):
        """A grading of which ``until`` verdicts are known, with more under way."""
        grading = subprocess.Popen(command(tmp_path, "--jobs", 3), stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 200
        while graded_so_far(tmp_path / "out") < until and time.monotonic() < deadline:
            time.sleep(0.1)
        while not list(own_state.glob(f"{PREFIX}*/inventory.yml")) and time.monotonic() < deadline:
            time.sleep(0.1)
        return grading

    with started(2) as stopped:  # the one that is no playbook, and a first one
        stopped.send_signal(signal.SIGINT)
        _, said = stopped.communicate(timeout=120)
    assert stopped.returncode == 130
    assert "correction interrompue" in said
    assert list(own_state.glob(f"{PREFIX}*")) == []
    with started(graded_so_far(tmp_path / "out") + 1) as killed:
        killed.kill()
    done = grade(tmp_path, "--jobs", 3)
    assert done.returncode == 0, done.stderr
    assert list(own_state.glob(f"{PREFIX}*")) == []
    book = json.loads((tmp_path / "out" / "notes.json").read_text())
    assert {one["name"]: one["total"] for one in book["copies"]} == expected
    page = (tmp_path / "out" / "retours" / "a.html").read_text()
    assert 'src="data:image/png;base64,' in page
    assert not OUTSIDE.search(page)
    assert (tmp_path / "out" / "chronologies" / "a" / "deux-nombres-1.json").is_file()
