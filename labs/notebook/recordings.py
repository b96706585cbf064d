"""Runs recorded on a real lab and kept with the lessons, so that each figure reads before anything has run."""

from __future__ import annotations

import hashlib
import json
import shlex
from contextlib import suppress
from functools import cache
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from labs import paths
from labs.inventory import write_atomically
from labs.notebook import display, jobfiles, toolkit
from labs.notebook.pieces import NBSP
from labs.timeline import store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labs.timeline.model import Timeline


def path(name: str) -> Path:
    return paths.RUNS / f"{name}.json"


def load(name: str) -> Timeline:
    """The recorded run ``name``. Raises LabError when it is not there."""
    return store.read(path(name))


@cache
def recipes() -> dict[str, dict[str, Any]]:
    """How each recorded run was made: its ``command`` or its ``playbook_cell``, the ``cut`` in the midst of it, if any, and what to keep besides (see runs.yml)."""
    recipes: dict[str, dict[str, Any]] = yaml.safe_load((paths.NOTEBOOKS / "sources" / "runs.yml").read_text(encoding="utf-8"))
    return recipes


def command(name: str) -> str:
    """The line whose run was recorded under ``name``, with the job's own name when it asks for one."""
    recipe = recipes()[name]
    if "playbook_cell" in recipe:
        return f"%%playbook {recipe['playbook_cell']}"
    return load(name).title if "before" in recipe else str(recipe["command"])


def of_command(words: Sequence[str]) -> str | None:
    """The name of the run recorded with these words, the first one if several were."""
    return next((name for name, recipe in recipes().items() if shlex.split(recipe.get("command", "")) == list(words)), None)


def of_cell(playbook: str) -> str | None:
    """The name of the run recorded from the ``%%playbook`` cell of this name (``playbook_cell`` in its recipe)."""
    return next((name for name, recipe in recipes().items() if recipe.get("playbook_cell") == playbook), None)


def printed(name: str) -> str:
    """What Ansible printed during a recorded run, where the recipe asks to keep it (``printed: true``)."""
    return printed_path(name).read_text(encoding="utf-8")


def printed_path(name: str) -> Path:
    return paths.RUNS / "printed" / f"{name}.txt"


def file_versions(name: str) -> tuple[str, list[jobfiles.Version]]:
    """The path of the job's file, and what was read there during a recorded run (``file: node1`` in its recipe)."""
    return jobfiles.loaded(versions_path(name).read_text(encoding="utf-8"))


def versions_path(name: str) -> Path:
    return paths.RUNS / "files" / f"{name}.json"


def digest(name: str) -> str:
    """Sixteen hexadecimal digits that change with the recorded run."""
    return hashlib.sha256(path(name).read_bytes()).hexdigest()[:16]


def still(name: str) -> dict[str, Any]:
    """The run's figure, table and caption, as they stand in the notebook. Drawing takes half a second, so that it is done once and kept."""
    run = load(name)
    kept, key = paths.STATE / "figures" / f"{name}.json", f"{digest(name)}-{_version()}"
    with suppress(OSError, ValueError, KeyError, TypeError):  # not there, or not ours
        found = json.loads(kept.read_text(encoding="utf-8"))
        if found["key"] == key:
            bundle: dict[str, Any] = found["bundle"]
            return bundle
    drawn = _still(name, run)
    with suppress(OSError):  # a disk that is full: it is drawn again the next time
        write_atomically(kept, json.dumps({"key": key, "bundle": drawn}))
    return drawn


@cache
def _version() -> str:
    """Changes with all that has a say in how a run is shown, beside the run itself."""
    timeline = sorted((paths.ROOT / "labs" / "timeline").rglob("*.py"))
    sources = (*timeline, Path(__file__), Path(display.__file__), paths.NOTEBOOKS / "sources" / "runs.yml")
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources) + version("matplotlib").encode()).hexdigest()[:16]


def _still(name: str, run: Timeline) -> dict[str, Any]:
    figure = display.show(run)
    caption = f"Exécution enregistrée sur un labo{NBSP}: {command(name)}"
    return {"text/plain": f"{caption}\n{figure.text}", "text/html": f"<p><em>{escape(caption)}</em></p>{figure.html}"}


def folded(name: str) -> dict[str, Any]:
    """The same, closed until one asks for it: the learner's own run comes first."""
    return fold(still(name))


def fold(bundle: dict[str, Any]) -> dict[str, Any]:
    """A recorded run, closed until one asks for it."""
    return {**bundle, "text/html": f"<details><summary>Voir une exécution enregistrée</summary>{bundle['text/html']}</details>"}


def recorded(name: str) -> None:
    """Show a recorded run."""
    toolkit.place(still(name))
