"""A clock of events to come: processes that sleep, compute on shared cores, and wait for one another. No real time passes.

A process is a generator. What it yields says what it waits for: ``Sleep``, ``Work`` or a ``Signal``. Everything is deterministic: of
two things due at the same moment, the one decided first comes first.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sleep:
    """Seconds that pass whatever else goes on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Work:
    """Seconds of computing: longer when the cores are shared."""

    seconds: float


class Signal:
    """Something that happens once; whoever waits for it goes on then, or at once if it has happened."""

    def __init__(self) -> None:
        self.happened = False
        self.waiting: list[Process] = []


Process = Generator[Sleep | Work | Signal, None, None]


class Clock:
    """Runs processes. ``cores`` may be infinite, and need not be whole."""

    def __init__(self, cores: float, vary: Callable[[], float] = lambda: 1.0) -> None:
        """``vary`` gives a factor for each piece of computing, by which it takes longer or shorter than told."""
        self.now = 0.0
        self._cores = cores
        self._vary = vary
        self._order = 0
        self._timers: list[tuple[float, int, Process]] = []
        # Processes that compute share the cores evenly, so that one count of seconds done, the same for all, tells who ends next.
        self._done = 0.0
        self._workers: list[tuple[float, int, Process]] = []

    def spawn(self, process: Process) -> Signal:
        """Start a process; the signal tells its end."""
        ended = Signal()

        def followed() -> Process:
            yield from process
            self.fire(ended)

        self._resume(followed())
        return ended

    def fire(self, signal: Signal) -> None:
        signal.happened = True
        for process in signal.waiting:
            self._push(self._timers, self.now, process)
        signal.waiting.clear()

    def run(self) -> None:
        """Let time pass until nothing is left to happen."""
        while self._timers or self._workers:
            rate = min(1.0, self._cores / len(self._workers)) if self._workers else 1.0
            worked = self.now + (self._workers[0][0] - self._done) / rate if self._workers else float("inf")
            if self._timers and self._timers[0][0] <= worked:
                moment, _, process = heapq.heappop(self._timers)
                self._done += (moment - self.now) * rate if self._workers else 0.0
            else:
                moment = worked
                self._done, _, process = heapq.heappop(self._workers)
            self.now = max(self.now, moment)
            self._resume(process)

    def _resume(self, process: Process) -> None:
        for request in process:
            match request:
                case Sleep(seconds) if seconds > 0:
                    self._push(self._timers, self.now + seconds, process)
                    return
                case Work(seconds) if seconds > 0:
                    self._push(self._workers, self._done + seconds * self._vary(), process)
                    return
                case Signal() if not request.happened:
                    request.waiting.append(process)
                    return
                case _:
                    pass  # what takes no time

    def _push(self, heap: list[tuple[float, int, Process]], key: float, process: Process) -> None:
        self._order += 1
        heapq.heappush(heap, (key, self._order, process))


class Places:
    """A number of places: who finds none free waits, first come first served."""

    def __init__(self, clock: Clock, count: int) -> None:
        self._clock = clock
        self._free = count
        self._queue: deque[Signal] = deque()

    def take(self) -> Process:
        if self._free:
            self._free -= 1
            return
        turn = Signal()
        self._queue.append(turn)
        yield turn

    def give(self) -> None:
        if self._queue:
            self._clock.fire(self._queue.popleft())
        else:
            self._free += 1
