"""An exercise file that is wrong names the field and says what is expected there."""

from __future__ import annotations

import copy

import pytest
from handmade import VALUE, write_exercise

from grader import catalog, spec
from grader.errors import ExerciseError, GraderError


def faulty(root, change):
    data = copy.deepcopy(VALUE)
    change(data)
    write_exercise(root, data)
    with pytest.raises(ExerciseError) as caught:
        catalog.find(data["id"], root)
    return caught.value.message


def at(path, value):
    """Set a field of the exercise; the path is written as messages write it."""

    def change(data):
        *steps, last = path
        for step in steps:
            data = data[step]
        data[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (at(["checks", 0, "points"], -1), "checks[0].points : une valeur supérieure à 0 est attendue"),
        (at(["checks", 0, "points"], "beaucoup"), "checks[0].points : un nombre est attendu"),
        (at(["checks", 0, "titel"], "x"), "checks[0].titel : ce champ n'existe pas"),
        (at(["checks", 0, "that"], []), "checks[0].that : une longueur d'au moins 1 est attendue"),
        (at(["checks", 1, "id"], "presents"), "checks[1].id : « presents » sert déjà"),
        (at(["checks", 0, "needs"], "somme"), "checks[0].needs : « somme » n'est pas un point placé avant"),
        (at(["kind"], "video"), "kind : une de ces valeurs est attendue : 'playbook', 'adhoc', 'config' ou 'value'"),
        (at(["lab"], {"commands": [2, 1]}), "lab.commands : le plus petit nombre de commandes vient d'abord"),
        (at(["lab"], {"commands": [1, 2]}), "lab.commands : à donner pour le genre « adhoc » seul"),
        (at(["lab"], {"runs": 2}), "lab.runs : à donner pour les genres « playbook » et « config »"),
        (at(["lab"], {"runs": 9}), "lab.runs : une valeur d'au plus 3 est attendue"),
        (at(["lab"], {"prepare": "../autre.yml"}), "lab.prepare : un texte de la forme"),
        (at(["run"], "rien.json"), "nomme rien.json, qui n'est pas dans son dossier"),
        (at(["fields"], {"a": {"label": "A", "type": "date"}}), "fields.a.type : une de ces valeurs est attendue"),
        (at(["fields"], {"a": {"label": "A", "type": "choice"}}), "fields.a.choices : à donner pour le type « choice »"),
        (at(["kind"], "config"), "playbook : à donner pour le genre « config »"),
        (at(["limits"], {"answer_bytes": 99_000_000}), "limits.answer_bytes : une valeur d'au plus 10000000 est attendue"),
        (
            at(["lab"], {"nodes": 2, "faults": [{"kind": "cut", "node": "node3", "after": 1, "command": "x"}]}),
            "lab.faults[0].node : « node3 »",
        ),
        (
            at(["lab"], {"faults": [{"kind": "fire", "node": "node1", "after": 1, "command": "x"}]}),
            "lab.faults[0].kind : une de ces valeurs",
        ),
        (at(["wrong"], {"x": {"caught_by": "rien", "because": "y"}}), "wrong.x.caught_by : « rien »"),
        (at(["statement"], None), "statement : un texte est attendu"),
        (lambda data: data.pop("title"), "title : ce champ est obligatoire"),
        (lambda data: data["checks"][0]["hints"].pop("show"), "checks[0].hints.show : ce champ est obligatoire"),
    ],
)
def test_the_message_names_the_field(tmp_path, change, expected):
    assert expected in faulty(tmp_path, change)


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("that", "answer.data.a ==", "checks[0].that[0] : une expression Jinja2 est attendue"),
        ("that", "nodes['node1'].files", "checks[0].that[0] : nodes n'est pas connu"),  # nothing is run for a value
        ("that", "lipsum()", "checks[0].that[0] : lipsum n'est pas connu"),
        ("that", "answer | shout", "checks[0].that[0] : une expression Jinja2 est attendue"),
        ("fail_msg", "{% if %}", "checks[0].fail_msg : une expression Jinja2 est attendue"),
        ("that", "timeline.end > 1", "checks[0].that[0] : timeline n'est pas connu"),  # no recorded run to read
        ("success_msg", "{{ node.name }}", "checks[0].success_msg : node n'est pas connu"),
    ],
)
def test_conditions_and_messages_are_checked_when_the_exercise_is_read(tmp_path, field, text, expected):
    assert expected in faulty(tmp_path, at(["checks", 0, field], text))


def test_a_single_condition_may_stand_alone(value_exercise):
    assert value_exercise.checks[1].that == ("answer.data.a + answer.data.b == 5",)
    assert value_exercise.points == 2.5


def test_the_id_is_the_folders_name(tmp_path):
    folder = write_exercise(tmp_path, VALUE)
    folder.rename(tmp_path / "autre")
    with pytest.raises(ExerciseError, match="le nom du dossier, est attendu"):
        spec.load(tmp_path / "autre")


def test_a_file_that_is_not_yaml(tmp_path):
    folder = write_exercise(tmp_path, VALUE)
    (folder / "exercise.yml").write_text("id: x\n  title: y\n")
    with pytest.raises(ExerciseError, match="ligne 2, colonne 8"):
        spec.load(folder)


def test_an_unknown_exercise_suggests_its_neighbour(exercises):
    with pytest.raises(GraderError, match="Vouliez-vous dire « deux-nombres »"):
        catalog.find("deux-nombre", exercises)
