"""What an observer tells of its node: typed, with the node's name. Times are epoch seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ProcessSeen:
    """A process of the node's table; told again when it executes another program."""

    host: str
    pid: int
    ppid: int
    start: float
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProcessEnded:
    host: str
    pid: int
    end: float


@dataclass(frozen=True, slots=True)
class JobFile:
    """An async job file as it stands: its ``mtime`` is the job's end once the result no longer says it runs."""

    host: str
    jid: str
    mtime: float
    result: Mapping[str, Any]

    @property
    def finished(self) -> bool:
        # async_wrapper writes "started" first, and a result without it at the end; async_status reads it the same way.
        return "started" not in self.result or bool(self.result.get("finished"))


@dataclass(frozen=True, slots=True)
class JobFileGone:
    host: str
    jid: str
    at: float


@dataclass(frozen=True, slots=True)
class Beat:
    """The observer is alive, and has told all that it saw until then. ``asked``: how many looks it was asked for so far."""

    host: str
    at: float
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Silence:
    """The observer of a node ended, or never spoke: from there on nothing is known of that node."""

    host: str
    at: float


@dataclass(frozen=True, slots=True)
class Spoilt:
    """Somebody on a node is at the evidence itself.

    ``by``: "stopped" (the observer was), "job-file" (one is forged), "disk" (it is filled), "flood" (more is done there than can be told).
    """

    host: str
    at: float
    by: str


Record = ProcessSeen | ProcessEnded | JobFile | JobFileGone | Beat | Silence | Spoilt


@dataclass(frozen=True, slots=True)
class ProcessRun:
    """A process from its start to its end (None: not seen to end), in seconds from a run's start."""

    host: str
    pid: int
    ppid: int
    argv: tuple[str, ...]
    start: float
    end: float | None


def parse(host: str, raw: Mapping[str, Any]) -> Record | None:  # noqa: PLR0911 - one a kind of line
    """A record from an observer's JSON line; None for a line that is not one."""
    match raw:
        case {"k": "process", "pid": int(pid), "ppid": int(ppid), "start": float(start), "argv": list(argv)}:
            return ProcessSeen(host, pid, ppid, start, tuple(map(str, argv)))
        case {"k": "exit", "pid": int(pid), "end": float(end)}:
            return ProcessEnded(host, pid, end)
        case {"k": "job", "jid": str(jid), "mtime": float(mtime), "result": dict(result)}:
            return JobFile(host, jid, mtime, result)
        case {"k": "gone", "jid": str(jid), "at": float(at)}:
            return JobFileGone(host, jid, at)
        case {"k": "beat", "at": float(at), "asked": int(asked)}:
            return Beat(host, at, asked)
        case {"k": "spoilt", "at": float(at), "by": str(by)}:
            return Spoilt(host, at, by)
        case _:
            return None
