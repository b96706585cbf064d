"""The launch panel, its buttons pressed through Python: what it shows, what it runs, what it says when it cannot."""

import asyncio

import pytest

from labs import paths
from labs.lab import Lab
from labs.notebook import prediction
from labs.notebook.panel import Panel
from labs.notebook.prediction import Forecast

SYNC = "ansible-playbook playbooks/synchrone.yml -e duree={d}"
ASYNC = "ansible-playbook playbooks/asynchrone.yml -e duree={d} -e sondage={P}"
WITNESS = "/tmp/rapport"


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "WORK", tmp_path)


async def until(condition):
    while not condition():  # noqa: ASYNC110 - what is waited for shows on a widget and sends no event
        await asyncio.sleep(0.05)


async def run_and_cut(panel):
    """Press « Lancer », then the cut button as soon as the panel allows it."""
    panel.launch_button.click()
    await asyncio.sleep(0)
    assert panel.launch_button.disabled
    assert panel.cut.button.disabled, "there is nothing to cut yet"
    await until(lambda: not panel.busy or not panel.cut.button.disabled)
    panel.cut.button.click()
    await until(lambda: not panel.busy)


def words_of(panel):
    (kept,) = panel.stage.box.children
    return kept.value


def test_the_command_follows_the_controls():
    panel = Panel(ASYNC, {"d": 8, "P": 2})
    assert "-e duree=8 -e sondage=2" in panel.command.value
    panel.fields["P"].value = 5
    assert "-e duree=8 -e sondage=5" in panel.command.value
    assert "poll: 5 #" in panel.command.value


def test_controls_have_names_and_limits():
    panel = Panel(ASYNC, {"d": 8, "P": 2})
    assert [field.description for field in panel.fields.values()] == ["Durée d (s)\u00a0:", "Sondage P (s)\u00a0:"]
    panel.fields["d"].value = 500
    assert panel.values["d"] == 12


def test_a_lab_that_is_not_there_is_told_and_can_be_mended():
    panel = Panel(SYNC, {"d": 2}, lab=Lab("jamais-cree"))
    asyncio.run(panel.run())
    assert 'role="status"' in panel.message.value
    assert "Traceback" not in panel.message.value
    assert panel.help.children, "the repair button is at hand"
    assert not panel.busy, "one may try again"


@pytest.mark.lab
def test_a_cut_during_a_synchronous_run_loses_the_work(lab):
    prediction.save("01-coupure", Forecast(3, "nœuds"))
    panel = Panel(SYNC, {"d": 6}, cut="node2", witness=WITNESS, forecast="01-coupure", lab=lab)
    asyncio.run(run_and_cut(panel))
    assert "Lien de node2 coupé à" in panel.cut.message.value
    said = words_of(panel)
    assert "node2\u00a0: UNREACHABLE" in said
    assert "écrit sur node1 et node3, absent de node2" in said
    assert "Vous aviez prévu 3\u00a0nœuds\u00a0; il y en a 2" in said
    assert 'src="data:image/png;base64,' in said
    assert panel.cut.button.disabled


@pytest.mark.lab
def test_a_cut_during_an_asynchronous_run_loses_nothing(lab):
    panel = Panel(ASYNC, {"d": 6, "P": 2}, cut="node2", witness=WITNESS, lab=lab)
    asyncio.run(run_and_cut(panel))
    said = words_of(panel)
    assert "«\u00a0sleep 6\u00a0» est allé au bout" in said
    assert "écrit sur node1, node2 et node3" in said


@pytest.mark.lab
def test_a_second_click_starts_nothing(lab):
    async def twice():
        first = asyncio.create_task(panel.run())
        await asyncio.sleep(0)
        await panel.run()  # returns at once
        assert not first.done()
        await first

    panel = Panel("ansible all -m ansible.builtin.ping", {}, lab=lab)
    asyncio.run(twice())
    assert "Terminé" in panel.message.value


@pytest.mark.lab
def test_a_node_that_died_is_named_and_mended(lab):
    lab.engine.remove([lab._container("node3")])
    panel = Panel(SYNC, {"d": 2}, lab=lab)
    asyncio.run(panel.run())
    assert "node3" in panel.message.value
    (status,) = panel.help.children
    table, buttons, _ = status.children
    assert "✕ absent" in table.value

    async def repair():
        buttons.children[1].click()
        await asyncio.sleep(0)
        await until(lambda: not buttons.children[1].disabled)

    asyncio.run(repair())
    assert "absent" not in table.value
    assert all(node.state == "up" for node in lab.status())
