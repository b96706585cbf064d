"""Work that a button or a magic starts: on the kernel's own loop, so that no cell blocks and no second thread touches a panel.

A button callback runs on the kernel's main thread, inside its asyncio loop. Slow calls (SSH, containers) go to a worker
thread through ``asyncio.to_thread``; what they answer comes back to the loop, which alone writes to the widgets.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

_running: set[asyncio.Task[Any]] = set()  # the loop itself keeps only weak references


def start(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Let ``work`` run on the current loop; it must catch what a learner can cause. Who needs its end may await it."""
    task = asyncio.get_running_loop().create_task(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


def possible() -> bool:
    """Whether a loop runs here: in a kernel always, in a terminal's IPython only under ``await``."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
