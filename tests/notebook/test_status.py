"""The lab's health, told in one sentence and a table."""

import asyncio

import pytest

from labs.lab import NodeStatus
from labs.notebook import status


def test_a_whole_lab_is_ready():
    nodes = [NodeStatus("node1", "up", 2201), NodeStatus("node2", "up", 2202)]
    assert status.told(nodes) == "Le labo est prêt\u00a0: 2 nœuds répondent."


@pytest.mark.parametrize("state", ["stopped", "deaf", "absent"])
def test_what_ails_a_node_is_named(state):
    nodes = [NodeStatus("node1", "up", 2201), NodeStatus("node2", state)]
    assert "node2 (" in status.told(nodes)
    assert "Réparer le labo" in status.told(nodes)
    assert status.STATES[state] in status.table(nodes)


def test_no_lab_is_no_error():
    assert "n’existe pas encore" in status.told([])


@pytest.mark.lab
def test_the_widget_asks_the_engine(lab):
    widget = status.LabStatus(lab)
    asyncio.run(widget.refresh())
    assert widget.table.value.count("✓ prêt") == 3
    assert "Le labo est prêt" in widget.message.value
