"""Answers that look alike are found, and those of honest people are not."""

from __future__ import annotations

from grader.copies import similarity

EXPECTED = "- hosts: all\n  tasks:\n" + "".join(f"    - command: /bin/sleep {n}\n      async: 60\n      poll: 0\n" for n in range(4))


def named(*names):
    """The expected answer as somebody writes it: names of one's own."""
    lines = [f"    - name: {name}\n      register: {name.split()[-1]}\n      when: groupe == '{name.split()[0]}'\n" for name in names]
    return EXPECTED + "".join(lines)


HONEST = {
    "a": named("Lancer les sauvegardes du soir", "Attendre un peu", "Relire la liste"),
    "b": named("Démarrer mes jobs", "Compter ceux qui restent", "Tout nettoyer après"),
    "c": named("Premier lot à part", "Second lot ensuite", "Fin de la maintenance"),
    "d": named("Mettre à jour le dépôt", "Voir où en est chaque job", "Ranger"),
    "e": named("Sauver les bases", "Sauver les fichiers", "Dire que tout va bien"),
}


def members(answers, start=""):
    return [found.members for found in similarity.groups(answers, start)]


def test_what_everybody_writes_makes_nobody_alike():
    assert members(HONEST) == []


def test_a_copy_with_one_word_changed_is_found():
    copied = HONEST["b"].replace("Tout nettoyer après", "Tout nettoyer ensuite").upper() + "\n\n"
    assert members(HONEST | {"f": copied}) == [("b", "f")]


def test_the_same_text_is_found_whatever_its_spaces_and_capitals_even_when_many_have_it():
    same = {name: HONEST["a"].upper().replace("\n", "\n\n") for name in "wxyz"}
    (found,) = similarity.groups(same | {"b": HONEST["b"]})
    assert found.members == ("w", "x", "y", "z")
    assert found.share == 1


def test_what_was_given_does_not_count():
    given = EXPECTED
    assert members({"a": given + "# a\n", "b": given + "# b\n"}, given) == []
    assert members({"a": given, "b": given}, given) == []


def test_short_answers_are_never_alike():
    assert members({"a": "ansible all -a uptime", "b": "ansible all -a uptime"}) == []


def test_the_same_answers_are_counted_as_one():
    answers = [("a", "x: 1\n"), ("b", "X:  1"), ("c", "x: 2"), ("d", "x: 1")]
    assert similarity.most_frequent(answers) == [("x: 1\n", ["a", "b", "d"])]
