"""The runs of the answers that an exercise keeps, stored beside them: its checks can be tried on them at once, without a lab.

A file holds what one grading saw of real nodes, and not what was said of it: checks and messages are free to change. It is worth what it
tells as long as nothing that was run is another than then (``_source``).
"""

from __future__ import annotations

import hashlib
import json
import lzma
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.answer import opened
from grader.checks import AnswerRun, NodeFile, Observed
from grader.digest import digest
from grader.errors import GraderError
from grader.material import UNSEEN
from labs.errors import LabError
from labs.evidence.records import ProcessRun
from labs.timeline import store

if TYPE_CHECKING:
    from grader.proof import Case

VERSION = 1
FOLDER = "runs"


class NotKeptError(GraderError):
    """There is no run to judge again."""

    def __init__(self, case: Case, why: str) -> None:
        super().__init__(f"{case.exercise.id}, {case.name} : {why}.", f"Lancez « grader test {case.exercise.id} --garder ».")


def path(case: Case) -> Path:
    """Where the run of a case is kept."""
    name = case.name.replace("(", "").replace(")", "").replace(" ", "-")
    return case.exercise.folder / FOLDER / f"{name}.json.xz"


def save(case: Case, folder: Path, observed: Observed) -> None:
    """Keep what the answer of a case, in ``folder``, has shown. Raises OSError."""
    document = {
        "version": VERSION,
        "source": _source(case, folder),
        "answer": {name: value for name, value in observed.answer.items() if name not in {"text", "data"}},
        "runs": [_dumped(run) for run in observed.runs],
    }
    file = path(case)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(lzma.compress(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()))


def load(case: Case, folder: Path) -> Observed:
    """What the answer of a case has shown. Raises NotKeptError where there is nothing, or what is there was another answer's."""
    try:
        document = json.loads(lzma.decompress(path(case).read_bytes()))
        if document["version"] != VERSION or document["source"] != _source(case, folder):
            raise NotKeptError(case, "ce qui a été exécuté n'est plus ce qui est gardé")
        runs = tuple(_loaded(run) for run in document["runs"])
    except FileNotFoundError:
        raise NotKeptError(case, "aucune exécution n'est gardée") from None
    except (OSError, lzma.LZMAError, ValueError, LookupError, TypeError, LabError):
        raise NotKeptError(case, "l'exécution gardée est illisible") from None
    with opened(folder, case.exercise) as answer:
        said = {"text": answer.text, "data": answer.data} | document["answer"]
    return Observed(said, case.exercise.parameters, runs)


def _source(case: Case, folder: Path) -> str:
    """A digest of all that was run: the answer, the exercise's own files and values, its lab, its limits."""
    exercise = case.exercise
    values = exercise.model_dump(mode="json", include={"kind", "parameters", "limits", "lab", "playbook"})
    parts = (digest(folder), digest(exercise.folder, UNSEEN), json.dumps(values, sort_keys=True))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _dumped(run: AnswerRun) -> dict[str, Any]:
    return {
        "timeline": json.loads(store.dump(run.recorded)),
        "processes": [[seen.host, seen.pid, seen.ppid, seen.argv, seen.start, seen.end] for seen in run.processes],
        "files": {node: {name: file and asdict(file) for name, file in files.items()} for node, files in run.files.items()},
        "command": run.command,
    }


def _loaded(run: dict[str, Any]) -> AnswerRun:
    return AnswerRun(
        store.load(json.dumps(run["timeline"])),
        tuple(ProcessRun(host, pid, ppid, tuple(argv), start, end) for host, pid, ppid, argv, start, end in run["processes"]),
        {node: {name: file and NodeFile(**file) for name, file in files.items()} for node, files in run["files"].items()},
        run["command"],
    )
