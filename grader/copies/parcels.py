"""The copies that a folder or an archive holds: whose each is, and the plain files in it, archives in archives unpacked."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from grader.answer import ENTRIES
from grader.copies import archives, senders, texts
from grader.copies.archives import ArchiveError, Budget
from grader.copies.senders import Sender
from grader.errors import GraderError
from grader.lessons import lessons
from grader.progress import FILE as PROGRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

MOST_FILES = 5000  # in one copy
DEEPEST = 2  # archives in a copy that is an archive, and no further
_ANSWERS = "reponses"  # the folder of the kit where answers are kept


def of_a_class() -> Budget:
    return Budget(members=100_000, total=8_000_000_000, member=200_000_000)


def of_a_copy() -> Budget:
    return Budget(members=MOST_FILES, total=200_000_000, member=50_000_000)


@dataclass(frozen=True, slots=True)
class Found:
    """A plain file of a copy. ``steps``: the names of the folders that lead to it and its own, as they are meant, not as they are stored."""

    path: Path
    steps: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.steps[-1]

    @property
    def parent(self) -> str:
        return self.steps[-2] if len(self.steps) > 1 else texts.name(self.path.parent.name)

    @property
    def where(self) -> str:
        return "/".join(self.steps)


@dataclass
class Parcel:
    """What one learner handed in: files and folders, with the names that they are to be known by. ``source``: where it was found."""

    sender: Sender
    source: str
    roots: list[tuple[Path, str]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def parcels(copies: Path, exercises: Collection[str], shop: Path, aside: Path, tell: Callable[[str], None]) -> list[Parcel]:
    """The copies at a place: a folder of them, an archive of such a folder, or one copy.

    ``shop``: a folder to unpack in. ``aside``: a path that is not looked at. ``tell`` gets French sentences on what concerns no copy in particular.
    Raises GraderError when there is nothing to read there.
    """
    try:
        mode = copies.stat().st_mode
    except (OSError, ValueError):
        raise GraderError(f"Il n'y a pas de copies à {copies}.", "Vérifiez le chemin donné.") from None
    if stat.S_ISDIR(mode):
        return _in_folder(copies, exercises, aside, texts.name(copies.resolve().name))
    if not stat.S_ISREG(mode):
        raise GraderError(f"{copies} n'est ni un dossier ni un fichier.", "Donnez le dossier des copies, ou leur archive.")
    if archives.is_archive(copies):
        for sentence in archives.unpack(copies, shop / "classe", of_a_class()):
            tell(sentence)
        return _in_folder(_inside(shop / "classe", exercises, aside), exercises, aside, texts.name(archives.stem(copies)))
    return [Parcel(Sender(texts.name(copies.stem)), copies.name, [(copies, texts.name(copies.name))])]


def _in_folder(folder: Path, exercises: Collection[str], aside: Path, name: str) -> list[Parcel]:
    entries = _entries(folder, aside)
    if _is_copy(entries, exercises):
        return [Parcel(Sender(name), ".", [(folder, "")])]
    by_sender: dict[object, Parcel] = {}
    for entry in entries:
        _put(entry, by_sender)
    return list(by_sender.values())


def _inside(folder: Path, exercises: Collection[str], aside: Path) -> Path:
    """An archive of a folder holds that folder, and the copies in it."""
    entries = _entries(folder, aside)
    if len(entries) == 1 and entries[0].is_dir() and not senders.moodle(entries[0].name) and not _is_copy(entries, exercises):
        inner = _entries(entries[0], aside)
        if not _is_copy(inner, exercises) and any(_holds_copies(entry) for entry in inner):
            return entries[0]
    return folder


def _holds_copies(entry: Path) -> bool:
    return entry.is_dir() or archives.is_archive(entry) or senders.moodle(entry.name) is not None


def _entries(folder: Path, aside: Path) -> list[Path]:
    try:
        found = sorted(folder.iterdir(), key=lambda path: texts.name(path.name))
    except OSError as error:
        raise GraderError(f"{folder} ne peut pas être lu ({error.strerror}).", "Vérifiez les droits.") from None
    return [
        path for path in found if path.name not in archives.LITTER and not path.name.startswith(".") and path.resolve() != aside.resolve()
    ]


def _is_copy(entries: list[Path], exercises: Collection[str]) -> bool:
    """Whether these are the contents of one copy rather than the copies of a class."""
    course = {f"{lesson.name}.ipynb" for lesson in lessons()}
    names = {texts.name(entry.name) for entry in entries}
    folders = {texts.name(entry.name) for entry in entries if entry.is_dir()}
    answers = {entry.name for entry in entries if entry.is_file() and entry.stem in exercises}
    return bool(names & {*ENTRIES.values(), PROGRESS, *course} or folders & {_ANSWERS, *exercises} or answers)


def _put(entry: Path, by_sender: dict[object, Parcel]) -> None:
    """Give one entry to who sent it; a Moodle archive may have several for one."""
    submission = senders.moodle(entry.name)
    if submission is None:
        plain = entry.name if entry.is_dir() else archives.stem(entry) if archives.is_archive(entry) else entry.stem
        sender = Sender(texts.name(plain))
        by_sender[entry] = Parcel(sender, texts.name(entry.name), [(entry, "" if entry.is_dir() else texts.name(entry.name))])
        return
    parcel = by_sender.setdefault(submission.sender, Parcel(submission.sender, texts.name(entry.name)))
    if submission.plugin == "onlinetext":
        parcel.notices.append("Un texte en ligne a été remis : il n'est pas lu.")
    else:
        parcel.roots.append((entry, "" if entry.is_dir() else submission.rest or texts.name(entry.name)))


def files(parcel: Parcel, shop: Path) -> Iterator[Found]:
    """The plain files of a copy, in the order of their names; what is odd is added to its notices."""
    walk = _Walk(parcel, shop)
    for root, name in parcel.roots:
        yield from walk.under(root, (name,) if name else (), 0)


class _Walk:
    """Through one copy. No link is followed, and what its archives hold counts together."""

    def __init__(self, parcel: Parcel, shop: Path) -> None:
        self._parcel = parcel
        self._shop = shop
        self._budget = of_a_copy()
        self._left = MOST_FILES

    def under(self, path: Path, steps: tuple[str, ...], depth: int) -> Iterator[Found]:
        where = "/".join(steps) or texts.name(path.name)
        try:
            mode = path.lstat().st_mode
            inside = sorted(os.listdir(path)) if stat.S_ISDIR(mode) else []  # noqa: PTH208 - names alone are wanted
        except OSError as error:
            self._tell(f"« {where} » ne peut pas être lu ({error.strerror}).")
            return
        if stat.S_ISDIR(mode):
            for name in inside:
                if name not in archives.LITTER and len(steps) < archives.MOST_STEPS:
                    yield from self.under(path / name, (*steps, texts.name(name)), depth)
        elif not stat.S_ISREG(mode):
            self._tell(f"« {where} » est un lien ou un fichier spécial : il n'est pas lu.")
        else:
            yield from self._file(path, steps, depth, where)

    def _file(self, path: Path, steps: tuple[str, ...], depth: int, where: str) -> Iterator[Found]:
        self._left -= 1
        if self._left < 0:
            if self._left == -1:
                self._tell(f"La copie contient plus de {MOST_FILES} fichiers : les autres ne sont pas lus.")
        elif steps[-1].lower().endswith(archives.UNREAD):
            self._tell(f"« {where} » est d'un format d'archive qui n'est pas lu : demandez une archive .zip.")
        elif archives.is_archive(path) or archives.is_archive(Path(steps[-1])):
            yield from self._archive(path, steps, depth, where)
        else:
            yield Found(path, steps)

    def _archive(self, path: Path, steps: tuple[str, ...], depth: int, where: str) -> Iterator[Found]:
        if depth >= DEEPEST:
            self._tell(f"« {where} » est une archive dans une archive dans une archive : elle n'est pas lue.")
            return
        into = self._shop / f"{MOST_FILES - self._left}"
        try:
            for sentence in archives.unpack(path, into, self._budget):
                self._tell(sentence)
        except (ArchiveError, OSError) as error:
            self._tell(f"« {where} » n'est pas lue. {error}")
            return
        yield from self.under(into, (*steps[:-1], archives.stem(Path(steps[-1]))), depth + 1)

    def _tell(self, sentence: str) -> None:
        self._parcel.notices.append(sentence)
