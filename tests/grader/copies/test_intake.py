"""What is found in what learners hand in, whatever they hand it in as."""

from __future__ import annotations

import copy
import os

import pytest
import yaml
from handmade import VALUE, write_exercise
from packing import HALF, NONE, RIGHT, notebook, tarred, zipped

from grader.copies import intake
from grader.copies.course import Course
from grader.errors import GraderError
from grader.progress import Progress
from grader.trace import Trace

LEARNER = "0123456789abcdef" * 2


@pytest.fixture
def course(exercises):
    """The exercise of values, one of playbooks with a file beside, and one of configuration."""
    play = copy.deepcopy(VALUE) | {"id": "un-play", "kind": "playbook", "drawn": {"n": [1, 2, 3, 4, 5]}}
    play["checks"] = [play["checks"][0] | {"that": "true", "success_msg": "x", "fail_msg": "x"}]
    folder = write_exercise(exercises, play)
    (folder / "start").mkdir()
    (folder / "start" / "answer.yml").write_text("- hosts: all\n  vars_files: [lot.yml]\n")
    (folder / "start" / "lot.yml").write_text("n: [[ n ]]\n")
    write_exercise(exercises, play | {"id": "un-reglage", "kind": "config", "playbook": "p.yml", "drawn": {}})
    (exercises / "un-reglage" / "p.yml").write_text("- hosts: all\n")
    return Course(exercises)


@pytest.fixture
def class_folder(tmp_path):
    (tmp_path / "copies").mkdir()
    return tmp_path / "copies"


def found(copies, course):
    shop = copies.parent / f"atelier-{len(list(copies.parent.iterdir()))}"
    return {one.slug: one for one in intake.find(copies, course, shop, copies.parent / "resultats", print)}


def only(copies, course):
    (one,) = found(copies, course).values()
    return one


def said(one, name="deux-nombres"):
    return next(file.read_text() for file in one.answers[name].folder.iterdir() if file.name.startswith(("answer", "ansible")))


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_class_of_folders_files_notebooks_and_archives(class_folder, course):
    write(class_folder / "léa" / "deux-nombres.yml", RIGHT)
    write(class_folder / "paul" / "travail" / "reponses" / "deux-nombres" / "answer.yml", HALF)
    notebook(class_folder / "zoé.ipynb", f"%%exercice deux-nombres\n{NONE}")
    zipped(class_folder / "jean.zip", {"travail/reponses/deux-nombres/answer.yml": "a: 1\nb: 4\n"})
    tarred(class_folder / "anne.tar.gz", {"deux-nombres/answer.yml": "a: 0\nb: 5\n"})
    copies = found(class_folder, course)
    assert {slug: said(one) for slug, one in copies.items()} == {
        "anne": "a: 0\nb: 5\n", "jean": "a: 1\nb: 4\n", "léa": RIGHT, "paul": HALF, "zoé": NONE,
    }  # fmt: skip
    assert all(one.notices == () for one in copies.values())


def test_the_archive_of_moodle(tmp_path, course):
    members = {
        "Durand Léa_101_assignsubmission_file_/deux-nombres.yml": RIGHT,
        "Martin Paul_102_assignsubmission_file_/travail.zip": zipped(tmp_path / "t.zip", {"deux-nombres/answer.yml": HALF}).read_bytes(),
        "Martin Paul_102_assignsubmission_onlinetext_/onlinetext.html": "<p>bonjour</p>",
        "O'Neil_Zoé_103_assignsubmission_file_deux-nombres.yml": NONE,
        "Durand Léa_104_assignsubmission_file_/rien.pdf": "x",
    }
    copies = found(zipped(tmp_path / "Devoir 1.zip", members), course)
    assert {slug: (one.sender.name, one.sender.participant) for slug, one in copies.items()} == {
        "Durand Léa_101": ("Durand Léa", "101"), "Durand Léa_104": ("Durand Léa", "104"), "Martin Paul_102": ("Martin Paul", "102"),
        "O_Neil_Zoé_103": ("O'Neil_Zoé", "103"),
    }  # fmt: skip
    assert said(copies["Martin Paul_102"]) == HALF
    assert copies["Martin Paul_102"].notices == ("Un texte en ligne a été remis : il n'est pas lu.",)
    assert said(copies["O_Neil_Zoé_103"]) == NONE
    assert copies["Durand Léa_104"].notices == ("Aucune réponse n'a été trouvée dans cette copie.",)


def test_what_is_odd_in_the_archive_of_a_class_is_no_copys(tmp_path, course, capsys):
    copies = found(zipped(tmp_path / "c.zip", {"../dehors.yml": "x", "léa/deux-nombres.yml": RIGHT, "paul/deux-nombres.yml": HALF}), course)
    assert all(one.notices == () for one in copies.values())
    assert "son chemin sort de l'archive" in capsys.readouterr().out


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: write(folder / "travail" / "reponses" / "deux-nombres" / "answer.yml", RIGHT).parents[2],
        lambda folder: write(folder / "travail" / "deux-nombres" / "answer.yml", RIGHT).parents[1],
        lambda folder: write(folder / "deux-nombres" / "answer.yml", RIGHT).parent,
        lambda folder: write(folder / "deux-nombres.yaml", RIGHT),
        lambda folder: notebook(folder / "n.ipynb", f"%%exercice deux-nombres\n{RIGHT}"),
        lambda folder: notebook(folder / "01_synchrone_asynchrone.ipynb", f"%%exercice deux-nombres\n{RIGHT}").parent,
        lambda folder: zipped(folder / "copie.zip", {"deux-nombres/answer.yml": RIGHT}),
        lambda folder: zipped(folder / "copie.zip", {"copie/reponses/deux-nombres/answer.yml": RIGHT}),
    ],
)
def test_one_copy_by_itself(class_folder, course, make):
    assert said(only(make(class_folder), course)) == RIGHT


def test_a_class_inside_one_folder_of_an_archive(tmp_path, course):
    members = {"copies/léa/deux-nombres.yml": RIGHT, "copies/paul/deux-nombres.yml": HALF}
    assert list(found(zipped(tmp_path / "c.zip", members), course)) == ["léa", "paul"]


def test_the_results_may_lie_among_the_copies(class_folder, course):
    write(class_folder / "léa" / "deux-nombres.yml", RIGHT)
    write(class_folder / "notes" / "copies" / "léa.json", "{}")
    shop = class_folder.parent / "atelier"
    assert [one.slug for one in intake.find(class_folder, course, shop, class_folder / "notes", print)] == ["léa"]


def test_what_the_kit_keeps_is_judged_rather_than_a_cell_that_was_edited_since(class_folder, course):
    write(class_folder / "léa" / "reponses" / "deux-nombres" / "answer.yml", RIGHT)
    notebook(class_folder / "léa" / "01.ipynb", f"%%exercice deux-nombres\n{HALF}", left=[Trace("deux-nombres", LEARNER, RIGHT)])
    one = only(class_folder, course)
    assert said(one) == RIGHT
    assert one.learner == LEARNER
    (told,) = one.notices
    assert "est jugée celle de « reponses/deux-nombres/answer.yml », et non celle de la cellule 1 de « 01.ipynb »" in told


def test_of_two_cells_the_last_is_judged_and_the_same_twice_is_nothing_to_tell(class_folder, course):
    notebook(class_folder / "léa" / "n.ipynb", f"%%exercice deux-nombres\n{HALF}", f"%%exercice deux-nombres\n{RIGHT}")
    notebook(class_folder / "paul" / "n.ipynb", f"%%exercice deux-nombres\n{RIGHT}", f"%%exercice deux-nombres\n{RIGHT}  \n")
    copies = found(class_folder, course)
    assert said(copies["léa"]) == RIGHT
    assert "celle de la cellule 2 de « n.ipynb », et non celle de la cellule 1" in copies["léa"].notices[0]
    assert copies["paul"].notices == ()


def test_an_answer_left_in_a_panel_is_told(class_folder, course):
    notebook(class_folder / "léa" / "n.ipynb", 'exercise("deux-nombres")')
    assert "Le notebook montre « deux-nombres » sans sa réponse" in only(class_folder, course).notices[0]


def test_a_notebook_that_cannot_be_read_hides_no_other_answer(class_folder, course):
    write(class_folder / "léa" / "a.ipynb", "{")
    write(class_folder / "léa" / "deux-nombres.yml", RIGHT)
    one = only(class_folder, course)
    assert said(one) == RIGHT
    assert "« a.ipynb » n'est pas un notebook lisible" in one.notices[0]


def test_a_copy_that_cannot_be_unpacked_is_told_and_the_others_are_found(class_folder, course):
    write(class_folder / "léa.zip", b"PK\3\4rien")
    write(class_folder / "paul.7z", b"7z")
    zipped(class_folder / "jean.zip", {"a.zip": zipped(class_folder.parent / "b.zip", {"c.zip": b"x"}).read_bytes()})
    write(class_folder / "zoé" / "deux-nombres.yml", RIGHT)
    copies = found(class_folder, course)
    assert "ne peut pas être lue" in copies["léa"].notices[0]
    assert "format d'archive" in copies["paul"].notices[0]
    assert "archive dans une archive dans une archive" in copies["jean"].notices[0]
    assert said(copies["zoé"]) == RIGHT


def test_no_link_is_followed(class_folder, course):
    secret = write(class_folder.parent / "secret" / "answer.yml", RIGHT)
    write(class_folder / "léa" / "x.txt", "")
    (class_folder / "léa" / "deux-nombres.yml").symlink_to(secret)
    (class_folder / "léa" / "deux-nombres").symlink_to(secret.parent)
    os.mkfifo(class_folder / "léa" / "un-play.yml")
    (class_folder / "paul.yml").symlink_to(secret)
    copies = found(class_folder, course)
    assert all(one.answers == {} for one in copies.values())
    assert sum("lien ou un fichier spécial" in told for told in copies["léa"].notices) == 3
    assert "lien ou un fichier spécial" in copies["paul"].notices[0]


@pytest.mark.parametrize(("encoding", "told"), [("utf-8-sig", ""), ("cp1252", "Windows-1252"), ("utf-16", "UTF-16")])
def test_other_encodings_are_read_and_told(class_folder, course, encoding, told):
    write(class_folder / "léa" / "deux-nombres" / "answer.yml", "# é\na: 2\nb: 3\n".encode(encoding))
    one = only(class_folder, course)
    assert yaml.safe_load(said(one)) == {"a": 2, "b": 3}
    assert bool(one.notices) == bool(told)
    assert told in " ".join(one.notices)


def test_a_text_stands_among_the_files_that_its_exercise_begins_with(class_folder, course):
    """As the learner had them: theirs when they handed them in, the kit's otherwise, with their own values."""
    notebook(class_folder / "léa" / "n.ipynb", "%%exercice un-play\n- hosts: all", left=[Trace("un-play", LEARNER)])
    kept = {"lot.yml": "n: à elle\n", "sous/x.yml": "x: 1\n", "../dehors.yml": "x", "/dehors.yml": "x"}
    notebook(class_folder / "zoé" / "n.ipynb", left=[Trace("un-play", LEARNER, "- hosts: all", kept)])
    write(class_folder / "paul" / "un-play.yml", "- hosts: all")
    write(class_folder / "paul" / "lot.yml", "n: à moi\n")
    copies = found(class_folder, course)
    value = course.of("un-play", LEARNER).parameters["n"]
    assert (copies["léa"].answers["un-play"].folder / "lot.yml").read_text() == f"n: {value}\n"
    assert (copies["paul"].answers["un-play"].folder / "lot.yml").read_text() == "n: à moi\n"
    folder = copies["zoé"].answers["un-play"].folder
    assert {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.yml")} == {
        "answer.yml": "- hosts: all", "lot.yml": "n: à elle\n", "sous/x.yml": "x: 1\n",
    }  # fmt: skip


def test_names_that_cannot_go_together_stop_nothing_else(class_folder, course):
    kept = {"answer.yml/x": "1", "a/b": "1", "a": "1", "x" * 300: "1"}
    notebook(class_folder / "léa.ipynb", left=[Trace("un-play", LEARNER, "- hosts: all", kept), Trace("deux-nombres", LEARNER, RIGHT)])
    one = only(class_folder, course)
    assert list(one.answers) == ["deux-nombres"]
    assert "mal nommés" in one.notices[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_told(class_folder, course):
    write(class_folder / "léa" / "deux-nombres.yml", RIGHT).chmod(0)
    assert "ne peut pas être lu" in only(class_folder, course).notices[0]


def test_one_exercise_asked_for_needs_no_name(class_folder, exercises, course):
    write(class_folder / "léa" / "Mon Playbook.yml", RIGHT)
    write(class_folder / "léa" / "autre.txt", "x")
    write(class_folder / "paul" / "a.yml", RIGHT)
    write(class_folder / "paul" / "b.yml", RIGHT)
    write(class_folder / "zoé" / "sous" / "Answer.YAML", RIGHT)
    write(class_folder / "zoé" / "autre.yml", HALF)
    copies = found(class_folder, Course(exercises, ["deux-nombres"]))
    assert said(copies["léa"]) == RIGHT
    assert "est pris pour la réponse" in copies["léa"].notices[0]
    assert "aucun n'est jugé" in copies["paul"].notices[0]
    assert said(copies["zoé"]) == RIGHT
    assert copies["zoé"].notices == ()
    write(class_folder / "jean.yml", HALF)
    alone = found(class_folder, Course(exercises, ["deux-nombres"]))["jean"]
    assert (said(alone), alone.notices) == (HALF, ())


def test_the_learners_id_is_read_in_their_progress(class_folder, course):
    learner = Progress(class_folder / "léa" / "travail" / "progression.sqlite").learner()
    write(class_folder / "léa" / "travail" / "reponses" / "deux-nombres" / "answer.yml", RIGHT)
    write(class_folder / "paul" / "travail" / "progression.sqlite", b"SQLite format 3\0 rien de bon" * 50)
    write(class_folder / "zoé" / "deux-nombres.yml", RIGHT)
    copies = found(class_folder, course)
    assert [copies[slug].learner for slug in ("léa", "paul", "zoé")] == [learner, None, None]


def test_homonyms_have_files_of_their_own_whatever_comes_beside(class_folder, course):
    write(class_folder / "léa" / "deux-nombres.yml", RIGHT)
    write(class_folder / "Léa.yml", HALF)
    zipped(class_folder / "léa.zip", {"deux-nombres.yml": NONE})
    before = set(found(class_folder, course))
    assert len(before) == 3
    write(class_folder / "aude" / "deux-nombres.yml", RIGHT)
    assert before < set(found(class_folder, course))


def test_digests_change_with_what_is_handed_in(class_folder, course):
    answer = write(class_folder / "léa" / "deux-nombres" / "answer.yml", RIGHT)
    before = only(class_folder, course).answers["deux-nombres"].digest
    assert only(class_folder, course).answers["deux-nombres"].digest == before
    write(answer.parent / "beside.yml", "x: 1")
    assert only(class_folder, course).answers["deux-nombres"].digest != before


@pytest.mark.parametrize(
    "make", [lambda path: path, lambda path: os.mkfifo(path) or path, lambda path: write(path.with_suffix(".zip"), b"x")]
)
def test_where_there_is_nothing_to_read_is_one_sentence(tmp_path, course, make):
    with pytest.raises(GraderError):
        found(make(tmp_path / "rien"), course)


def test_many_files_are_bounded(class_folder, course, monkeypatch):
    monkeypatch.setattr(intake.parcels, "MOST_FILES", 10)
    write(class_folder / "léa" / "a" / "deux-nombres" / "answer.yml", RIGHT)
    for number in range(30):
        write(class_folder / "léa" / "b" / f"{number}.txt", "x")
    one = only(class_folder, course)
    assert said(one) == RIGHT
    assert one.notices == ("La copie contient plus de 10 fichiers : les autres ne sont pas lus.",)
