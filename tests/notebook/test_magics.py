"""The magics without a lab: how a cell waits for them, what completes them, what they refuse."""

import asyncio

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import grader.notebook
from labs import paths
from labs.notebook import magic_cells, magics
from labs.notebook.completion import modules


@pytest.fixture(scope="module")
def shell():
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))  # else a database stays open
    magics.register(shell)
    magics.register(shell, (grader.notebook.MAGIC,))
    return shell


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "WORK", tmp_path)


def offered(shell, text):
    with provisionalcompleter():
        return [completion.text for completion in shell.Completer.completions(text, len(text))]


def shown(shell, source, monkeypatch):
    """The plain texts that a cell shows."""
    texts = []

    class Handle:
        def update(self, bundle, raw):
            assert raw
            texts.append(bundle["text/plain"])

    monkeypatch.setattr("labs.notebook.toolkit.place", lambda _still, _widget=None: Handle())
    result = shell.run_cell(source)
    assert result.success, result
    return texts


# -- cells


def test_registering_twice_changes_nothing(shell):
    transforms, matchers = len(shell.input_transformers_post), len(shell.Completer.custom_matchers)
    magics.register(shell)
    assert (len(shell.input_transformers_post), len(shell.Completer.custom_matchers)) == (transforms, matchers)
    assert "ansible-playbook" in shell.magics_manager.magics["line"]
    assert "exercice" in shell.magics_manager.magics["cell"]


@pytest.mark.parametrize(
    "source",
    [
        "%ansible all -m ping",
        "réponse = %ansible-playbook playbooks/synchrone.yml",
        "%%playbook essai\n- hosts: all\n",
        "for _ in range(2):\n    %ansible all -m ping",
        "%ansible all -B 60 \\\n  -P 0 -a '/bin/sleep 5'",
    ],
)
def test_a_cell_waits_for_its_run(shell, source):
    transformed = shell.transform_cell(source)
    assert "await get_ipython().run_" in transformed
    assert shell.should_run_async(source, transformed_cell=transformed)


@pytest.mark.parametrize("source", ["%pwd", "def f():\n    %ansible all -m ping", "text = 'get_ipython()'", "%%bash\nls"])
def test_other_cells_are_left_as_they_are(shell, source):
    assert "await" not in shell.transform_cell(source)


def test_braces_and_dollars_are_ansible_s(shell, monkeypatch):
    typed = []

    async def adhoc(line):
        typed.append(line)

    monkeypatch.setattr("labs.notebook.magics_ansible.adhoc", adhoc)
    shell.user_ns["x"] = "trahi"
    shell.run_cell('%ansible all -m debug -a "msg={{ x }} $x {x}"')
    assert typed == ['all -m debug -a "msg={{ x }} $x {x}"']


def test_without_a_running_loop_the_work_is_done_before_it_returns(shell, monkeypatch):
    done = []

    async def lab(line):
        await asyncio.sleep(0)
        done.append(line)

    monkeypatch.setattr("labs.notebook.magics_lab.lab", lab)
    shell.run_line_magic("lab", "status")
    assert done == ["status"]


# -- what is refused


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("%ansible", "les nœuds visés"),
        ("%ansible all -B", "-B/--background attend une valeur"),
        ("%ansible all -f trois -m ping", "«\u00a0trois\u00a0» n’est pas un nombre entier"),
        ("%ansible all -m ping -a 'x", "n’est pas refermé"),
        ("%ansible all -m ping | grep ok", "ne comprend pas «\u00a0| grep ok\u00a0»"),
        ("%ansible all -b -K -m ping", "pose une question"),
        ("%ansible-playbook", "le chemin d’un playbook"),
        ("%ansible-playbook nulle/part.yml", "n’existe pas"),
        ("%%playbook bla/x\n- hosts: all\n", "n’est pas un nom de playbook"),
        ("%%playbook\nbonjour: 3\n", "n’est pas un playbook"),
        ("%%playbook\n# rien\n", "La cellule est vide"),
        ("%%playbook\n- hosts: all\n   tasks: []\n", "Ligne 3 de la cellule"),
    ],
)
def test_what_cannot_be_run_is_told_and_not_raised(shell, source, told, monkeypatch):
    assert any(told in text for text in shown(shell, source, monkeypatch))


def test_help_and_versions_are_printed_without_a_lab(shell, monkeypatch):
    assert "ansible [core" in shown(shell, "%ansible --version", monkeypatch)[-1]
    assert "--force-handlers" in shown(shell, "%ansible-playbook --help", monkeypatch)[-1]


# -- the playbook's file


def test_a_named_cell_is_kept_and_never_takes_the_place_of_another_text(shell, monkeypatch, tmp_path):
    source = "%%playbook essai --syntax-check\n- hosts: localhost\n  tasks: []\n"
    shown(shell, source, monkeypatch)
    kept = tmp_path / "playbooks" / "essai.yml"
    assert kept.read_text(encoding="utf-8").splitlines()[1:] == ["- hosts: localhost", "  tasks: []"]
    shown(shell, source.replace("tasks: []", "tasks: [] # encore"), monkeypatch)
    assert "encore" in kept.read_text(encoding="utf-8")
    kept.write_text("- hosts: all\n", encoding="utf-8")
    assert "existe déjà" in shown(shell, source, monkeypatch)[-1]
    assert kept.read_text(encoding="utf-8") == "- hosts: all\n"


def test_ansible_s_own_words_are_put_on_the_learner_s_line(shell, monkeypatch):
    source = "%%playbook --syntax-check\n- hosts: localhost\n  tasks:\n    - name: Oups\n      ansible.builtin.comand: id\n"
    text = shown(shell, source, monkeypatch)[-1]
    assert text.startswith("Ligne 5 de la cellule\u00a0: Ansible ne connaît pas le module «\u00a0ansible.builtin.comand\u00a0»")
    assert "→ 5 │       ansible.builtin.comand: id\n    │       ↑" in text
    assert "couldn't resolve module/action" in text


# -- completion


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%ansible all -m pi", "ansible.builtin.ping"),
        ("%ansible all --backg", "--background"),
        ("%ansible-playbook playbooks/synch", "playbooks/synchrone.yml"),
        ("%ansible-playbook playbooks/synchrone.yml --force-", "--force-handlers"),
        ("%ansible-doc ansible.builtin.async_s", "ansible.builtin.async_status"),
        ("%%exercice sync-", "sync-coupure"),
        ("%lab re", "reset"),
        ("%ansible all \\\n  -m async_s", "ansible.builtin.async_status"),
        ("%%playbook\n- hosts: all\n  tas", "tasks"),
        ("%%playbook\n- hosts: all\n  tasks:\n    - ansible.builtin.comm", "ansible.builtin.command"),
    ],
)
def test_completion(shell, text, expected):
    assert expected in offered(shell, text)


def test_completion_knows_nodes_groups_and_kept_playbooks(shell, monkeypatch, tmp_path):
    inventory = tmp_path / "inventaire.yml"
    inventory.write_text("all:\n  hosts:\n    node1:\n  children:\n    web:\n      hosts:\n        node9:\n")
    monkeypatch.setattr("labs.lab.Lab.inventory", inventory)
    assert offered(shell, "%ansible no") == ["node1", "node9"]
    assert offered(shell, "%ansible all -m ping -l w") == ["web"]
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "essai.yml").touch()
    assert offered(shell, "%%playbook es") == ["essai"]


def test_python_is_completed_as_before(shell):
    assert "import" in offered(shell, "impor")
    assert "ansible.builtin.ping" not in offered(shell, "pi")


def test_modules_are_those_of_the_core_installed_here():
    assert {"ansible.builtin.command", "ansible.builtin.async_status"} <= set(modules())


# -- cells of the lessons


def test_magic_cells_are_read_without_being_run():
    assert magic_cells.read("%ansible all \\\n  -m ping") == magic_cells.MagicCell("%ansible", "all    -m ping")
    assert magic_cells.read("%%playbook essai -f 1\n- hosts: all") == magic_cells.MagicCell("%%playbook", "essai -f 1", "- hosts: all")
    assert magic_cells.read("predict('a')") is None


def test_a_magic_cell_shows_the_run_of_the_same_command(monkeypatch):
    recipes = {
        "a": {"command": "ansible all -B 60  -P 3 -a '/bin/sleep 5'"},
        "b": {"command": "ansible-playbook playbooks/attente.yml -e lente=5"},
        "c": {"playbook_cell": "essai"},
    }
    monkeypatch.setattr("labs.notebook.recordings.recipes", lambda: recipes)
    assert magic_cells.read('%ansible all -B 60 -P 3 -a "/bin/sleep 5"').run == "a"
    assert magic_cells.read("%ansible-playbook playbooks/attente.yml -e lente=5").run == "b"
    assert magic_cells.read("%%playbook essai -f 1\n- hosts: all").run == "c"
    assert magic_cells.read("%ansible all -B 60 -P 3 -a '/bin/sleep 6'").run is None
    assert magic_cells.read("%lab reset").run is None
