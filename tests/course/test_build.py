"""The notebooks are what their sources say."""

import nbformat
import pytest

from labs import paths
from labs.notebook import build, recordings

NAMES = [source.stem for source in build.sources()]


@pytest.fixture(scope="module")
def lessons():
    """Each lesson by its name, built from its source: drawing their figures takes its time, and once is enough."""
    return {source.stem: build.built(source) for source in build.sources()}


@pytest.fixture
def built_once(lessons, monkeypatch):
    monkeypatch.setattr(build, "built", lambda source: lessons[source.stem])


@pytest.mark.usefixtures("built_once")
def test_notebooks_are_in_step_with_their_sources():
    assert build.out_of_step() == []


@pytest.mark.usefixtures("built_once")
def test_a_notebook_out_of_step_is_seen(tmp_path, monkeypatch):
    for folder in ("sources", "quiz"):
        (tmp_path / folder).symlink_to(paths.NOTEBOOKS / folder)
    for name in NAMES:
        text = (paths.NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8")
        (tmp_path / f"{name}.ipynb").write_text(text, encoding="utf-8")
    (tmp_path / "09_sans_source.ipynb").write_text("{}")
    monkeypatch.setattr(paths, "NOTEBOOKS", tmp_path)
    assert build.out_of_step() == ["09_sans_source.ipynb"]
    first = tmp_path / f"{NAMES[0]}.ipynb"
    first.write_text(first.read_text(encoding="utf-8").replace("Bienvenue", "Adieu"), encoding="utf-8")
    assert build.out_of_step() == [first.name, "09_sans_source.ipynb"]


def test_other_image_bytes_are_in_step(tmp_path):
    notebook = tmp_path / "lesson.ipynb"
    notebook.write_text('"<img src=\\"data:image/png;base64,AAAA\\">"')
    assert build._same(notebook, '"<img src=\\"data:image/png;base64,BBBB==\\">"')
    assert not build._same(notebook, '"<img alt=\\"autre\\" src=\\"data:image/png;base64,AAAA\\">"')


@pytest.mark.parametrize("name", NAMES)
def test_each_run_shown_has_its_figure_and_its_digest(name):
    notebook = nbformat.read(paths.NOTEBOOKS / f"{name}.ipynb", as_version=4)
    shown = [cell for cell in notebook.cells if cell.cell_type == "code" and build.runs_shown(cell.source)]
    assert shown
    for cell in shown:
        runs = build.runs_shown(cell.source)
        assert cell.metadata["contrepoint"] == {"runs": {run: recordings.digest(run) for run in runs}}
        assert "<img " in cell.outputs[0].data["text/html"]
        assert "alt=" in cell.outputs[0].data["text/html"]
        assert cell.outputs[0].data["text/plain"]


def test_a_replay_and_a_comparison_show_runs_too():
    assert build.runs_shown('replay("00-ping")') == ["00-ping"]
    assert build.runs_shown('compared(["00-ping", "01-synchrone"])') == ["00-ping", "01-synchrone"]
    assert build.runs_shown('predict("Combien ?", key="a")') == []


def test_a_magic_cell_shows_the_run_recorded_of_its_command():
    assert build.runs_shown("%ansible all  -m ansible.builtin.ping") == ["00-ping"]
    assert build.runs_shown("%ansible all -m ansible.builtin.pong") == build.runs_shown("%lab") == []
    cell = nbformat.v4.new_code_cell("%ansible all -m ansible.builtin.ping")
    build._picture(cell, {})
    assert "<figure" in cell.outputs[0].data["text/html"]
    assert cell.metadata["contrepoint"] == {"runs": {"00-ping": recordings.digest("00-ping")}}


def test_an_exercise_cell_shows_its_statement():
    cell = nbformat.v4.new_code_cell("%%exercice sync-coupure\n- hosts: all\n")
    build._picture(cell, build.imported("from grader.notebook import exercise"))
    assert "Survivre à une coupure" in cell.outputs[0].data["text/plain"]


@pytest.mark.parametrize("name", NAMES)
def test_cell_ids_are_the_same_from_one_build_to_the_next(name, lessons):
    ids = [cell.id for cell in lessons[name].cells]
    assert ids == [cell.id for cell in nbformat.read(paths.NOTEBOOKS / f"{name}.ipynb", as_version=4).cells]
    assert len(set(ids)) == len(ids)


def test_every_recorded_run_is_shown_and_every_run_shown_is_recorded(lessons):
    cells = [cell for lesson in lessons.values() for cell in lesson.cells if cell.cell_type == "code"]
    shown = {run for cell in cells for run in build.runs_shown(cell.source)}
    assert shown == set(recordings.recipes()) == {path.stem for path in paths.RUNS.glob("*.json")}


@pytest.mark.parametrize("path", sorted((paths.RUNS / "printed").iterdir()), ids=lambda path: path.stem)
def test_what_ansible_printed_names_no_folder_of_the_machine_that_recorded_it(path):
    told = path.read_text(encoding="utf-8")
    assert "Origin: /" not in told
    assert str(paths.ROOT) not in told
