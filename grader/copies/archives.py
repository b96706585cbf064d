"""Archives unpacked as one opens a parcel from a stranger: no path out of the folder, no link, no device, no more than what was agreed.

What an archive says of itself is never trusted: bytes are counted as they come. A member that is no plain file is left out and told; an
archive that goes past its bounds is refused as a whole.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from grader.copies import texts
from grader.errors import GraderError
from grader.french import listing

ZIP = (".zip",)
TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
UNREAD = (".7z", ".rar")
LITTER = {"__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini", "__pycache__", ".ipynb_checkpoints", ".git"}
MOST_STEPS = 30  # folders inside folders
MOST_BYTES_OF_A_NAME = 240
MOST_TOLD = 5  # members left out that are named
_PIECE = 1 << 16
_ENTRY = 400  # bytes that one member takes in a zip's directory, at most, on average
_PLENTY = 10_000_000  # bytes below which no ratio is suspicious
_DAMAGED = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, NotImplementedError, ValueError,
    struct.error, IndexError, OverflowError, UserWarning,
)  # fmt: skip


class ArchiveError(GraderError):
    """An archive that cannot be read, or that holds more than it may."""


@dataclass
class Budget:
    """What may still be unpacked, shared by an archive and those that it holds. ``member``: bytes of one file, ``ratio``: of bytes out to bytes in."""

    members: int
    total: int
    member: int
    ratio: int = 200

    def enter(self) -> None:
        """One more member."""
        self.members -= 1
        if self.members < 0:
            raise ArchiveError("L'archive contient trop de fichiers.", _LESS)

    def spend(self, count: int) -> None:
        """So many more bytes."""
        self.total -= count
        if self.total < 0:
            raise ArchiveError("L'archive est trop grosse une fois décompressée.", _LESS)


_LESS = "Demandez une archive qui ne contient que les réponses."


def is_archive(path: Path) -> bool:
    return path.name.lower().endswith(ZIP + TAR)


def stem(path: Path) -> str:
    """The archive's name without its suffixes: ``lea.tar.gz`` is « lea »."""
    low = path.name.lower()
    ending = max((suffix for suffix in ZIP + TAR if low.endswith(suffix)), key=len, default="")
    return path.name[: len(path.name) - len(ending)]


def unpack(archive: Path, into: Path, budget: Budget) -> list[str]:
    """Write the plain files of an archive under ``into``; gives French sentences on what was left out.

    Raises ArchiveError for what is no archive, or goes past its bounds: what was already written stays, and is to be ignored.
    """
    unpacked = _Unpacked(into, budget, archive.stat().st_size)
    try:
        (_zip if archive.name.lower().endswith(ZIP) else _tar)(archive, unpacked)
    except ArchiveError:
        raise
    except _DAMAGED as error:
        raise ArchiveError(
            f"L'archive {texts.name(archive.name)} ne peut pas être lue ({_why(error)}).", "Demandez-en une autre."
        ) from None
    return unpacked.told()


def _why(error: BaseException) -> str:
    return texts.name(str(error))[:120] or type(error).__name__


class _Unpacked:
    """The folder being filled."""

    def __init__(self, folder: Path, budget: Budget, packed: int) -> None:
        self._folder = folder
        self.budget = budget
        self._packed = max(packed, 1)
        self._out = 0
        self._left: dict[str, list[str]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def leave(self, name: str, why: str) -> None:
        self._left.setdefault(why, []).append(texts.name(name)[:80])

    def told(self) -> list[str]:
        return [_left_out(names, why) for why, names in self._left.items()]

    def file(self, name: str, opened: Callable[[], IO[bytes]]) -> None:
        """Write one member. A name that leads elsewhere, or that is taken, is left out."""
        self.budget.enter()
        steps = _steps(name)
        if steps is None:
            self.leave(name, "son chemin sort de l'archive, ou n'en est pas un")
            return
        if not steps or LITTER & set(steps):
            return
        target = self._folder.joinpath(*steps)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            place = target.open("xb")
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            self.leave(name, "un autre fichier de l'archive porte déjà ce nom")
            return
        with place, opened() as source:
            self._pour(source, place)

    def _pour(self, source: IO[bytes], place: IO[bytes]) -> None:
        size = 0
        while piece := source.read(_PIECE):
            size += len(piece)
            self._out += len(piece)
            self.budget.spend(len(piece))
            if size > self.budget.member:
                raise ArchiveError("L'archive contient un fichier trop gros.", _LESS)
            if self._out > _PLENTY and self._out > self.budget.ratio * self._packed:
                raise ArchiveError("L'archive se décompresse sans mesure : ce n'est pas une copie.", _LESS)
            place.write(piece)


def _left_out(names: list[str], why: str) -> str:
    more = f" et {len(names) - MOST_TOLD} autres" if len(names) > MOST_TOLD else ""
    named = listing(f"« {name} »" for name in names[:MOST_TOLD]) if not more else ", ".join(f"« {name} »" for name in names[:MOST_TOLD])
    return f"Laissé de côté dans l'archive : {named}{more} ({why})."


def _steps(name: str) -> tuple[str, ...] | None:
    """The folders and the file that a member's name means; None when it means a place outside, or none at all."""
    plain = name.replace("\\", "/")
    if plain.startswith("/") or "\0" in plain or (len(plain) > 1 and plain[1] == ":"):
        return None
    steps = tuple(texts.name(step) for step in PurePosixPath(plain).parts)
    wrong = any(step in {"", ".."} or len(step.encode()) > MOST_BYTES_OF_A_NAME for step in steps)
    return None if wrong or len(steps) > MOST_STEPS else steps


# -- zip


def _zip(archive: Path, unpacked: _Unpacked) -> None:
    _check_directory(archive, unpacked.budget)
    with zipfile.ZipFile(archive) as opened, warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # recent versions of Python say no more of members that share their bytes
        for member in opened.infolist():
            kind = stat.S_IFMT(member.external_attr >> 16)
            name = _zip_name(member)
            if member.is_dir():
                continue
            if kind not in {0, stat.S_IFREG}:
                unpacked.leave(name, "c'est un lien ou un fichier spécial")
            elif member.flag_bits & 0x1:
                unpacked.leave(name, "il est protégé par un mot de passe")
            else:
                unpacked.file(name, lambda member=member: opened.open(member))  # type: ignore[misc]


def _check_directory(archive: Path, budget: Budget) -> None:
    """A zip's whole directory is loaded at once by zipfile: its size, in the record that ends the file, is looked at first."""
    with archive.open("rb") as file:
        file.seek(max(0, archive.stat().st_size - 22 - 65535))
        end = file.read()
    place = end.rfind(b"PK\5\6")
    size = struct.unpack_from("<L", end, place + 12)[0] if place >= 0 and len(end) - place >= 22 else 0
    if size > max(budget.members, 1) * _ENTRY:
        raise ArchiveError("L'archive contient trop de fichiers.", _LESS)


def _zip_name(member: zipfile.ZipInfo) -> str:
    """What has no UTF-8 flag was read as cp437 by zipfile: it is UTF-8 all the same, or a French Windows' cp850."""
    if member.flag_bits & 0x800:
        return member.filename
    with suppress(UnicodeError):
        raw = member.filename.encode("cp437")
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw.decode("cp850")
    return member.filename


# -- tar


def _tar(archive: Path, unpacked: _Unpacked) -> None:
    budget = unpacked.budget
    with _decompressed(archive) as plain, tarfile.open(fileobj=_Bounded(plain, budget), mode="r:", errors="surrogateescape") as opened:  # type: ignore[call-overload]
        while (member := opened.next()) is not None:
            name = _tar_name(member.name)
            if member.isdir():
                budget.enter()
            elif not member.isreg() or member.issparse():
                budget.enter()
                unpacked.leave(name, "c'est un lien, un fichier creux ou un fichier spécial")
            else:
                unpacked.file(name, lambda member=member: opened.extractfile(member))  # type: ignore[misc]
            opened.members = []  # tarfile keeps them all otherwise


def _tar_name(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    return name


def _decompressed(archive: Path) -> Any:
    with archive.open("rb") as file:
        start = file.read(6)
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(archive)
    if start.startswith(b"BZh"):
        return bz2.open(archive)
    return lzma.open(archive) if start.startswith(b"\xfd7zXZ") else archive.open("rb")


class _Bounded:
    """The bytes of a tar, no further than what may be unpacked: a header may declare any size, and tarfile reads some of them whole."""

    def __init__(self, file: IO[bytes], budget: Budget) -> None:
        self._file = file
        self._end = budget.total + budget.members * 1024 + 10240  # headers come on top
        self._most = budget.member

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > self._most or self._file.tell() + size > self._end:
            raise ArchiveError("L'archive est trop grosse une fois décompressée.", _LESS)
        return self._file.read(size)

    def seek(self, place: int, whence: int = 0) -> int:
        if whence or place > self._end:
            raise ArchiveError("L'archive est trop grosse une fois décompressée.", _LESS)
        return self._file.seek(place)

    def tell(self) -> int:
        return self._file.tell()
