"""What a learner has done so far, kept in ``travail/progression.sqlite``: exercises opened, attempts, hints; and who the learner is.

One short transaction a fact, each with a connection of its own: any number of kernels, tabs and terminals may write at once. SQLite's
rollback journal is used, and not its write-ahead log, which network file systems do not bear.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.errors import GraderError
from labs import paths

if TYPE_CHECKING:
    from grader.report import Report

FILE = "progression.sqlite"
BUSY_SECONDS = 10.0  # how long one waits for others to finish writing
VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS learner (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, since TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS opened (exercise TEXT NOT NULL, time TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS attempts (exercise TEXT NOT NULL, time TEXT NOT NULL, score REAL, max REAL NOT NULL, status TEXT NOT NULL,
  seconds REAL NOT NULL);
CREATE TABLE IF NOT EXISTS hints (exercise TEXT NOT NULL, point TEXT NOT NULL, level INTEGER NOT NULL, time TEXT NOT NULL);
"""


class ProgressError(GraderError):
    """The progress cannot be read or written; grading goes on without it."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An exercise that was shown; ``time`` is in UTC, as in the others."""

    exercise: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """An answer that was graded, or refused: ``score`` is then None. ``seconds``: spent on it, grading included."""

    exercise: str
    time: datetime
    score: float | None
    max: float
    status: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Hint:
    """A hint that was asked for on a point of an exercise; ``level`` is 1, 2 or 3."""

    exercise: str
    point: str
    level: int
    time: datetime


class Progress:
    """One learner's progress. All methods may be called from any thread or process, and raise ProgressError when the file fails."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or paths.WORK / FILE

    def learner(self) -> str:
        """The learner's id: drawn once at random, the same ever after. It draws the parameters of exercises."""
        with self._transaction() as database:
            return str(database.execute("SELECT id FROM learner").fetchone()[0])

    def opened(self, exercise: str) -> None:
        """Note that an exercise was shown."""
        self._note("opened", exercise, _now())

    def record_attempt(self, report: Report, seconds: float) -> None:
        """Note what became of an answer, and the ``seconds`` spent on it."""
        self._note("attempts", report.exercise, _now(), report.score, report.max, report.status, seconds)

    def record_hint(self, exercise: str, point: str, level: int) -> None:
        """Note that a hint was given."""
        self._note("hints", exercise, point, level, _now())

    def openings(self) -> list[Opened]:
        """In the order in which they came, as are the attempts and the hints."""
        return [Opened(exercise, _moment(time)) for exercise, time in self._rows("exercise, time", "opened")]

    def attempts(self) -> list[Attempt]:
        rows = self._rows("exercise, time, score, max, status, seconds", "attempts")
        return [Attempt(exercise, _moment(time), *rest) for exercise, time, *rest in rows]

    def hints(self) -> list[Hint]:
        rows = self._rows("exercise, point, level, time", "hints")
        return [Hint(exercise, point, level, _moment(time)) for exercise, point, level, time in rows]

    def _note(self, table: str, *values: object) -> None:
        places = ", ".join("?" * len(values))
        with self._transaction() as database:
            database.execute(f"INSERT INTO {table} VALUES ({places})", values)  # noqa: S608 - our own table names

    def _rows(self, columns: str, table: str) -> list[Any]:
        with self._transaction() as database:
            return database.execute(f"SELECT {columns} FROM {table} ORDER BY rowid").fetchall()  # noqa: S608 - as above

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A writer's turn, kept whole or not at all."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)) as database:
                database.execute("BEGIN IMMEDIATE")
                self._prepare(database)
                yield database
                database.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failure(error) from error
        except OSError as error:
            raise ProgressError(f"Votre progression ne peut pas être notée : {error.strerror} ({self.path}).", _ELSEWHERE) from error

    def _prepare(self, database: sqlite3.Connection) -> None:
        """Make the tables and the learner of a new file."""
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise ProgressError(f"{self.path} vient d'une version plus récente du kit.", "Mettez le kit à jour.")
        if version == VERSION:
            return
        for statement in _SCHEMA.split(";"):
            database.execute(statement)
        database.execute("INSERT OR IGNORE INTO learner VALUES (1, ?, ?)", (uuid.uuid4().hex, _now()))
        database.execute(f"PRAGMA user_version = {VERSION}")

    def _failure(self, error: sqlite3.Error) -> ProgressError:
        if isinstance(error, sqlite3.OperationalError):
            if "locked" in str(error):
                return ProgressError(f"Votre progression est occupée par un autre programme ({self.path}).", "Réessayez dans un instant.")
            return ProgressError(f"Votre progression ne peut pas être notée ({self.path} : {error}).", _ELSEWHERE)
        return ProgressError(
            f"Le fichier de votre progression, {self.path}, est abîmé.", "Renommez-le : un nouveau sera commencé ; vos réponses restent."
        )


_ELSEWHERE = "Vérifiez la place et les droits de ce dossier ; la correction, elle, fonctionne."


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
