# mypy: disable-error-code="no-untyped-call"
# (distributed is an optional extra, and has no types)
"""Gradings shared among machines by Dask distributed, the extra « cluster ».

Nothing is shared but the kit itself: an answer and its exercise travel as the bytes of their files, a verdict as a report and documents.
A worker that dies loses nothing: what it was judging is judged by another. Each worker looks at the load of its own machine.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from grader import catalog
from grader.copies.admission import Gate
from grader.copies.judging import Verdict, stubbornly
from grader.copies.records import Status
from grader.errors import GraderError
from grader.material import ANSWERS
from grader.report import failure
from grader.spec import Kind

if TYPE_CHECKING:
    from grader.copies.batch import Task

CONNECTING = 15  # seconds
TICK = 0.5  # seconds between two looks at a worker's load
AHEAD = 2  # answers given to the cluster for each thread that it has, so that none is ever idle


@dataclass(frozen=True, slots=True)
class Parcel:
    """All that judging an answer takes: the files of its exercise, kept answers left out, and its own, by path."""

    exercise: str
    learner: str | None
    material: dict[str, bytes]
    answer: dict[str, bytes]
    trusted: bool = False


class Cluster:
    """The workers behind a scheduler."""

    def __init__(self, address: str) -> None:
        """Raises GraderError when the extra is not installed, or when nobody answers at ``address``."""
        try:
            from distributed import Client  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            raise GraderError(
                "La bibliothèque de Dask n'est pas installée.", "Installez-la : « .venv/bin/pip install distributed »."
            ) from None
        try:
            self._client = Client(address, timeout=CONNECTING, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise GraderError(f"Aucun ordonnanceur Dask ne répond à {address} ({type(error).__name__}).", "Vérifiez l'adresse.") from None
        self._pool = self._client.get_executor(pure=False)

    def refusal(self, under_way: int) -> str:
        threads = sum(self._client.nthreads().values())
        if not threads:
            return "une machine du cluster"
        return "la fin d'une autre" if under_way >= AHEAD * threads else ""

    def submit(self, task: Task, stop: Event) -> Future[Verdict]:
        del stop  # what is under way elsewhere ends by itself
        sent = self._pool.submit(judged_there, _packed(task))
        outcome: Future[Verdict] = Future()
        sent.add_done_callback(lambda done: outcome.set_result(_outcome(done, task)))
        return outcome

    def close(self) -> None:
        self._pool.shutdown(wait=False)
        self._client.close()


def _packed(task: Task) -> Parcel:
    own, given = _files(task.exercise.folder, ANSWERS), _files(task.handed.folder, ())
    return Parcel(task.exercise.id, task.learner, own, given, task.trusted)


def _files(folder: Path, without: tuple[str, ...]) -> dict[str, bytes]:
    paths = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]
    return {path.as_posix(): (folder / path).read_bytes() for path in paths if path.parts[0] not in without}


def _outcome(done: Any, task: Task) -> Verdict:
    """The verdict that a worker gave; what only the cluster is to blame for is no mark."""
    try:
        verdict: Verdict = done.result()
    except Exception as error:  # noqa: BLE001 - whatever a cluster may do: workers killed one after the other, a scheduler gone
        told = GraderError(f"Le cluster n'a pas pu juger cette réponse ({type(error).__name__}).", "Relancez la correction.")
        return Verdict(Status.ERROR, failure(task.exercise.id, task.exercise.points, told))
    return verdict


# -- on a worker

_gate: Gate | None = None
_under_way = 0
_turn = Lock()


def judged_there(parcel: Parcel) -> Verdict:
    """Judge an answer on this worker, once its machine has room."""
    with TemporaryDirectory(prefix="contrepoint-cluster-") as scratch:
        root, answer = Path(scratch) / "exercises", Path(scratch) / "answer"
        _unpack(parcel.material, root / parcel.exercise)
        _unpack(parcel.answer, answer)
        exercise = catalog.find(parcel.exercise, root, parcel.learner)
        with nullcontext() if exercise.kind is Kind.VALUE else _room():  # values need none
            return stubbornly(exercise, answer, Event(), trusted=parcel.trusted)


def _unpack(files: dict[str, bytes], folder: Path) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


@contextmanager
def _room() -> Iterator[None]:
    """Wait until one more may start, and say when it is over. The first one here makes the gate."""
    global _gate, _under_way  # noqa: PLW0603 - one load for all the threads of a worker
    while True:
        with _turn:
            _gate = _gate or Gate()
            if not _gate.refusal(_under_way):
                _under_way += 1
                break
        time.sleep(TICK)
    try:
        yield
    finally:
        with _turn:
            _under_way -= 1
