"""Ansible's errors on the lines of a cell: what it really said, of each kind, and what is made of it."""

from pathlib import Path

import pytest

from labs import yaml_text
from labs.notebook import mistakes
from labs.notebook.mistakes import Mistake

FILE = Path("/x/essai.yml")
SOURCE = """\
#
- hosts: all
  tasks:
    - name: Dormir
      ansible.builtin.comand: id
      asynk: 3
    - name: Dire
      ansible.builtin.debug:
        msg: "{{ duree }}"
"""


def error(message, *places, tail=""):
    """Ansible's output: one error, then one cause a further place, each with its line and column."""
    blocks = [f"{message}\nOrigin: {FILE}:{line}:{column}\n\n2 - hosts: all\n  ^ column 3\n" for line, column in places]
    return "\r\n".join(f"PLAY [all] ***\n[ERROR]: {'<<< caused by >>>'.join(blocks)}{tail}".splitlines())


def only(output):
    (mistake,) = mistakes.found(output, FILE, SOURCE)
    return mistake


@pytest.mark.parametrize(
    ("message", "place", "arrow", "told", "remedy"),
    [
        ("couldn't resolve module/action 'ansible.builtin.comand'. This often", (4, 7), (5, 7), "le module", "ansible.builtin.command"),
        ("conflicting action statements: ansible.builtin.comand, asynk", (4, 7), (6, 7), "plusieurs modules", "async"),
        ("'tasks' is not a valid attribute for a Play", (3, 3), (3, 3), "n’est pas un mot-clé pour un play", ""),
        ("no module/action detected in task.", (4, 7), (4, 7), "ne nomme aucun module", "command"),
        ("The field 'hosts' is required but was not set.", (2, 3), (2, 3), "Il manque «\u00a0hosts:\u00a0»", ""),
        ("The value 'trois' could not be converted to 'int'.", (6, 14), (6, 14), "n’est pas un nombre entier", ""),
        ("Syntax error in template: No filter named 'foo'.", (9, 14), (9, 14), "le filtre", ""),
        ("Syntax error in expression: chunk after expression", (9, 14), (9, 14), "chunk after expression", ""),
        ("A new error that nobody knows yet", (9, 14), (9, 14), "A new error that nobody knows yet", ""),
    ],
)
def test_each_kind_is_told_on_its_line(message, place, arrow, told, remedy):
    mistake = only(error(message, place))
    assert (mistake.line, mistake.column) == arrow
    assert told in mistake.message
    assert remedy in mistake.remedy


def test_the_deepest_cause_says_where():
    message = "Task failed: Error while resolving value for 'msg': 'duree' is undefined"
    mistake = only(error(message, (7, 7), (8, 7), (9, 14), tail="fatal: [node1]: FAILED! => {}"))
    assert (mistake.line, mistake.column) == (9, 18)
    assert "«\u00a0duree\u00a0» n’est pas définie" in mistake.message


def test_three_nodes_with_one_mistake_have_one_mistake():
    one = error("'duree' is undefined", (9, 14), tail="fatal: [node1]: FAILED! => {}\n")
    assert len(mistakes.found(one * 3, FILE, SOURCE)) == 1


def test_work_that_fails_is_no_mistake_of_the_text():
    assert mistakes.found(error("Task failed: Module failed: non-zero return code", (4, 7)), FILE, SOURCE) == []


def test_an_error_of_another_file_is_left_to_ansible_s_words():
    assert mistakes.found(error("'x' is undefined", (4, 7)), Path("/y/autre.yml"), SOURCE) == []
    assert mistakes.found("ok: [node1]\nPLAY RECAP", FILE, SOURCE) == []


def test_the_arrow_stands_under_the_column():
    assert mistakes.excerpt(SOURCE, Mistake(5, 7, "")) == (
        "  3 │   tasks:\n  4 │     - name: Dormir\n→ 5 │       ansible.builtin.comand: id\n    │       ↑"
    )
    assert mistakes.excerpt(SOURCE, Mistake(99, 1, "")) == ""


def test_a_text_that_is_no_yaml_is_told_with_its_line():
    with pytest.raises(yaml_text.YamlError) as caught:
        yaml_text.parse("#\n- hosts: all\n  name: a: b\n", "La cellule")
    told = mistakes.told([mistakes.from_yaml(caught.value)], "#\n- hosts: all\n  name: a: b\n")
    assert told["text/plain"].startswith("Ligne 3 de la cellule\u00a0: ce n’est pas du YAML")
    assert "→ 3 │   name: a: b" in told["text/plain"]
    assert "Un deux-points" in told["text/html"]
