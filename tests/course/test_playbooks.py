"""The playbooks that learners copy: understood by Ansible, named, commented, and the ones that the lessons run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest
import yaml

from labs import paths
from labs.jobs.command import Playbook
from labs.notebook import build, recordings
from labs.notebook.commandline import CommandLine

ALL = sorted(paths.PLAYBOOKS.glob("*.yml"))
PLAYBOOKS = [path for path in ALL if "hosts" in yaml.safe_load(path.read_text(encoding="utf-8"))[0]]
SOLUTIONS = sorted(paths.ROOT.glob("grader/exercises/*/solution/answer.yml"))


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.name)
def test_ansible_understands_it(path):
    tool = Path(sys.executable).parent / "ansible-playbook"
    done = subprocess.run([tool, "--syntax-check", "-i", "node1,", path], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_it_can_be_copied(path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith("---\n# ")
    entries = yaml.safe_load(text)
    tasks = [task for entry in entries for task in unfolded(entry.get("tasks", [entry]))]
    assert all(entry.get("name") for entry in [*entries, *tasks])
    modules = [key for task in tasks for key in task if "." in key]
    assert len(modules) == sum("block" not in task for task in tasks), "each task names its module in full"


def unfolded(tasks):
    """Tasks, and those within their blocks."""
    for task in tasks:
        yield task
        for part in ("block", "rescue", "always"):
            yield from unfolded(task.get(part, []))


def lint(*files):
    """ansible-lint by the project's settings, which name the production profile; nothing is looked for on the network."""
    tools = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"}
    command = [tools / "ansible-lint", "--config-file", paths.ROOT / ".ansible-lint", "--nocolor", "--parseable", *files]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=paths.ROOT, env=environment)


@pytest.mark.plays
def test_playbooks_and_solutions_are_clean():
    """One run for all of them: starting takes most of its time."""
    answers = [path for path in SOLUTIONS if "hosts:" in path.read_text(encoding="utf-8")]
    assert answers
    done = lint(*(path.relative_to(paths.ROOT) for path in [*ALL, *answers]))
    assert done.returncode == 0, done.stdout


@pytest.mark.plays
def test_what_is_not_clean_is_seen(tmp_path):
    play = tmp_path / "sale.yml"
    play.write_text("---\n- hosts: all\n  tasks:\n    - command: /bin/true\n", encoding="utf-8")
    done = lint(play)
    assert done.returncode != 0
    assert {"name[play]", "fqcn[action-core]", "no-changed-when"} <= set(re.findall(r"[a-z-]+\[[a-z-]+\]|no-changed-when", done.stdout))


def lines():
    """Every command line of the lessons, with the values that its panel starts with."""
    jid = {"jid": "j1.2"}  # of a job launched before
    yield from ((recipe["command"], jid if "before" in recipe else {}) for recipe in recordings.recipes().values())
    for source in build.sources():
        for cell in jupytext.read(source, fmt="md:myst").cells:
            made = build.call(cell.source) if cell.cell_type == "code" else None
            if made and made[0] in {"launcher", "explore", "job_file"}:
                yield made[1][0], {name: value for name, value in made[2].items() if isinstance(value, int)}


@pytest.mark.parametrize(("line", "values"), list(lines()))
def test_each_command_of_the_lessons_can_be_run(line, values):
    command = CommandLine(line).command(values)
    assert re.match(
        r"(ANSIBLE_\w+=\S+ )*ansible(-playbook)? -i inventory/inventory.yml ",
        CommandLine(line).terminal(values),
    )
    if isinstance(command, Playbook):
        (play,) = yaml.safe_load(command.path.read_text(encoding="utf-8"))
        assert set(command.extra_vars) <= set(play.get("vars", {})), "the playbook knows what it is given"
