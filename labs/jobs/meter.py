"""Runs a program in a terminal of its own and passes on what it prints, up to so many bytes: ``python -I -S meter.py BYTES PROGRAM…``.

What stands between a controller that may print for ever and a reader that keeps what it reads. Standard library only, one file.
"""

from __future__ import annotations

import os
import pty
import sys

CHUNK = 65536
TOO_MUCH = 75  # exit code of a program that was given up


def main() -> int:
    left = int(sys.argv[1])

    def read(terminal: int) -> bytes:
        nonlocal left
        data = os.read(terminal, CHUNK)
        left -= len(data)
        if left < 0:
            raise SystemExit(TOO_MUCH)
        return data

    return os.waitstatus_to_exitcode(pty.spawn(sys.argv[2:], read))


if __name__ == "__main__":
    sys.exit(main())
