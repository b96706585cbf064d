"""Programs that only print: run from the course's folder, to their end, without holding the kernel up."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from labs import paths

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH = "100"  # columns


async def output(words: Sequence[str]) -> str:
    """What a program of this environment prints, errors included. It is killed when the caller is cancelled."""
    programs = Path(sys.executable).parent
    environment = os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_FORCE_COLOR": "0",
        "COLUMNS": _WIDTH,
        "LC_ALL": "C.UTF-8",
        "PAGER": "cat",
        "TERM": "dumb",
    }
    program = await asyncio.create_subprocess_exec(
        programs / words[0],
        *words[1:],
        cwd=paths.ROOT,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # a terminal's or a kernel's interruption is the caller's to judge
    )
    try:
        told, _ = await program.communicate()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            program.kill()
        await program.wait()
        raise
    return told.decode(errors="replace")
