"""The observers of a lab, one a node: started once, heard by whoever listens in this process, and kept a while between two runs.

Starting them costs an ``exec`` of the engine a node, which a run that finds them there is spared (benchmarks/overhead.py).
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from labs.evidence.records import Beat, JobFile, JobFileGone, ProcessEnded, ProcessSeen, Record, Silence, Spoilt, parse
from labs.lab import Lab

OBSERVER = Path(__file__).with_name("observer.py")
# -I and -S: nothing of the node's own Python set-up is loaded, so it starts fast and a node's files cannot steer it.
COMMAND = ("python3", "-I", "-S", "-c")
KEPT = 60.0  # seconds that observers nobody listens to go on
ANSWER_SECONDS = 3.0
LONG_ANSWER_SECONDS = 20.0  # where all files are weighed before
MOST_LINE = 256 * 1024  # bytes
MOST_TOLD = 64 * 1024**2  # bytes that an observer may tell of a node that is nobody's to trust

Listener = Callable[[Record], None]


@dataclass(slots=True)
class _Known:
    """What a node has shown so far that still holds: whoever listens from now on is told of it first."""

    processes: dict[int, ProcessSeen] = field(default_factory=dict)
    job_files: dict[str, JobFile] = field(default_factory=dict)
    answered: int = 0  # looks that were asked for
    silent: bool = False

    def take(self, record: Record) -> None:
        match record:
            case ProcessSeen():
                self.processes[record.pid] = record
            case ProcessEnded():
                self.processes.pop(record.pid, None)
            case JobFile():
                self.job_files[record.jid] = record
            case JobFileGone():
                self.job_files.pop(record.jid, None)
            case Beat():
                self.answered = record.asked
            case Silence():
                self.silent = True

    def records(self) -> Iterator[Record]:
        yield from self.processes.values()
        yield from self.job_files.values()


class Observers:
    """One observer for each node of a lab, from now until ``end``. Listeners are called from one thread a node, one at a time: be quick."""

    def __init__(self, lab: Lab, listener: Listener) -> None:
        self.nodes = tuple(lab.nodes)
        self.idle_since: float | None = None  # by the monotonic clock; None while somebody listens
        self._lab = lab
        self._gate = threading.Condition()  # guards what follows
        self._listeners = [listener]
        self._known = {node: _Known() for node in self.nodes}
        self._asked = 0
        self._ending = False
        code = OBSERVER.read_text(encoding="utf-8")
        place = [lab.root] if lab.walled else []
        self._observers = {node: lab.stream(node, [*COMMAND, code, *place]) for node in self.nodes}
        self._threads = {
            node: threading.Thread(target=self._listen, args=(node, observer), name=f"evidence-{node}", daemon=True)
            for node, observer in self._observers.items()
        }
        for thread in self._threads.values():
            thread.start()

    def join(self, listener: Listener) -> bool:
        """Tell a listener how things stand, then all that happens. False when a node is observed no more."""
        with self._gate:
            if any(known.silent for known in self._known.values()):
                return False
            for known in self._known.values():
                for record in known.records():
                    listener(record)
            self._listeners.append(listener)
            self.idle_since = None
            return True

    def leave(self, listener: Listener) -> None:
        with self._gate:
            self._listeners.remove(listener)
            if not self._listeners:
                self.idle_since = time.monotonic()

    def ask(self) -> bool:
        """Have every observer look, and wait until what it saw is told. False when one cannot answer."""
        with self._gate:
            self._asked += 1
            for observer in self._observers.values():
                with suppress(OSError):  # it is gone
                    _pipe(observer.stdin).write(b"?")
                    _pipe(observer.stdin).flush()
            return self._gate.wait_for(self._told, ANSWER_SECONDS) and not any(known.silent for known in self._known.values())

    def _told(self) -> bool:
        return all(known.silent or known.answered >= self._asked for known in self._known.values())

    def end(self) -> None:
        """They take a last look before they go, and it is heard."""
        with self._gate:
            self._ending = True
        for observer in self._observers.values():
            with suppress(OSError):
                _pipe(observer.stdin).close()
        for node, observer in self._observers.items():
            thread = self._threads[node]
            thread.join(LONG_ANSWER_SECONDS if self._lab.walled else ANSWER_SECONDS)
            if thread.is_alive():  # its node is frozen, or the engine is stuck
                observer.kill()
                thread.join(ANSWER_SECONDS)
                if self._lab.walled:
                    self._tell(node, Silence(node, time.time()))  # its last look is missing
            observer.wait()

    def _listen(self, node: str, observer: subprocess.Popen[bytes]) -> None:
        told = 0
        with _pipe(observer.stdout) as lines:
            while line := lines.readline(MOST_LINE):
                told += len(line)
                if self._lab.walled and told > MOST_TOLD:
                    observer.kill()
                    self._tell(node, Spoilt(node, time.time(), "flood"))
                    break
                with suppress(ValueError):
                    record = parse(node, json.loads(line))
                    if record:
                        self._tell(node, record)
        if not self._ending:
            self._tell(node, Silence(node, time.time()))

    def _tell(self, node: str, record: Record) -> None:
        with self._gate:
            self._known[node].take(record)
            for listener in self._listeners:
                listener(record)
            if isinstance(record, Beat | Silence):
                self._gate.notify_all()


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    """An end that ``stream`` always opens."""
    if end is None:
        raise TypeError("the observer was started without pipes")
    return end


# -- kept between two runs

_kept: dict[Path, Observers] = {}  # by the lab's folder
_turn = threading.Lock()


def join(lab: Lab, listener: Listener) -> Observers:
    """The observers of a lab, those that are there already if they all answer, from now on heard by ``listener`` too."""
    with _turn:
        observers = _kept.get(lab.directory)
        if observers and observers.nodes == tuple(lab.nodes) and observers.ask() and observers.join(listener):
            return observers
        if observers and observers.idle_since is not None:
            observers.end()
        _kept[lab.directory] = Observers(lab, listener)
        return _kept[lab.directory]


def leave(lab: Lab, observers: Observers, listener: Listener) -> None:
    """Listen no more, once all that has happened is told. Observers whom nobody else hears go on for a while, if they all answered."""
    whole = observers.ask()
    observers.leave(listener)
    if whole:
        timer = threading.Timer(KEPT, _let_go, (lab.directory, observers, KEPT))
        timer.daemon = True
        timer.start()
    else:
        _let_go(lab.directory, observers, 0.0)


def _let_go(place: Path, observers: Observers, seconds: float) -> None:
    """End observers that nobody has heard for that long."""
    with _turn:
        if observers.idle_since is None or time.monotonic() < observers.idle_since + seconds:
            return
        if _kept.get(place) is observers:
            del _kept[place]
    observers.end()
