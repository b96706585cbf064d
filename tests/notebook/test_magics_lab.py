"""The magics in a real kernel, on real nodes: what they show and leave in a notebook, and what an interruption leaves: nothing."""

import time

import pytest
from jupyter_client.manager import start_new_kernel

from labs.jobs import sweep

pytestmark = pytest.mark.lab

RUN_SECONDS = 120
SETUP = """
from grader.notebook import exercise
from labs.lab import Lab
from labs.notebook import magics_ansible, magics_lab, rundisplay
for module in (magics_ansible, magics_lab, rundisplay):
    module.Lab = lambda: Lab({name!r})
"""
PLAYBOOK = """%%playbook essai -f 1 -e duree=1
- hosts: all
  gather_facts: false
  tasks:
    - name: Dormir
      ansible.builtin.command: "/bin/sleep {{ duree }}"
      async: 30
      poll: 1
    - name: Dire
      ansible.builtin.debug:
        msg: "{{ inconnue }}"
"""


class Kernel:
    """A kernel and the outputs of its cells, kept up to date as a notebook does."""

    def __init__(self, manager, client):
        self.manager = manager
        self._client = client
        self.shown = {}  # display id -> its last data

    def start(self, code):
        return self._client.execute(code)

    def finish(self, message):
        """Wait for the end of a cell; its reply."""
        self.follow(lambda said: said["msg_type"] == "status" and said["content"]["execution_state"] == "idle", message)
        while True:
            reply = self._client.get_shell_msg(timeout=RUN_SECONDS)
            if reply["parent_header"]["msg_id"] == message:
                return reply["content"]

    def follow(self, over, message):
        while True:
            said = self._client.get_iopub_msg(timeout=RUN_SECONDS)
            if said["msg_type"] in {"display_data", "update_display_data"}:
                self.shown[said["content"]["transient"]["display_id"]] = said["content"]["data"]
            if said["parent_header"].get("msg_id") == message and over(said):
                return

    def run(self, code):
        """Run a cell to its end; what its last display holds by then."""
        assert self.finish(self.start(code))["status"] == "ok"
        return list(self.shown.values())[-1]


@pytest.fixture(scope="module")
def kernel(lab, tmp_path_factory):
    work = tmp_path_factory.mktemp("travail")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONTREPOINT_TRAVAIL", str(work))
        manager, client = start_new_kernel(kernel_name="python3", cwd=str(work))
    kernel = Kernel(manager, client)
    kernel.work = work
    assert kernel.finish(kernel.start(SETUP.format(name=lab.name)))["status"] == "ok"
    yield kernel
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_an_ad_hoc_command_leaves_its_figure_and_its_answer(kernel):
    shown = kernel.run("%ansible all -m ansible.builtin.ping --limit node1,node2")
    assert "<figure" in shown["text/html"]
    assert "alt=" in shown["text/html"]
    assert "application/vnd.jupyter.widget-view+json" not in shown
    assert 'node1 | SUCCESS => {\n    "changed": false' in shown["text/plain"]
    assert "node3" not in shown["text/plain"]


def test_a_detached_command_gives_the_hand_back_and_is_followed_to_the_end(kernel):
    before = time.monotonic()
    message = kernel.start('%ansible node1 -B 60 -P 0 -a "/bin/sleep 9"')
    assert kernel.finish(message)["status"] == "ok"
    first = list(kernel.shown.values())[-1]
    assert "ansible_job_id" in first["text/plain"]
    assert "<figure" in first["text/html"], "a reader without widgets has the figure at once"
    assert "encore en cours" in first["text/plain"]
    assert time.monotonic() - before < 9 + RUN_SECONDS / 4
    kernel.follow(lambda said: said["msg_type"] == "update_display_data", message)
    last = list(kernel.shown.values())[-1]
    assert "application/vnd.jupyter.widget-view+json" not in last
    assert "encore en cours" not in last["text/plain"]


def test_a_playbook_cell_runs_and_shows_its_mistake(kernel):
    shown = kernel.run(PLAYBOOK)
    assert "Ligne 11 de la cellule\u00a0: La variable «\u00a0inconnue\u00a0» n’est pas définie." in shown["text/plain"]
    assert '→ 11 │         msg: "{{ inconnue }}"' in shown["text/plain"]
    assert "TASK [Dormir]" in shown["text/plain"]
    assert "<figure" in shown["text/html"]
    assert (kernel.work / "playbooks" / "essai.yml").read_text(encoding="utf-8").splitlines()[1:] == PLAYBOOK.splitlines()[1:]


def test_a_playbook_of_the_course_runs_with_any_option(kernel):
    shown = kernel.run("%ansible-playbook playbooks/synchrone.yml -e duree=1 --limit node2 --start-at-task 'Écrire le rapport'")
    assert "TASK [Écrire le rapport]" in shown["text/plain"]
    assert "TASK [Travailler]" not in shown["text/plain"]


def test_the_lab_is_shown(kernel):
    assert "3 nœuds répondent" in kernel.run("%lab")["text/plain"]


def test_an_answer_that_is_no_playbook_is_refused_and_kept(kernel):
    message = kernel.start("%%exercice sync-coupure\nbonjour\n")
    assert kernel.finish(message)["status"] == "ok"
    assert (kernel.work / "reponses/sync-coupure/answer.yml").read_text(encoding="utf-8") == "bonjour\n"


def test_cells_run_one_after_the_other(kernel):
    first, second = kernel.start('%ansible node1 -a "/bin/sleep 1"'), kernel.start("x = 1")
    kernel.finish(first)
    assert "<figure" in list(kernel.shown.values())[-1]["text/html"], "the run has ended with its cell"
    kernel.finish(second)


def test_an_interruption_ends_the_run_everywhere_and_the_cells_after_it(kernel, lab):
    message, after = kernel.start('%ansible all -a "/bin/sleep 66"'), kernel.start("x = 2")
    deadline = time.monotonic() + RUN_SECONDS
    while any(lab.execute(node, ["pgrep", "-f", "^/bin/sleep 66"]).returncode for node in lab.nodes):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    (run,) = (lab.directory / "runs").iterdir()
    kernel.manager.interrupt_kernel()
    reply = kernel.finish(message)
    assert (reply["status"], reply["ename"]) == ("error", "InterruptedRun")
    assert reply["traceback"] == ["La cellule est interrompue."]
    assert kernel.finish(after)["status"] == "aborted"
    assert all(lab.execute(node, ["pgrep", "-f", "^/bin/sleep 66"]).returncode == 1 for node in lab.nodes)
    assert sweep.controller_processes(run.name) == []
    assert not run.exists()
    shown = list(kernel.shown.values())[-1]
    assert "<figure" in shown["text/html"]
    assert shown["text/plain"].count("Interrompu") == 1
