"""What a lesson imports: one name a widget. Nothing heavy is loaded before a name is used.

No module bears the name of a function given here: importing the module would take the function's place.
In IPython, importing this package is also what makes the magics known.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labs.notebook.asking import ask_status
    from labs.notebook.asksettings import setting
    from labs.notebook.bench import side_by_side
    from labs.notebook.comparisons import compared
    from labs.notebook.exploring import explore
    from labs.notebook.faults import cut_button, fault_button
    from labs.notebook.following import job_file
    from labs.notebook.panel import launcher
    from labs.notebook.player import replay
    from labs.notebook.prediction import predict
    from labs.notebook.questions import quiz
    from labs.notebook.recordings import recorded
    from labs.notebook.status import lab_status
    from labs.notebook.whatif import what_if

__all__ = [
    "ask_status", "compared", "cut_button", "explore", "fault_button", "job_file", "lab_status", "launcher", "predict", "quiz", "recorded", "replay",
    "setting", "side_by_side", "what_if",
]  # fmt: skip

_HOMES = {
    "ask_status": "asking",
    "compared": "comparisons",
    "cut_button": "faults",
    "explore": "exploring",
    "fault_button": "faults",
    "job_file": "following",
    "lab_status": "status",
    "launcher": "panel",
    "predict": "prediction",
    "quiz": "questions",
    "recorded": "recordings",
    "replay": "player",
    "setting": "asksettings",
    "side_by_side": "bench",
    "what_if": "whatif",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


if "IPython" in sys.modules:
    from labs.notebook.magics import teach

    teach()
