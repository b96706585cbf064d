"""``%%exercice ID``: a cell that is the answer to an exercise, kept as the learner's and judged when the cell is run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from grader import catalog
from labs.notebook import background
from labs.notebook.magics import Magic
from labs.notebook.rundisplay import InterruptedRun

if TYPE_CHECKING:
    from collections.abc import Sequence

MAGIC = Magic(
    "%%exercice",
    "grader.magics:exercice",
    "grader.magics:offers",
    "Répond à un exercice par le texte de la cellule, et le fait vérifier.\n\n    %%exercice sync-coupure",
)


def offers(words: Sequence[str], _fragment: str) -> Sequence[str]:
    return () if words else catalog.ids()


async def exercice(line: str, cell: str) -> None:
    """Returns when the answer is judged. An interrupted cell gives the grading up, and raises InterruptedRun."""
    from grader.notebook import opened  # it is what registers this magic

    panel = opened(line.strip(), in_cell=True)
    if panel is None:
        return
    panel.answer.value = cell
    grading = background.start(panel.check())
    try:
        await asyncio.shield(grading)
    except asyncio.CancelledError:
        await panel.stop()
        await grading
        raise InterruptedRun("La cellule est interrompue\u00a0: la vérification est arrêtée, sans note.") from None
