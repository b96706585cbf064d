"""Answers that are refused by their sight alone: nothing of them runs, no lab is started, and they take neither time nor memory."""

from __future__ import annotations

import os
import socket

import corpus
import pytest

from grader import catalog, nodes
from grader.run import grade

EXERCISE = catalog.find("travail-simple", corpus.EXERCISES)
PLAY = "- hosts: all\n  tasks:\n    - command: 'true'\n"
BOMB = "".join(f"    {name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefghi", "bcdefghij", strict=True))

# What each one attempts, and the text of its answer.yml.
TEXTS = {
    "grow without end by aliases": f"- hosts: all\n  vars:\n    a: &a [x, x]\n{BOMB}",
    "name a bomb of aliases as hosts": f"- vars:\n    a: &a [x, x]\n{BOMB}  hosts: *j\n",
    "hold itself": "- &a\n  hosts: all\n  vars: *a\n",
    "nest lists without end": "[" * 100_000,
    "nest tables without end": "{a: " * 50_000,
    "make a Python object": "- hosts: !!python/object/apply:os.system ['touch /tmp/x']\n",
    "make a Python name": "- !!python/name:os.system\n",
    "hold a control character": "- hosts: all\0\n",
    "be no text at all": "\x7fELF\x02\x01\x01",
    "be of no end": "# " + "x" * 900_000,
    "name hosts by a pattern of no end": f"- hosts: '{'[' * 200_000}'\n",
    "count in base sixty": f"- hosts: {'1' + ':1' * 100_000}\n",
    "count in more digits than a number has": f"- hosts: {'9' * 200_000}\n",
    "be several documents": "- hosts: all\n---\n- hosts: all\n",
    "merge without end": f"- hosts: all\n  vars:\n    a: &a {{x: y}}\n{BOMB.replace('[', '{<<: [').replace(']', ']}')}",
}
# What each one attempts, and the files beside answer.yml.
FOLDERS = {
    "bring a callback": {"callback_plugins/tell.py": "print(1)"},
    "bring a filter": {"filter_plugins/steal.py": ""},
    "bring a lookup": {"lookup_plugins/steal.py": ""},
    "bring a connection": {"connection_plugins/local.py": ""},
    "bring a strategy": {"strategy_plugins/free.py": ""},
    "bring an action in a role": {"roles/r/action_plugins/command.py": ""},
    "bring a module": {"library/command": "#!/bin/sh\n"},
    "bring the code of a module": {"module_utils/basic.txt": ""},
    "bring a collection": {"collections/ansible_collections/a/b/galaxy.yml": ""},
    "bring a compiled program": {"files/x.so": ""},
    "bring more files than anybody reads": {f"f{number}": "" for number in range(300)},
    "bring folders in folders": {"/".join(["d"] * 300) + "/x": ""},
}


@pytest.fixture(autouse=True)
def no_lab(monkeypatch):
    """Whoever asks for nodes has gone too far."""

    def refuse(*_, **__):
        raise AssertionError("a lab was asked for")

    monkeypatch.setattr(nodes, "fresh", refuse)


def judged(path):
    return grade(EXERCISE, path, trusted=False).report


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_refused(tmp_path, name):
    report = judged(corpus.write(tmp_path, {"answer.yml": TEXTS[name]}))
    assert (report.status, report.score) == ("error", None)
    assert report.message.endswith(".")


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_is_refused(tmp_path, name):
    report = judged(corpus.write(tmp_path, {"answer.yml": PLAY} | FOLDERS[name]))
    assert (report.status, report.score) == ("error", None)


def _link(folder, target):
    (folder / "files").mkdir()
    (folder / "files" / "x").symlink_to(target)


def _sparse(folder):
    with (folder / "x").open("wb") as file:
        file.truncate(10 * 1024**3)


# What each one attempts, and how its folder is made.
MADE = {
    "lead to a file of the host": lambda folder: _link(folder, "/etc/hostname"),
    "lead to a folder of the host": lambda folder: _link(folder, "/"),
    "lead to the solution": lambda folder: _link(folder, catalog.find("lots-deux").folder / "solution"),
    "lead to itself": lambda folder: _link(folder, "."),
    "lead to nothing": lambda folder: _link(folder, "/nulle/part"),
    "keep who reads it waiting": lambda folder: os.mkfifo(folder / "x"),
    "be a socket": lambda folder: socket.socket(socket.AF_UNIX).bind(str(folder / "x")),
    "be larger than the disk": _sparse,
}


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("name", MADE)
def test_what_is_no_file_is_refused(tmp_path, name):
    corpus.write(tmp_path, {"answer.yml": PLAY})
    MADE[name](tmp_path)
    report = judged(tmp_path)
    assert (report.status, report.score) == ("error", None)


@pytest.mark.parametrize("target", ["answer.yml", ""])
def test_a_link_in_the_answer_s_own_place_is_refused(tmp_path, target):
    corpus.write(tmp_path, {"solution/answer.yml": PLAY})
    (tmp_path / "copy").symlink_to(tmp_path / "solution" / target)
    assert judged(tmp_path / "copy").status == "error"


def test_an_answer_s_main_file_may_not_be_a_link(tmp_path):
    corpus.write(tmp_path, {"solution.yml": PLAY})
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "answer.yml").symlink_to(tmp_path / "solution.yml")
    assert judged(tmp_path / "copy").status == "error"
