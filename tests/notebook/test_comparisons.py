import base64
import re

import pytest

from labs.errors import LabError
from labs.notebook import comparisons

PAIR = ["01-coupure-synchrone", "01-coupure-asynchrone"]


def test_a_comparison_stands_on_its_own():
    bundle = comparisons.still(PAIR)
    html = bundle["text/html"]
    picture = re.search(r'src="data:image/png;base64,([^"]+)" alt="([^"]+)"', html)
    assert base64.b64decode(picture.group(1)).startswith(b"\x89PNG")
    assert picture.group(2).startswith("Comparaison de 2\u00a0exécutions")
    assert "Voir les données" in html
    assert not re.findall(r'(?:src|href)="http', html)
    assert "<script" not in html


def test_it_is_told_in_words_too():
    for text in comparisons.still(PAIR).values():
        assert "B par rapport à A" in text
        assert "d’attente de sondage" in text


def test_commands_are_shown_as_text(monkeypatch):
    monkeypatch.setattr(comparisons.recordings, "command", lambda _: "ansible all -a '<img src=x>'")
    assert "<img src=x>" not in comparisons.still(PAIR)["text/html"]


def test_what_is_shown_in_a_cell(monkeypatch):
    shown = []
    monkeypatch.setattr(comparisons.toolkit, "place", shown.append)
    comparisons.compared(PAIR)
    assert shown[0].keys() == {"text/plain", "text/html"}


@pytest.mark.parametrize("names", [[], PAIR[:1], PAIR * 4])
def test_two_runs_at_least_and_six_at_most(names):
    with pytest.raises(LabError, match="de 2 à 6"):
        comparisons.still(names)
