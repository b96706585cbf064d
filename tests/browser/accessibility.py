"""What axe finds in a page, for all browser tests."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe

OUTPUTS = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output"  # JupyterLab's own page has faults of its own


def serious_faults(page, within=None):
    """The rule and the first element of each fault that is serious or worse; ``within``: a selector of what is looked at, all without one."""
    found = Axe().run(page, context=within).response["violations"]
    return [(fault["id"], fault["nodes"][0]["html"][:200]) for fault in found if fault["impact"] in {"serious", "critical"}]
