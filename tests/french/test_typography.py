"""French typography: what is printed as it stands is typed so; what is typed plainly is right once it is typeset."""

from __future__ import annotations

import re

import pytest
from french import texts

from labs.typography import typeset

CLUMSY = {
    "an ordinary space before a double sign": re.compile(r" [;?!»](?=[\s.,*)…]|$)|(?<=[\w`…»)]) :(?=\s|$)"),
    "an ordinary space after an opening guillemet": re.compile("« "),
    "a straight apostrophe": re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])"),
    "three dots": re.compile(r"\.\.\."),
    "a breaking space before a unit": re.compile(r"\d (?:s|ms|min|secondes?|minutes?)\b"),
    "a guillemet that touches its words": re.compile(r"«[^\s\u00a0]|[^\s\u00a0]»"),
    "no space before a double sign": re.compile(r"[^\W\d_][;?!](?=\s|$)"),
    "another space than the project's": re.compile("\u202f"),
    "oe for œ": re.compile(r"\b(?:n|v|b|s|c|man|mœ)oeu|oeuvre|oeil", re.IGNORECASE),
}


def faults(pieces):
    """What is clumsy -> where it stands."""
    found = {}
    for piece in pieces:
        text = typeset(piece.text) if piece.plain else piece.text
        for fault, pattern in CLUMSY.items():
            for hit in pattern.finditer(text):
                found.setdefault(fault, []).append(f"{piece.where}: {text[max(0, hit.start() - 20) : hit.end() + 10]!r}")
    return found


def test_french_typography():
    assert faults(texts.everything()) == {}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("fini ?", "an ordinary space before a double sign"),
        ("`x` : fini", "an ordinary space before a double sign"),
        ("dit « oui\u00a0»", "an ordinary space after an opening guillemet"),
        ("l'été", "a straight apostrophe"),
        ("et puis...", "three dots"),
        ("5 s de plus", "a breaking space before a unit"),
        ("«oui\u00a0»", "a guillemet that touches its words"),
        ("fini?", "no space before a double sign"),
        ("fini\u202f?", "another space than the project's"),
        ("un noeud", "oe for œ"),
    ],
)
def test_a_clumsy_text_is_seen(text, fault):
    assert list(faults([texts.Piece("ici", text)])) == [fault]


def test_what_is_right_is_left_in_peace():
    right = "Fini\u00a0? Oui\u00a0: l’attente a duré 5\u00a0s, «\u00a0à peu près\u00a0»… et `a ? b`"
    assert faults([texts.Piece("ici", texts.prose(right))]) == {}
    assert faults([texts.Piece("ici", "Fini ? Oui : l'attente a duré 5 s, « à peu près »", plain=True)]) == {}


def test_spaces_that_must_not_break_a_line():
    assert typeset("Vu : 3 s ; fini ?") == "Vu\u00a0: 3\u00a0s\u00a0; fini\u00a0?"
    assert typeset("dit « node1 » !") == "dit «\u00a0node1\u00a0»\u00a0!"
    assert typeset("« prêts ? »") == "«\u00a0prêts\u00a0?\u00a0»"
    assert typeset("l'opération") == "l’opération"


def test_code_is_left_as_it_was_typed():
    assert typeset("`a : b` ; d'après `l'un`") == "`a : b`\u00a0; d’après `l'un`"
    block = "```yaml\nwhen: x ; y : 'z'\n```"
    assert typeset(block) == block


def test_a_yaml_key_in_prose_is_no_french_colon():
    assert typeset("hosts: all") == "hosts: all"


def test_what_is_typeset_stays_as_it_is():
    once = typeset("C'est « fini » ; en 5 s ?")
    assert typeset(once) == once
