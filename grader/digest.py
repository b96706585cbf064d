"""A digest of files: what was judged, or run, is known to be the same as long as it is."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

_MOST_READ = 20_000_000  # bytes of one file: more is no answer, and its size tells enough


def digest(folder: Path, without: Collection[str] = ()) -> str:
    """A digest of the names and contents of all files under a folder, its entries ``without`` left out. Links are not followed."""
    total = hashlib.sha256()
    for path in _files(folder, without):
        total.update(f"{path.relative_to(folder).as_posix()}\0".encode("utf-8", "surrogateescape"))
        total.update(_content(path))
    return total.hexdigest()


def _files(folder: Path, without: Collection[str]) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in without:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _files(path, ())
        else:
            yield path


def _content(path: Path) -> bytes:
    """A digest of one file; of what is no plain file, or too large a one, what the folder says of it."""
    seen = path.lstat()
    if not stat.S_ISREG(seen.st_mode) or seen.st_size > _MOST_READ:
        return hashlib.sha256(f"{stat.S_IFMT(seen.st_mode)} {seen.st_size}".encode()).digest()
    return hashlib.sha256(path.read_bytes()).digest()
