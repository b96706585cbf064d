"""The panels of lesson 03, their buttons pressed through Python: the answer, the file of the job, and asking for its news."""

import asyncio

import pytest

from labs import paths
from labs.lab import Lab
from labs.notebook import asking, exploring, following, prediction
from labs.notebook.asking import AskPanel
from labs.notebook.exploring import AnswerPanel
from labs.notebook.following import FilePanel
from labs.notebook.prediction import Forecast

DETACHED = "ansible all -B 60 -P 0 -a '/bin/sleep {d}'"


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "WORK", tmp_path)


async def until(condition):
    while not condition():  # noqa: ASYNC110 - what is waited for shows on a widget and sends no event
        await asyncio.sleep(0.05)


def kept(panel):
    (html,) = panel.stage.box.children
    return html.value


@pytest.mark.lab
def test_the_answer_comes_while_the_jobs_run_on_and_their_news_can_be_asked(fresh_lab):
    prediction.save("03-tous", Forecast(3, "nœuds"))
    launch, ask = AnswerPanel(DETACHED, {"d": 12}, lab=fresh_lab), AskPanel(forecast="03-tous", lab=fresh_lab)

    async def lesson():
        await ask.run()
        assert "pas encore de job" in ask.message.value
        running = asyncio.create_task(launch.run())
        await until(lambda: launch.answers)
        assert "rendu la main" in launch.message.value
        assert launch.busy, "jobs are still being watched"
        assert "finished" in launch.box.children[0].value
        await until(lambda: len(ask.job.options) == 3)  # told of the new jobs without being asked

        mine = next(answer.jid for answer in launch.answers if answer.host == "node1")
        ask.job.value, ask.node.value = mine, "all"
        assert f"ansible -i inventory/inventory.yml all -m ansible.builtin.async_status -a 'jid={mine}'" in ask.command.value.replace(
            "&#x27;", "'"
        )
        await ask.run()
        assert [answer.failed for answer in ask.answers] == [False, True, True]
        assert "Vous aviez prévu 3\u00a0nœuds\u00a0; il y en a 1" in ask.message.value
        await running

        ask.node.value, ask.mode.value = "node1", " mode=cleanup"
        await ask.run()
        assert "erased" in ask.answers[0].fields
        await until(lambda: any("(effacé)" in label for label, _ in ask.job.options))
        assert ask.job.value == mine, "what was chosen stays chosen"
        assert mine not in ask.files.value

    asyncio.run(lesson())
    assert "<img" in kept(launch)


@pytest.mark.lab
def test_the_file_of_the_job_is_shown_version_by_version(lab):
    panel = FilePanel("ansible node1 -B 30 -P {P} -a '/bin/sleep {d}'", {"d": 2, "P": 2}, node="node1", lab=lab)
    asyncio.run(panel.run())
    assert [version.content is None for version in panel.follower.versions][-1] is True, "Ansible, which waited, took the file away"
    said = kept(panel)
    assert said.index("Le job tourne.") < said.index("n’existe plus") < said.index("<img")
    assert panel.file.value == ""


@pytest.mark.lab
def test_what_happens_to_the_file_between_two_readings_at_the_end_is_told(lab):
    panel = FilePanel("ansible node1 -B 30 -P {P} -a '/bin/sleep {d}'", {"d": 2, "P": 2}, node="node1", lab=lab)

    async def lesson():
        running = asyncio.create_task(panel.run())
        await until(lambda: panel.follower.versions or running.done())
        panel._next = float("inf")
        await running

    asyncio.run(lesson())
    said = kept(panel)
    assert said.index("Le job tourne.") < said.index("n’existe plus")


def test_a_lab_that_is_not_there_is_told():
    ask = AskPanel(lab=Lab("jamais-cree"))
    asyncio.run(ask.run())
    assert ask.job.disabled is False
    assert "pas encore de nœuds" in ask.message.value
    assert ask.help.children, "the repair button is at hand"


def test_without_a_kernel_each_shows_its_command_and_a_recorded_run():
    for bundle in (
        exploring.still(DETACHED, d=12, recorded="03-detacher"),
        following.still("ansible node1 -B 60 -P 0 -a '/bin/sleep {d}'", node="node1", d=6, recorded="03-fichier"),
        asking.still(recorded="03-ranger"),
    ):
        assert "ansible -i inventory/inventory.yml" in bundle["text/plain"]
        assert "<img" in bundle["text/html"]
        assert "ansible_async" in bundle["text/html"]
