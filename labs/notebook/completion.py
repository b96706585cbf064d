"""What a line of a magic may go on with."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def modules() -> tuple[str, ...]:
    """Full names of the modules that Ansible knows here, sorted."""
    spec = find_spec("ansible.modules")
    folders = spec.submodule_search_locations if spec else None
    names = {path.stem for folder in folders or () for path in Path(folder).glob("*.py") if not path.stem.startswith("_")}
    return tuple(sorted(f"ansible.builtin.{name}" for name in names))
