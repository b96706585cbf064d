"""Runs recorded on a real lab and kept with the lessons, so that each figure reads before anything has run."""

from __future__ import annotations

import hashlib
from html import escape
from typing import TYPE_CHECKING, Any

import yaml

from labs import paths
from labs.notebook import toolkit
from labs.notebook.display import show
from labs.notebook.pieces import NBSP
from labs.timeline import store

if TYPE_CHECKING:
    from pathlib import Path

    from labs.timeline.model import Timeline


def path(name: str) -> Path:
    return paths.RUNS / f"{name}.json"


def load(name: str) -> Timeline:
    """The recorded run ``name``. Raises LabError when it is not there."""
    return store.read(path(name))


def recipes() -> dict[str, dict[str, Any]]:
    """How each recorded run was made: its ``command``, and the ``cut`` in the midst of it, if any."""
    recipes: dict[str, dict[str, Any]] = yaml.safe_load((paths.NOTEBOOKS / "sources" / "runs.yml").read_text(encoding="utf-8"))
    return recipes


def command(name: str) -> str:
    """The line whose run was recorded under ``name``."""
    return str(recipes()[name]["command"])


def digest(name: str) -> str:
    """Sixteen hexadecimal digits that change with the recorded run."""
    return hashlib.sha256(path(name).read_bytes()).hexdigest()[:16]


def still(name: str) -> dict[str, Any]:
    """The run's figure, table and caption, as they stand in the notebook."""
    figure = show(load(name))
    caption = f"Exécution enregistrée sur un labo{NBSP}: {command(name)}"
    return {"text/plain": f"{caption}\n{figure.text}", "text/html": f"<p><em>{escape(caption)}</em></p>{figure.html}"}


def folded(name: str) -> dict[str, Any]:
    """The same, closed until one asks for it: the learner's own run comes first."""
    bundle = still(name)
    return {**bundle, "text/html": f"<details><summary>Voir une exécution enregistrée</summary>{bundle['text/html']}</details>"}


def recorded(name: str) -> None:
    """Show a recorded run."""
    toolkit.place(still(name))
