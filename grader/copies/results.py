"""One grading from end to end: copies in, a folder of results out. Whatever it is stopped by, the same command takes it up again."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from grader.copies import classroom, feedback, pages, sheets
from grader.copies.admission import Gate
from grader.copies.batch import Batch, LearnerFrom, Watcher
from grader.copies.cluster import Cluster
from grader.copies.engines import Here
from grader.copies.gradebook import Gradebook, gradebook
from grader.copies.intake import find
from grader.copies.records import COPIES, RUNS, Store
from grader.errors import GraderError
from labs.inventory import write_atomically

if TYPE_CHECKING:
    from grader.copies.course import Course

GRADEBOOK = "notes.json"
PEOPLE = "notes.csv"
MOODLE = "moodle.csv"
NBGRADER = "nbgrader"
_IMPORTER = Path(__file__).with_name("importer.py")
_SHOP = ".atelier"  # what is unpacked while grading
_LOCK = ".verrou"  # held for as long as a grading lives: the kernel lets go of it however the process ends


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked for. ``moodle``: Moodle's own worksheet, to be filled in; ``out_of``: the maximum of the assignment there.

    ``cluster``: the address of a Dask scheduler, whose workers judge what needs nodes. ``trusted``: whether the answers run with one's own rights,
    and not behind walls.
    """

    copies: Path
    out: Path
    jobs: int = 2
    learner_from: LearnerFrom = LearnerFrom.KIT
    decimal_comma: bool = False
    moodle: Path | None = None
    out_of: float | None = None
    cluster: str = ""
    trusted: bool = False


def grade_copies(plan: Plan, course: Course, watcher: Watcher, stop: Event, drawing: Callable[[int, int], None]) -> Gradebook | None:
    """Grade all copies and write all that is told of them; None when ``stop`` was set first.

    ``drawing`` is told how many feedback pages of how many are written. Raises GraderError for what cannot be read or written.
    """
    try:
        with _workshop(plan.out) as shop:
            copies = list(find(plan.copies, course, shop, plan.out, watcher.odd))
            if not copies:
                raise GraderError(f"Il n'y a aucune copie dans {plan.copies}.", "Donnez le dossier des copies, ou leur archive.")
            with closing(Cluster(plan.cluster) if plan.cluster else Here(plan.jobs, Gate())) as engine:
                try:
                    batch = Batch(course, Store(plan.out), watcher, stop, engine, trusted=plan.trusted)
                    records = batch.grade(copies, plan.learner_from)
                except BaseException:
                    stop.set()  # what is under way is given up
                    raise
            if stop.is_set():
                return None
            book = gradebook(course, records)
            _sheets(plan, book)
            for done, row in enumerate(book.rows, start=1):
                feedback.write(row, course, plan.out)
                drawing(done, len(book.rows))
                if stop.is_set():
                    return None
            classroom.write(book, plan.out)
            return book
    except OSError as error:
        raise GraderError(
            f"Les résultats n'ont pas pu être écrits dans {plan.out} : {error.strerror} ({error.filename}).",
            "Vérifiez le dossier, les droits et la place.",
        ) from error


def _sheets(plan: Plan, book: Gradebook) -> None:
    write_atomically(plan.out / GRADEBOOK, book.to_json())
    comma = plan.decimal_comma
    write_atomically(plan.out / PEOPLE, f"\ufeff{sheets.people(book, decimal_comma=comma)}")  # the mark by which spreadsheets know UTF-8
    if plan.moodle is not None:
        write_atomically(plan.out / MOODLE, sheets.moodle_filled(book, plan.moodle, out_of=plan.out_of, decimal_comma=comma))
    elif any(row.record.participant for row in book.rows):
        write_atomically(plan.out / MOODLE, sheets.moodle(book, out_of=plan.out_of, decimal_comma=comma))
    write_atomically(plan.out / NBGRADER / "grades.csv", sheets.nbgrader_grades(book))
    write_atomically(plan.out / NBGRADER / "students.csv", sheets.nbgrader_students(book))
    write_atomically(plan.out / NBGRADER / _IMPORTER.name, _IMPORTER.read_text(encoding="utf-8"))


@contextmanager
def _workshop(out: Path) -> Iterator[Path]:
    """A folder to unpack in, this grading's alone; what a killed one left is removed first."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GraderError(f"Une autre correction écrit déjà dans {out}.", "Attendez sa fin, ou donnez un autre dossier.") from None
        shop = out / _SHOP
        _clear(out, shop)
        shop.mkdir()
        try:
            yield shop
        finally:
            shutil.rmtree(shop, ignore_errors=True)


def _clear(out: Path, shop: Path) -> None:
    """Remove what was being unpacked, and half-written files, which ``write_atomically`` names after what they were to become."""
    shutil.rmtree(shop, ignore_errors=True)
    own = [out / name for name in (GRADEBOOK, PEOPLE, MOODLE, classroom.FILE)]
    own += [out / COPIES / "*.json", out / pages.FEEDBACK / "*.html", out / NBGRADER / "*.*"]
    drafts = [draft for path in own for draft in path.parent.glob(f".{path.name}.????????")]
    for draft in [*drafts, *(out / RUNS).glob("*/.*.json.????????")]:
        draft.unlink()
