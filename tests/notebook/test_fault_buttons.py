"""Buttons that break things: what they say before and after, and that they do it."""

from __future__ import annotations

import asyncio

import pytest

from labs.errors import LabError
from labs.notebook import faults
from labs.notebook.faults import CutButton, Fault, FaultButton

NBSP = "\u00a0"


class Struck:
    """A lab that remembers what was asked of it."""

    def __init__(self, refuses=None):
        self.asked, self.refuses = [], refuses

    def __getattr__(self, kind):
        def strike(*arguments):
            if self.refuses:
                raise self.refuses
            self.asked.append((kind, *arguments))

        return strike


def pressed(button):
    asyncio.run(button.strike())
    return button.message.value


@pytest.mark.parametrize(
    ("fault", "label", "asked", "said"),
    [
        (Fault("cut"), "Couper le lien de node2", ("cut", "node2", None), f"coupé à 4,0{NBSP}s"),
        (Fault("cut", 5), f"Couper le lien de node2 pendant 5,0{NBSP}s", ("cut", "node2", 5), f"refuse de nouvelles pendant 5,0{NBSP}s"),
        (Fault("pause", 3), f"Geler node2 pendant 3,0{NBSP}s", ("pause", "node2", 3), "aucun de ses processus"),
        (Fault("slow", 8, 0.3), f"Ralentir le lien de node2 pendant 8,0{NBSP}s", ("slow", "node2", 0.3, 8), f"attend 0,3{NBSP}s"),
        (Fault("kill"), "Tuer node2", ("kill", "node2", None), "Réparer le labo"),
    ],
)
def test_a_button_does_its_fault_and_says_when(fault, label, asked, said):
    lab = Struck()
    button = FaultButton("node2", fault, elapsed=lambda: 4.0, lab=lab)
    assert button.button.description == label
    assert said in pressed(button)
    assert lab.asked == [asked]


def test_a_cut_button_is_a_fault_button():
    lab = Struck()
    assert "Lien de node1 coupé à" in pressed(CutButton("node1", lab=lab))
    assert lab.asked == [("cut", "node1", None)]


def test_a_fault_that_cannot_be_done_is_told():
    button = FaultButton("node9", Fault("pause"), lab=Struck(LabError("Le labo n'a pas de nœud « node9 ».", "Ses nœuds : node1.")))
    assert "node9" in pressed(button)
    assert "gelé" not in button.message.value


def test_an_unknown_fault_is_told():
    with pytest.raises(LabError, match="cut, pause, slow, kill"):
        faults.still("node1", "feu")


def test_the_still_picture_names_the_button():
    assert f"Geler node1 pendant 3,0{NBSP}s" in faults.still("node1", "pause", 3)["text/plain"]
    assert "coupe le lien de node2" in faults.still("node2")["text/plain"]
