"""Runs recorded on a real lab and kept with the lessons, so that each figure reads before anything has run."""

from __future__ import annotations

import hashlib
from html import escape
from typing import TYPE_CHECKING, Any

from labs import paths
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


def digest(name: str) -> str:
    """Sixteen hexadecimal digits that change with the recorded run."""
    return hashlib.sha256(path(name).read_bytes()).hexdigest()[:16]


def still(name: str) -> dict[str, Any]:
    """The run's figure, table and caption, as they stand in the notebook."""
    from labs.notebook.display import bundle

    timeline = load(name)
    caption = f"Exécution enregistrée sur le labo{NBSP}: {timeline.title}"
    figure = bundle(timeline)
    return {
        "text/plain": f"{caption}\n{figure['text/plain']}",
        "text/html": f"<p><em>{escape(caption)}</em></p>{figure['text/html']}",
    }


def recorded(name: str) -> None:
    """Show a recorded run."""
    from IPython.display import display

    display(still(name), raw=True)
