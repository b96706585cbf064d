"""hunspell and the project's own words find nothing to say about what the project writes in French."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest
from french import texts

from labs.setup import has_french

OWN = Path(__file__).with_name("mots.txt")
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
ELISION = re.compile(r"^(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu)['’]", re.IGNORECASE)
# A command in guillemets, a path, an option, a name with a digit, an underscore, a point or a capital inside: nobody's French.
CODE = re.compile(
    r"«\s*(?:sudo|labs|grader|ansible[\w-]*|apt-get|etat is|%|-|\[|\.?\.?/|\.venv)[^»]*»"
    r"|[\w~]*(?:[_/=<>~\\]|\w\.\w|[a-z][A-Z]|--)[\w./=~<>-]*|[\w-]*\d[\w-]*|%[a-z%][^\n]*|(?<!\w)[-.]\w+"
)

pytestmark = pytest.mark.skipif(not has_french(), reason="hunspell ou son dictionnaire français manque (paquets hunspell et hunspell-fr)")


def own() -> list[str]:
    """One a line: a word, or several that only go together; what follows a # says why."""
    lines = [line.partition("#")[0].strip() for line in OWN.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line]


def words(text: str) -> list[str]:
    return [ELISION.sub("", word) for word in WORD.findall(CODE.sub(" ", text))]


def unknown(seen: set[str]) -> set[str]:
    """Those that the French dictionary does not have."""
    command = ["hunspell", "-d", "fr", "-i", "utf-8", "-l"]
    said = subprocess.run(command, input="\n".join(sorted(seen)), capture_output=True, text=True, check=True, encoding="utf-8")
    assert not said.stderr, said.stderr
    return set(said.stdout.split())


def mistakes(pieces: Iterable[texts.Piece]) -> dict[str, list[str]]:
    """Word -> where it stands."""
    accepted = own()
    together = re.compile("|".join(re.escape(entry) for entry in accepted if " " in entry))
    found = defaultdict(list)
    for piece in pieces:
        for word in words(together.sub(" ", piece.text)):
            found[word].append(piece.where)
    return {word: found[word] for word in unknown(set(found)) - set(accepted)}


def test_every_word_is_french_or_one_of_ours():
    assert mistakes(texts.everything()) == {}, "correct it, put code between backquotes, or add a name to tests/french/mots.txt"


def test_our_own_words_are_all_needed():
    said = "\n".join(piece.text for piece in texts.everything())
    used = set(words(said))
    accepted = own()
    assert [entry for entry in accepted if entry not in (said if " " in entry else used)] == []
    single = {entry for entry in accepted if " " not in entry}
    assert single - unknown(single) == set(), "the French dictionary has them"
    assert len(accepted) == len(set(accepted))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.md", "Le noeux est pret.\n\n```\nls -lrtx\n```\n"),
        ("page.md", "| tâche |\n|:--|\n| un noeux pret |\n"),
        ("page.md", '```{code-cell} ipython3\npredict("Combien de noeux sont prets ?")\n```\n'),
        ("quiz.yml", "- question: Le noeux est-il pret ?\n  choix: []\n"),
        ("jeu.yml", "- name: Attendre le noeux pret\n"),
        ("jeu.yml", "- hosts: all # le noeux est pret\n"),
        ("mod.py", 'def f(n):\n    """Docstrings ar nott read."""\n    raise LabError(f"Le noeux {n} est pret.")\n'),
        ("vue.js", "say(`Le noeux ${n} est pret`); // nott read\n"),
        ("start", 'fail "Le noeux est pret."\n'),
        ("page.html", '<p class="nott read">Le {{ noeux }} <b>noeux</b> est pret.</p>\n'),
        ("page.html", '<p aria-label="Le noeux est pret" title="nott">{{ nott }}</p>\n'),
    ],
)
def test_a_mistake_is_seen(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    of = {".md": texts.of_markdown, ".py": texts.of_python, ".js": texts.of_javascript, "": texts.of_shell, ".html": texts.of_template}
    of[".yml"] = texts.of_playbook if name == "jeu.yml" else lambda path: texts.of_yaml(path, texts.QUIZ_TEXTS)
    assert {"noeux", "pret"} <= {word.removesuffix("s") for word in mistakes(of[path.suffix](path))} <= {"noeux", "pret"}


def test_what_is_said_in_a_template_is_read(tmp_path):
    path = tmp_path / "exercise.yml"
    path.write_text("fail_msg: \"{{ node.x }} : {{ 'aucun noeux' if y else 'un job' }}, [[ durees ]] et `ls -lrtx`\"\n", encoding="utf-8")
    assert set(mistakes(texts.of_yaml(path, texts.EXERCISE_TEXTS))) == {"noeux"}
