"""The runs that an exercise keeps of its answers: judged again as they were, refused when something else was run."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from grader import catalog, kept, proof
from grader.kept import NotKeptError

KEPT = [exercise_id for exercise_id in catalog.ids() if catalog.find(exercise_id).kind != "value"]


@pytest.fixture
def case(tmp_path):
    """sync-coupure's solution, in a copy of the exercise that a test may change."""
    source = catalog.find("sync-coupure").folder
    shutil.copytree(source, tmp_path / "sync-coupure", ignore=shutil.ignore_patterns("runs"))
    exercise = catalog.find("sync-coupure", tmp_path)
    return proof.Case(exercise, "solution", proof.Expected.FULL, exercise.folder / "solution")


def test_what_was_seen_is_found_again(case, story):
    observed = replace(story.observed, answer={"text": "", "data": [], "refusal": "non"})
    kept.save(case, case.folder, observed)
    again = kept.load(case, case.folder)
    assert again.runs == observed.runs
    assert again.answer["refusal"] == "non"
    assert "/bin/sleep 8" in again.answer["text"]
    assert again.parameters == case.exercise.parameters


def test_checks_and_messages_are_free_to_change_and_nothing_else_is(case, story):
    kept.save(case, case.folder, story.observed)
    yml = case.exercise.folder / "exercise.yml"
    before = yml.read_text(encoding="utf-8")

    def again():
        return replace(case, exercise=catalog.find("sync-coupure", case.exercise.folder.parent))

    yml.write_text(before.replace("title: ", "title: Autre ", 1), encoding="utf-8")
    assert kept.load(again(), case.folder).runs == story.observed.runs
    yml.write_text(before.replace("nodes: 2", "nodes: 3"), encoding="utf-8")
    with pytest.raises(NotKeptError, match=r"sync-coupure, solution : ce qui a été exécuté n'est plus .*grader test sync-coupure --garder"):
        kept.load(again(), case.folder)
    yml.write_text(before, encoding="utf-8")
    (case.folder / "answer.yml").write_text("- hosts: all\n", encoding="utf-8")
    with pytest.raises(NotKeptError):
        kept.load(again(), case.folder)


@pytest.mark.parametrize("content", [None, b"", b"pas du xz"])
def test_no_run_or_no_readable_one(case, content):
    if content is not None:
        kept.path(case).parent.mkdir()
        kept.path(case).write_bytes(content)
    with pytest.raises(NotKeptError, match="aucune exécution n'est gardée" if content is None else "illisible"):
        kept.load(case, case.folder)
    told = proof.replay(case)
    assert not told.judged
    assert told.problem.startswith("n'a pas pu être jugée : sync-coupure, solution")


def test_a_kept_run_is_judged_by_the_checks_of_today(case, story):
    kept.save(case, case.folder, story.observed)
    assert proof.replay(case).problem == ""
    story.files["node2"]["/tmp/termine"] = None
    kept.save(case, case.folder, story.observed)
    assert proof.replay(case).problem.startswith("devait avoir tous les points")
    assert proof.replay(replace(case, name="vide", expected=proof.Expected.REFUSED, folder=None)).problem == ""


def test_each_case_has_a_file_of_its_own():
    cases = [case for exercise_id in KEPT for case in proof.cases(catalog.find(exercise_id))]
    assert len({kept.path(case) for case in cases}) == len(cases)


@pytest.mark.lab
def test_what_a_real_run_has_shown_is_kept_and_judged_again(case):
    done = proof.prove(case, keep=True)
    assert done.problem == ""
    assert proof.replay(case).report == done.report
    assert kept.path(case).stat().st_size < 50_000
