"""One observer a node, listened to: the nodes' own word, by a channel that jobs do not use."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from labs.errors import LabError
from labs.evidence.records import Record, Silence, Spoilt, parse
from labs.lab import Lab

OBSERVER = Path(__file__).with_name("observer.py")
# -I and -S: nothing of the node's own Python set-up is loaded, so it starts fast and a node's files cannot steer it.
COMMAND = ("python3", "-I", "-S", "-c")
FAREWELL_SECONDS = 3.0
LONG_FAREWELL_SECONDS = 20.0  # where all files are weighed before
MOST_LINE = 256 * 1024  # bytes
MOST_TOLD = 64 * 1024**2  # bytes that an observer may tell of a node that is nobody's to trust


class Watch:
    """Observes all nodes of a lab from ``start`` to ``stop``; ``sink`` is called with each record, from one thread a node."""

    def __init__(self, lab: Lab, sink: Callable[[Record], None]) -> None:
        self._lab = lab
        self._sink = sink
        self._stopping = False
        self._observers: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        code = OBSERVER.read_text(encoding="utf-8")
        for node in self._lab.nodes:
            observer = self._lab.stream(node, [*COMMAND, code, *([self._lab.root] if self._lab.walled else [])])
            thread = threading.Thread(target=self._listen, args=(node, observer), name=f"evidence-{node}", daemon=True)
            self._observers.append(observer)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End the observers; they take a last look before they go, and it is heard."""
        self._stopping = True
        for observer in self._observers:
            with suppress(OSError):
                _pipe(observer.stdin).close()
        for node, observer, thread in zip(self._lab.nodes, self._observers, self._threads, strict=True):
            thread.join(LONG_FAREWELL_SECONDS if self._lab.walled else FAREWELL_SECONDS)
            if thread.is_alive():  # its node is frozen, or the engine is stuck
                observer.kill()
                thread.join(FAREWELL_SECONDS)
                if self._lab.walled:
                    self._sink(Silence(node, time.time()))  # its last look is missing
            observer.wait()

    def _listen(self, node: str, observer: subprocess.Popen[bytes]) -> None:
        told = 0
        with _pipe(observer.stdout) as lines:
            while line := lines.readline(MOST_LINE):
                told += len(line)
                if self._lab.walled and told > MOST_TOLD:
                    observer.kill()
                    self._sink(Spoilt(node, time.time(), "flood"))
                    break
                with suppress(ValueError):
                    record = parse(node, json.loads(line))
                    if record:
                        self._sink(record)
        if not self._stopping:
            self._sink(Silence(node, time.time()))


def _pipe(end: IO[bytes] | None) -> IO[bytes]:
    """An end that ``stream`` always opens."""
    if end is None:
        raise TypeError("the observer was started without pipes")
    return end


def require_nodes(lab: Lab) -> None:
    """LabError unless every node of the lab is up: a run against a dead lab would only tell confused stories."""
    if lab.answers():
        return
    if not lab.nodes:
        raise LabError("Le labo n'est pas démarré.", "Lancez « labs up ».")
    down = [node.name for node in lab.status() if node.state != "up"]
    if down:
        verb = "ne répondent pas" if len(down) > 1 else "ne répond pas"
        raise LabError(f"{', '.join(down)} {verb}.", "Lancez « labs up » : le labo sera remis en état.")
