"""Runs on a node, by its own python3 and outside SSH: reads the files that an answer was to leave there.

Given to ``python3 -I -S -c``, so it is one file of standard Python. Arguments: how many bytes of a file to read at most, then the paths. It prints
one line of JSON: for each path, when it was last written (epoch seconds) and what it holds (base64); null where there is no regular file.
"""

from __future__ import annotations

import base64
import json
import os
import stat
import sys


def main() -> None:
    most, paths = int(sys.argv[1]), sys.argv[2:]
    print(json.dumps([told(path, most) for path in paths]))


def told(path: str, most: int) -> tuple[float, str] | None:
    """None for what cannot be opened, and for all but a regular file: a pipe is opened without waiting for who writes to it."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            found = os.fstat(file.fileno())
            return (found.st_mtime, base64.b64encode(file.read(most)).decode()) if stat.S_ISREG(found.st_mode) else None
    except OSError:
        return None


if __name__ == "__main__":
    main()
