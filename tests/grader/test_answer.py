"""Bad input gets one French sentence and what to do; the learner's files stay as they were."""

from __future__ import annotations

import os

import pytest
from handmade import VALUE, write_exercise

from grader.answer import opened, unknown_hosts
from grader.catalog import find
from grader.errors import AnswerError

GOOD = "- hosts: all\n  tasks: []\n"


def refusal(path, exercise):
    with pytest.raises(AnswerError) as caught, opened(path, exercise):
        pass
    assert caught.value.message.endswith(".")
    assert caught.value.remedy.endswith(".")
    return str(caught.value)


def written(tmp_path, text):
    file = tmp_path / "reponse.yml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "est vide"),
        (" \n\t\n", "est vide"),
        ("---\n# rien encore\n", "ne contient que des commentaires"),
        (b"- hosts: all # \xe9t\xe9\n", "n'est pas du texte en UTF-8 (ligne 1)"),
        ("- hosts: all\n  tasks:\n   - debug: msg: x\n", "ligne 3, colonne 16. Un deux-points"),
        ("- hosts: all\n\ttasks: []\n", "ligne 2, colonne 1. Une tabulation"),
        ("- hosts: all\n  name: {{ x }}\n", "guillemets"),
        ("- hosts: 'all\n", "Un guillemet ouvert n’est pas refermé"),
        ("- hosts: all\n  vars:\n  - a\n tasks: []\n", "L’indentation"),
        (GOOD + "---\n" + GOOD, "Un seul document est attendu"),
        ("- hosts: all\x00\n", "un caractère interdit s’y trouve, ligne 1"),
        ("[" * 5000, "n’est pas du YAML lisible"),
        ("- hosts: 2026-13-45\n", "une valeur que YAML ne sait pas lire"),
        ("hosts: all\ntasks: []\n", "n'est pas une liste de plays"),
        ("bonjour", "n'est pas une liste de plays"),
        ("- bonjour\n", "L'élément 1 de la réponse n'est pas un play"),
        ("- name: Dormir\n  command: /bin/sleep 8\n", "n'a pas de « hosts »"),
        ("- hosts: serveurs\n  tasks: []\n", "vise « serveurs », que l'inventaire ne connaît pas"),
        (GOOD + "- hosts: [node1, node9]\n", "Le play 2 vise « node9 »"),
    ],
)
def test_what_is_not_a_playbook_is_refused(tmp_path, sync_coupure, text, expected):
    file = written(tmp_path, text)
    before = file.read_bytes()
    assert expected in refusal(file, sync_coupure)
    assert file.read_bytes() == before


def test_missing(tmp_path, sync_coupure):
    assert "Il n'y a pas de réponse" in refusal(tmp_path / "rien.yml", sync_coupure)
    assert "Il n'y a pas de réponse" in refusal(written(tmp_path, GOOD) / "dessous", sync_coupure)


def test_a_folder_needs_its_entry(tmp_path, sync_coupure):
    (tmp_path / "playbook.yml").write_text(GOOD)
    assert "ne contient pas de fichier answer.yml" in refusal(tmp_path, sync_coupure)


def test_ten_megabytes_are_refused_unread(tmp_path, sync_coupure):
    huge = tmp_path / "answer.yml"
    with huge.open("wb") as file:
        file.truncate(10_000_000)  # sparse: reading it would take memory, measuring it takes none
    assert "dépasse la taille permise, 1 Mo" in refusal(huge, sync_coupure)
    assert "dépasse la taille permise" in refusal(tmp_path, sync_coupure)


def test_a_folder_given_by_mistake_is_not_copied(tmp_path, sync_coupure):
    (tmp_path / "answer.yml").write_text(GOOD)
    for number in range(250):
        (tmp_path / f"{number}.txt").touch()
    assert "plus de 200 fichiers" in refusal(tmp_path, sync_coupure)


def test_links_and_pipes_are_no_answer(tmp_path, sync_coupure):
    (tmp_path / "answer.yml").write_text(GOOD)
    (tmp_path / "secret").symlink_to("/etc/passwd")
    assert "lien symbolique, secret" in refusal(tmp_path, sync_coupure)
    (tmp_path / "secret").unlink()
    (tmp_path / "dossier").symlink_to("/etc")
    assert "lien symbolique, dossier" in refusal(tmp_path, sync_coupure)
    os.mkfifo(tmp_path / "tuyau")
    assert "n'est ni un fichier ni un dossier" in refusal(tmp_path / "tuyau", sync_coupure)


def test_an_answer_is_read_from_a_copy_that_goes_away(tmp_path, sync_coupure):
    (tmp_path / "answer.yml").write_text("\ufeff" + GOOD, encoding="utf-8")
    (tmp_path / "roles" / "x").mkdir(parents=True)
    (tmp_path / "roles" / "x" / "script.sh").write_text("sleep 8")
    with opened(tmp_path, sync_coupure) as answer:
        assert answer.data == [{"hosts": "all", "tasks": []}]
        assert answer.folder != tmp_path
        assert (answer.folder / "roles" / "x" / "script.sh").read_text() == "sleep 8"
        (answer.folder / "answer.yml").write_text("changed")
    assert not answer.folder.exists()
    assert (tmp_path / "answer.yml").read_text(encoding="utf-8-sig") == GOOD


def test_a_file_of_any_name_becomes_the_entry(tmp_path, sync_coupure):
    with opened(written(tmp_path, GOOD), sync_coupure) as answer:
        assert answer.entry.name == "answer.yml"
        assert [file.name for file in answer.folder.iterdir()] == ["answer.yml"]


def test_ansibles_own_tags_are_yaml(tmp_path, sync_coupure):
    text = "- hosts: all\n  vars: {a: !unsafe '{{ x }}', b: !vault 'c'}\n"
    with opened(written(tmp_path, text), sync_coupure) as answer:
        assert answer.data[0]["vars"] == {"a": "{{ x }}", "b": "c"}


@pytest.mark.parametrize(
    "hosts",
    ["all", "*", "node1", "node*", "node1:node2", "all:!node3", "node1,&node2", ["node1", "node2"], "all[0]", "all[0:1]", "~node[12]",
     "localhost", "{{ cible | default('all') }}", "ungrouped"],
)  # fmt: skip
def test_hosts_that_ansible_would_find(hosts):
    assert unknown_hosts(hosts, ("node1", "node2", "node3")) == []


@pytest.mark.parametrize(
    ("hosts", "unknown"),
    [("web", ["web"]), ("node1:web", ["web"]), ("all:!node4", ["node4"]), (["node1", "db[0]"], ["db"]), ("Node1", ["Node1"])],
)
def test_hosts_that_it_would_not(hosts, unknown):
    assert unknown_hosts(hosts, ("node1", "node2", "node3")) == unknown


def test_the_nodes_of_a_learners_lab_may_all_be_named_where_the_exercise_needs_fewer(tmp_path, sync_coupure):
    assert sync_coupure.lab.nodes == 2
    with opened(written(tmp_path, GOOD.replace("hosts: all", "hosts: node1,node2,node3")), sync_coupure):
        pass
    assert "« node4 »" in refusal(written(tmp_path, GOOD.replace("hosts: all", "hosts: node4")), sync_coupure)


@pytest.fixture
def adhoc(tmp_path):
    write_exercise(tmp_path / "e", VALUE | {"kind": "adhoc"})
    return find("deux-nombres", tmp_path / "e")


@pytest.fixture
def config(tmp_path):
    folder = write_exercise(tmp_path / "e", VALUE | {"kind": "config", "playbook": "play.yml"})
    (folder / "play.yml").write_text(GOOD)
    return find("deux-nombres", tmp_path / "e")


def test_command_lines_are_taken_one_a_line(tmp_path, adhoc):
    with opened(written(tmp_path, "# d'abord\n\n ansible all -m ping \n"), adhoc) as answer:
        assert answer.data == ("ansible all -m ping",)
    assert "aucune commande" in refusal(written(tmp_path, "# rien\n"), adhoc)


@pytest.mark.parametrize(
    ("bounds", "lines", "expected"),
    [
        ((1, 1), 2, "2 commandes. Cet exercice en attend une seule."),
        ((2, 2), 1, "une seule commande. Cet exercice en attend 2."),
        ((2, 4), 5, "5 commandes. Cet exercice en attend de 2 à 4."),
    ],
)
def test_the_number_of_command_lines_is_told(tmp_path, adhoc, bounds, lines, expected):
    exercise = adhoc.model_copy(update={"lab": adhoc.lab.model_copy(update={"commands": bounds})})
    assert expected in refusal(written(tmp_path, "ansible all -m ping\n" * lines), exercise)


def test_a_configuration_is_read_as_ansible_reads_it(tmp_path, config):
    with opened(written(tmp_path, "[defaults]\npoll_interval = 3 ; un commentaire\n"), config) as answer:
        assert answer.data == {"defaults": {"poll_interval": "3"}}
    assert "hors de toute section, ligne 1" in refusal(written(tmp_path, "poll_interval = 3\n"), config)
    assert "(ligne 2)" in refusal(written(tmp_path, "[defaults]\npoll_interval\n"), config)
    assert "aucune section" in refusal(written(tmp_path, "# rien\n"), config)


def test_values_are_a_table(tmp_path, value_exercise):
    assert "n'est pas une table de valeurs" in refusal(written(tmp_path, "- 1\n"), value_exercise)
