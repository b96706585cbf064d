"""Copies as they are handed in -> copies that can be graded: for each learner, an answer folder an exercise, and what was odd on the way.

Nothing of a copy is run: notebooks are read as text, archives are unpacked with their bounds counted, links are not followed.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from grader.answer import ENTRIES
from grader.copies import candidates, notebooks, parcels, senders, texts
from grader.copies.candidates import Candidate, Origin
from grader.copies.notebooks import NotebookError
from grader.copies.parcels import Found, Parcel
from grader.copies.senders import Sender
from grader.digest import digest
from grader.french import listing
from grader.progress import FILE as PROGRESS
from grader.spec import Kind
from labs.inventory import write_atomically

if TYPE_CHECKING:
    from grader.copies.course import Course
    from grader.spec import Exercise

_BADLY_NAMED = {errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL}
_SUFFIXES = {
    Kind.PLAYBOOK: {".yml", ".yaml"},
    Kind.VALUE: {".yml", ".yaml"},
    Kind.ADHOC: {".txt"},
    Kind.CONFIG: {".cfg"},
}


@dataclass(frozen=True, slots=True)
class Handed:
    """An answer ready to be graded: its folder, and the digest of all its files."""

    folder: Path
    digest: str


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy. ``slug`` names its files; ``learner`` is the kit's own id of who wrote it, when the copy holds it."""

    slug: str
    sender: Sender
    source: str
    learner: str | None
    answers: dict[str, Handed]
    notices: tuple[str, ...]


def find(copies: Path, course: Course, shop: Path, aside: Path, tell: Callable[[str], None]) -> Iterator[Copy]:
    """The copies at a place, in the order of their names.

    ``shop``: a folder for what must be unpacked or written anew. ``aside``: a folder of results, which may lie among the copies.
    ``tell`` gets French sentences on what concerns no copy in particular.
    Raises GraderError when there is nothing to read at all.
    """
    found = parcels.parcels(copies, course.ids, shop, aside, tell)
    for parcel, slug in zip(found, _slugs(found), strict=True):
        yield _Reading(course, shop / "copies" / slug).copy(parcel, slug)


def _slugs(found: list[Parcel]) -> list[str]:
    """A file name for each copy, the same whatever copies come beside it, except for those that would have the same one."""
    plain = [texts.slug(_known_as(parcel.sender)) for parcel in found]
    twice = (
        {name.casefold() for name in plain if sum(name.casefold() == other.casefold() for other in plain) > 1} if len(plain) > 1 else set()
    )
    return [
        f"{name}-{hashlib.sha256(parcel.source.encode()).hexdigest()[:6]}" if name.casefold() in twice else name
        for name, parcel in zip(plain, found, strict=True)
    ]


def _known_as(sender: Sender) -> str:
    return f"{sender.name}_{sender.participant}" if sender.participant else sender.name


class _Reading:
    """One copy being read."""

    def __init__(self, course: Course, shop: Path) -> None:
        self._course = course
        self._shop = shop
        self._notices: list[str] = []
        self._learners: list[str] = []
        self._candidates: list[Candidate] = []
        self._loose: list[Found] = []
        self._panels: set[str] = set()

    def copy(self, parcel: Parcel, slug: str) -> Copy:
        for file in parcels.files(parcel, self._shop / "archives"):
            try:
                self._file(file)
            except OSError as error:
                self._notices.append(f"« {file.where} » ne peut pas être lu ({error.strerror}).")
        self._take_the_only_file()
        best, told = candidates.chosen(self._candidates)
        if missing := self._panels - set(best):
            told.append(notebooks.unanswered(missing))
        learners = list(dict.fromkeys(self._learners))
        if len(learners) > 1:
            told.append("La copie porte les identifiants de plusieurs apprenants du kit : le premier est retenu.")
        learner = learners[0] if learners else None
        handed = ((name, self._handed(best[name], learner)) for name in self._course.ids if name in best)
        answers = {name: found for name, found in handed if found is not None}
        if not answers:
            told.append("Aucune réponse n'a été trouvée dans cette copie.")
        return Copy(slug, parcel.sender, parcel.source, learner, answers, tuple(dict.fromkeys([*parcel.notices, *self._notices, *told])))

    # -- what a file is

    def _file(self, file: Found) -> None:
        low = file.name.lower()
        if low == PROGRESS:
            if (known := senders.learner_of(file.path)) is not None:
                self._learners.insert(0, known)
        elif low.endswith(".ipynb"):
            self._notebook(file)
        else:
            self._answer(file)

    def _answer(self, file: Found) -> None:
        stem, suffix = Path(file.name).stem, Path(file.name).suffix.lower()
        if (exercise_id := file.parent) in self._course.ids and _is_entry(file.name, self._course.first(exercise_id)):
            self._candidates.append(self._read(file, exercise_id, Origin.FOLDER))
        elif stem in self._course.ids and suffix in _SUFFIXES[self._course.first(stem).kind]:
            self._candidates.append(self._read(file, stem, Origin.LOOSE))
        else:
            self._loose.append(file)

    def _take_the_only_file(self) -> None:
        """When one exercise is asked for and nothing bears its name, the file that has the right one, or the only one of its kind, is it."""
        if len(self._course.asked) != 1 or self._candidates:
            return
        exercise = self._course.first(self._course.asked[0])
        beside = set(exercise.beside(ENTRIES[exercise.kind]))
        of_its_kind = [
            file for file in self._loose if Path(file.name).suffix.lower() in _SUFFIXES[exercise.kind] and file.name not in beside
        ]
        named = [file for file in of_its_kind if _is_entry(file.name, exercise)] or of_its_kind
        if len(named) == 1:
            self._candidates.append(self._read(named[0], exercise.id, Origin.LOOSE))
            if len(self._loose) > 1 and not _is_entry(named[0].name, exercise):
                self._notices.append(f"« {named[0].where} », seul fichier possible, est pris pour la réponse à « {exercise.id} ».")
        elif named:
            tried = listing(f"« {file.where} »" for file in named[:5])
            self._notices.append(f"Plusieurs fichiers peuvent être la réponse à « {exercise.id} », et aucun n'est jugé : {tried}.")

    def _read(self, file: Found, exercise_id: str, origin: Origin) -> Candidate:
        exercise = self._course.first(exercise_id)
        with file.path.open("rb") as opened:
            content = opened.read(exercise.limits.answer_bytes + 1)  # one too many: it will be refused for its size
        text, encoding = texts.decoded(content)
        if encoding:
            self._notices.append(f"« {file.where} » est écrit en {encoding}, et non en UTF-8 : il est lu ainsi.")
        exact = file.path.name == ENTRIES[exercise.kind] and not encoding
        return Candidate(exercise_id, origin, text, f"« {file.where} »", file.path.parent, whole=origin is Origin.FOLDER and exact)

    def _notebook(self, file: Found) -> None:
        try:
            notebook = notebooks.read(file.path, self._course.ids)
        except NotebookError as error:
            self._notices.append(f"« {file.where} » {error}")
            return
        self._learners += notebook.learners
        self._panels |= set(notebook.panels)
        self._notices += [f"« {file.where} » : {told}" for told in notebook.notices]
        for written in notebook.answers:
            origin = Origin.CHECKED if written.checked else Origin.CELL
            what = "la dernière vérification, cellule" if written.checked else "la cellule"
            where = f"{what} {written.cell} de « {file.where} »"
            self._candidates.append(Candidate(written.exercise, origin, written.text, where, beside=written.beside))

    # -- an answer's folder

    def _handed(self, best: Candidate, learner: str | None) -> Handed | None:
        """None, and a notice, for files whose names cannot be had together: a file and a folder of one name."""
        try:
            folder = best.folder if best.whole and best.folder is not None else self._folder(best, learner)
            return Handed(folder, digest(folder))
        except OSError as error:
            if error.errno not in _BADLY_NAMED:
                raise
            self._notices.append(f"La réponse à « {best.exercise} » a des fichiers mal nommés, et n'est pas jugée ({error.strerror}).")
            return None

    def _folder(self, best: Candidate, learner: str | None) -> Path:
        """A text put in the place of the exercise's own beginning: the files that go with it are the copy's when it has them."""
        exercise = self._course.of(best.exercise, learner)
        name = ENTRIES[exercise.kind]
        folder = self._shop / "reponses" / exercise.id
        given = exercise.beside(name)
        for beside, text in {**given, **dict(_theirs(best, given, exercise.limits.answer_bytes)), **best.beside, name: best.text}.items():
            write_atomically(folder / beside, text)
        return folder


def _theirs(best: Candidate, given: Collection[str], most: int) -> Iterator[tuple[str, str]]:
    """Those of the files that an exercise begins with, which lie beside a loose answer."""
    if best.folder is None:
        return
    for name in given:
        path = best.folder / name
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= most:
            yield name, texts.decoded(path.read_bytes())[0]


def _is_entry(name: str, exercise: Exercise) -> bool:
    """Whether a file's name is the one that this exercise asks for, give or take its capitals and « .yaml »."""
    return name.lower().replace(".yaml", ".yml") == ENTRIES[exercise.kind]
