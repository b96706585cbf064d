"""The exercise widget without a browser: what its buttons do, what stays when the kernel is gone."""

from __future__ import annotations

import asyncio
import copy
from datetime import UTC, datetime

import pytest
from handmade import VALUE, write_exercise
from ipywidgets import Widget

from grader import catalog, notebook, trace
from grader.notebook import ExercisePanel
from grader.progress import Progress
from labs import paths
from labs.timeline import store
from labs.timeline.model import Timeline


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    """A learner's folder of their own; widgets are closed afterwards."""
    monkeypatch.setattr(paths, "WORK", tmp_path / "travail")
    yield tmp_path / "travail"
    Widget.close_all()


class Shown(list):
    """The bundles; ``left`` is what each left in the notebook's metadata."""

    def __init__(self):
        super().__init__()
        self.left = []


@pytest.fixture
def kept(monkeypatch):
    """What the cell's outputs were made to show, in order."""
    shown = Shown()
    left = shown.left

    class Handle:
        def update(self, bundle, *, raw, metadata):
            assert raw
            shown.append(bundle)
            left.append(trace.read(metadata))

    def place(still, widget=None, metadata=None):
        shown.append(still)
        left.append(trace.read(metadata))
        return Handle()

    monkeypatch.setattr(notebook.toolkit, "place", place)
    return shown


def open_panel(exercise):
    panel = ExercisePanel(exercise)
    panel.result.open()
    return panel


def test_what_is_typed_is_kept_and_comes_back(value_exercise, work):
    panel = ExercisePanel(value_exercise)
    panel.answer.value = "a: 2"
    assert (work / "reponses" / "deux-nombres" / "answer.yml").read_text() == "a: 2"
    assert ExercisePanel(value_exercise).answer.value == "a: 2"


def test_checking_ends_in_html_that_needs_no_kernel(value_exercise, kept):
    panel = open_panel(value_exercise)
    panel.answer.value = "a: 2\nb: 2\n"
    asyncio.run(panel.check())
    html = kept[-1]["text/html"]
    assert "La somme fait 4" in html
    assert "(à revoir, 0/1,5)" in html
    assert "application/vnd.jupyter.widget-view+json" not in kept[-1]
    assert "1\u00a0point sur 2,5" in panel.message.value
    assert 'role="status"' in panel.message.value
    assert panel.result.box.children[0].value == html  # a page reloaded in mid-run sees it too
    assert not panel.check_button.disabled
    assert panel.stop_button.disabled


def test_the_notebook_keeps_the_answer_that_was_checked_and_whose_it_is(drawn, kept):
    panel = notebook.opened("deux-nombres")
    learner = Progress().learner()
    assert kept.left[0] == trace.Trace("deux-nombres", learner)
    panel.answer.value = "a: 2\nb: 2\n"
    folder = paths.WORK / "reponses" / "deux-nombres"
    for name in ("lot.yml", "answer-autre-1.yml"):
        (folder / name).write_text("c: 1\n")
    (folder / "image.png").write_bytes(b"\xff")
    asyncio.run(panel.check())
    assert kept.left[-1] == trace.Trace("deux-nombres", learner, "a: 2\nb: 2\n", {"lot.yml": "c: 1\n"})


def test_an_exercise_of_several_files_begins_with_all_of_them(work, kept):
    exercise = catalog.find("lots-attente")
    folder = work / "reponses" / "lots-attente"
    panel = open_panel(exercise)
    assert (folder / "lot.yml").read_text(encoding="utf-8") == exercise.start("lot.yml")
    (folder / "lot.yml").write_text("# à moi\n", encoding="utf-8")
    assert panel._settle_answer()  # the learner changed the second file alone, and asks for a verdict
    assert (folder / "answer.yml").read_text(encoding="utf-8") == exercise.start("answer.yml")
    ExercisePanel(exercise)
    assert (folder / "lot.yml").read_text(encoding="utf-8") == "# à moi\n"


def test_a_second_try_takes_the_place_of_the_first(value_exercise, kept):
    panel = open_panel(value_exercise)
    panel.answer.value = "- rien\n"
    asyncio.run(panel.check())
    assert "n’est pas une table" in panel.message.value
    panel.answer.value = "a: 2\nb: 3\n"
    asyncio.run(panel.check())
    assert "Bravo" in panel.message.value
    assert "n’est pas une table" not in kept[-1]["text/html"]


def test_an_answer_written_in_another_editor_is_the_one_that_is_graded(value_exercise, work, kept):
    panel = open_panel(value_exercise)
    panel.answer.value = "a: 1\nb: 1\n"
    (work / "reponses" / "deux-nombres" / "answer.yml").write_text("a: 2\nb: 3\n")
    asyncio.run(panel.check())
    assert panel.answer.value == "a: 2\nb: 3\n"
    assert panel.report.score == 2.5


def test_a_disk_that_refuses_is_told_and_nothing_is_graded(value_exercise, work, kept):
    work.write_text("a file where the folder should be")
    panel = open_panel(value_exercise)
    panel.answer.value = "a: 2\n"
    assert "n’a pas pu être enregistrée" in panel.message.value
    asyncio.run(panel.check())
    assert panel.report is None


def test_hints_come_one_by_one_on_the_check_that_failed(value_exercise, kept):
    panel = open_panel(value_exercise)
    asyncio.run(panel.hint())
    assert "Relisez." in panel.hints.value  # nothing checked yet: the first
    panel.answer.value = "a: 2\nb: 2\n"
    asyncio.run(panel.check())
    asyncio.run(panel.hint())
    assert "Comptez." in panel.hints.value
    assert "2 et combien" not in panel.hints.value
    for _ in range(5):
        asyncio.run(panel.hint())
    assert "Indice 3 sur 3" in panel.hints.value
    assert "Indice 4" not in panel.hints.value


def test_every_control_has_a_name(value_exercise):
    panel = ExercisePanel(value_exercise)
    assert panel.answer.description == "Votre réponse (answer.yml)"
    assert [button.description for button in (panel.check_button, panel.hint_button, panel.stop_button)] == [
        "Vérifier",
        "Indice",
        "Arrêter",
    ]
    assert "cp-exercise" in panel.widget._dom_classes


def test_an_exercise_that_is_not_there_is_told_in_the_cell(kept):
    notebook.exercise("sync-coupur")
    assert "Vouliez-vous dire" in kept[-1]["text/html"]


def test_where_no_widget_can_be_there_is_the_statement(kept):
    notebook.exercise("sync-coupure")
    assert "/bin/sleep 8" in kept[0]["text/html"]
    assert "Exécutez cette cellule" in kept[0]["text/plain"]


@pytest.mark.lab
def test_a_run_on_a_lab_leaves_its_report_and_its_chronologie(sync_coupure, kept):
    panel = open_panel(sync_coupure)
    steps = []
    panel.message.observe(lambda change: steps.append(change.new), "value")
    asyncio.run(panel.check())
    html = kept[-1]["text/html"]
    assert panel.report.score == 0  # untouched
    assert "jamais tourné" in html
    assert "<figure" in html
    assert any("Démarrage de 2 nœuds neufs" in step for step in steps)
    assert any("Exécution de votre réponse" in step for step in steps)


@pytest.mark.lab
def test_a_grading_can_be_given_up(sync_coupure, kept):
    panel = open_panel(sync_coupure)
    panel.answer.value = (sync_coupure.folder / "solution" / "answer.yml").read_text()

    async def scenario():
        grading = asyncio.create_task(panel.check())
        while panel.stop_button.disabled:  # noqa: ASYNC110 - a button's state is no event
            await asyncio.sleep(0.05)
        await asyncio.sleep(3)
        await panel.stop()
        await grading

    asyncio.run(scenario())
    assert (panel.report.status, panel.report.score) == ("error", None)
    assert "interrompue" in panel.message.value


# -- values by name


@pytest.fixture
def asked(exercises):
    """The same exercise with named fields and a recorded run to read."""
    fields = {
        "a": {"label": "Le premier", "type": "number", "unit": "s"},
        "b": {"label": "Le second", "type": "choice", "choices": ["2", "3"]},
    }
    data = copy.deepcopy(VALUE) | {"fields": fields, "run": "run.json"}
    data["checks"][1]["that"] = "answer.data.a + (answer.data.b | int) == 5"
    folder = write_exercise(exercises, data)
    run = Timeline("Entretien", datetime(2026, 1, 1, tzinfo=UTC), ("node1",), end=12.4, controller_end=12.4, status="successful")
    store.save(run, folder / "run.json")
    return catalog.find("deux-nombres", exercises)


def test_each_value_has_a_labelled_control_and_the_answer_is_what_they_say(asked, work, kept):
    panel = open_panel(asked)
    first, second = panel.answer.children
    assert [first.description, second.description] == ["Le premier (s)\u00a0:", "Le second\u00a0:"]
    assert (first.value, second.value) == ("", "")
    first.value, second.value = "2,5", "3"
    assert (work / "reponses" / "deux-nombres" / "answer.yml").read_text() == "a: 2.5\nb: '3'\n"
    first.value = "2"
    asyncio.run(panel.check())
    assert panel.report.score == 2.5


def test_what_was_answered_comes_back_into_the_controls(asked, work):
    ExercisePanel(asked).answer.value = "a: 2,5\nb: 9\n"
    again = ExercisePanel(asked)
    assert [control.value for control in again.answer.children] == ["2,5", ""]  # 9 is no choice
    assert again.answer.value == "a: 2,5\nb: 9\n"  # and nothing is lost as long as no control is touched
    again.answer.value = "- pas une table"
    assert [control.value for control in again.answer.children] == ["", ""]


def test_a_value_that_is_missing_is_told_and_no_fault_is_found(asked, kept):
    panel = open_panel(asked)
    panel.answer.children[0].value = "2"
    asyncio.run(panel.check())
    assert panel.report.status == "error"
    assert "Il manque à la réponse «\u00a0Le second\u00a0» (b)." in panel.message.value


def test_the_recorded_run_is_drawn_under_the_statement(asked):
    html = ExercisePanel(asked).widget.children[0].value
    assert html.index("Énoncé") < html.index("<figure")
    assert "Entretien" in html


# -- this learner


@pytest.fixture
def drawn(exercises, monkeypatch):
    """The same exercise with a sum drawn for each learner, found by its id as in a lesson."""
    data = copy.deepcopy(VALUE) | {"drawn": {"somme": list(range(5, 105))}, "statement": "La somme fait [[ somme ]]."}
    data["checks"][1]["that"] = "answer.data.a + answer.data.b == parameters.somme"
    write_exercise(exercises, data)
    monkeypatch.setattr(notebook.catalog, "find", lambda name, root=exercises, learner=None: catalog_find(name, root, learner))
    monkeypatch.setattr(notebook.catalog, "ids", lambda root=exercises: ("deux-nombres",))


catalog_find = catalog.find


def test_the_statement_has_the_learners_own_values(drawn, kept, exercises):
    learner = Progress().learner()
    somme = catalog_find("deux-nombres", exercises, learner).parameters["somme"]
    panel = notebook.opened("deux-nombres")
    assert f"La somme fait {somme}." in panel.widget.children[0].value
    assert f"La somme fait {somme}." in kept[0]["text/html"]
    panel.answer.value = f"a: 0\nb: {somme}\n"
    asyncio.run(panel.check())
    assert panel.report.full
    assert "La somme fait 5." in notebook.still("deux-nombres")["text/html"]
    assert "Vos propres valeurs" in notebook.still("deux-nombres")["text/plain"]


def test_openings_attempts_and_hints_beyond_the_first_are_noted(drawn, kept):
    panel = notebook.opened("deux-nombres")
    panel.answer.value = "a: 0\nb: 0\n"
    asyncio.run(panel.check())
    asyncio.run(panel.hint())
    assert "les indices 2 et 3 sont notés dans votre progression, pour vous\u00a0; ils ne coûtent aucun point" in panel.hints.value
    assert Progress().hints() == []
    for _ in range(2):
        asyncio.run(panel.hint())
    progress = Progress()
    assert [fact.exercise for fact in progress.openings()] == ["deux-nombres"]
    assert [(fact.score, fact.max) for fact in progress.attempts()] == [(1, 2.5)]
    assert 0 < progress.attempts()[0].seconds < 60
    assert [(fact.point, fact.level) for fact in progress.hints()] == [("somme", 2), ("somme", 3)]


def test_a_progress_that_fails_is_told_and_stops_nothing(drawn, kept, work):
    work.mkdir()
    (work / "progression.sqlite").write_bytes(b"rien de bon" * 200)
    panel = notebook.opened("deux-nombres")
    assert "est abîmé" in panel.trouble.value
    panel.answer.value = "a: 0\nb: 5\n"
    asyncio.run(panel.check())
    assert panel.report.full
    assert "Bravo" in panel.message.value
    assert "est abîmé" in panel.trouble.value


def test_the_text_of_a_cell_is_kept_graded_and_not_shown_a_second_time(drawn, kept, work):
    file = work / "reponses" / "deux-nombres" / "answer.yml"
    file.parent.mkdir(parents=True)
    file.write_text("a: 1\n")

    async def cell():
        notebook.exercise("deux-nombres", "a: 0\nb: 0\n")
        while "sur 2,5" not in kept[-1]["text/plain"]:  # noqa: ASYNC110 - an output is no event
            await asyncio.sleep(0.02)

    asyncio.run(cell())
    assert file.read_text() == "a: 0\nb: 0\n"
    panel = notebook.opened("deux-nombres", in_cell=True)
    shown = {name for child in panel.widget.children for name in child._dom_classes}
    assert "cp-exercise-answer" not in shown
    assert any("texte de cette cellule" in getattr(child, "value", "") for child in panel.widget.children)
