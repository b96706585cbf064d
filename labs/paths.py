"""Where the kit keeps its things: one place to ask."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
PLAYBOOKS = ROOT / "playbooks"
INVENTORY = ROOT / "inventory"
RUNS = NOTEBOOKS / "runs"  # recorded runs that the notebooks show

# State of the labs (keys, logs, fault journal) and the learner's own copies: never tracked by git.
STATE = Path(os.environ.get("CONTREPOINT_STATE", ROOT / ".labs"))
WORK = Path(os.environ.get("CONTREPOINT_TRAVAIL", ROOT / "travail"))
