"""One run seen from both sides: a command, its events and the nodes' evidence, brought together in a Timeline.

The command line, the widgets and the grader all run things through here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from labs.evidence.records import ProcessRun, Record, Silence, Spoilt
from labs.evidence.watch import Watch, require_nodes
from labs.jobs import durations
from labs.jobs.command import Command, poll_interval
from labs.jobs.events import Event
from labs.jobs.run import Job
from labs.lab import Lab
from labs.timeline.model import Fault, FaultKind, Timeline
from labs.timeline.record import Recorder

LINGER_PERIOD = 0.1  # seconds
LATE_WORD = 5.0  # seconds that a node's word of a job's start, or of its end once swept, may take on a busy machine


class Recording:
    """A run under way, then ended. All methods may be called from any thread."""

    def __init__(self, lab: Lab, command: Command, linger: float) -> None:
        self.lab = lab
        self.command = command
        self.started = time.time()
        self._linger = linger
        self._lock = threading.Lock()
        self._recorder = Recorder(command.title, lab.nodes, self.started, interval=poll_interval(command))
        self._job = Job(lab, command, self._on_event)
        self._watch = Watch(lab, self._on_record)
        self.usual = durations.last(lab, command)  # seconds that the same command took on this lab, None if it never went well
        self._ended: float | None = None
        self._cancelling = threading.Event()
        self._swept = threading.Event()
        self._unseen = threading.Event()
        self._listeners: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._follow, name=f"recording-{self._job.id}", daemon=True)

    def start(self) -> None:
        # Ansible needs a second to get ready: the observers are watching long before its first module.
        self._job.start()
        self._watch.start()
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether something is still being watched: the controller, or jobs that it left behind."""
        return self._ended is None and self._thread.is_alive()

    @property
    def stdout(self) -> str:
        """What Ansible has printed so far."""
        return self._job.stdout

    def timeline(self) -> Timeline:
        """What is known now; once the run is over, always the same."""
        now = self._ended or time.time()
        faults = tuple(
            # One whose end is still to come has none yet: the lab may be reset before.
            Fault(f.host, FaultKind(f.kind), f.start - self.started, None if f.end is None or f.end > now else f.end - self.started)
            for f in self.lab.faults(since=self.started)
            if f.start <= now
        )
        with self._lock:
            return self._recorder.timeline(
                now,
                controller_end=self._job.ended,
                status=self._job.status if self._job.ended else "running",
                faults=faults,
            )

    @property
    def unseen(self) -> bool:
        """Whether the evidence of a node is lost or spoilt: nothing more can be proved."""
        return self._unseen.is_set()

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Have ``listener`` called, from any thread, whenever something happens that a Timeline shows: it must be quick."""
        self._listeners.append(listener)

    def processes(self) -> tuple[ProcessRun, ...]:
        """Every process seen on the nodes during the run, times from the run's start."""
        with self._lock:
            return self._recorder.processes()

    def cancel(self) -> None:
        """End the run: the controller's processes and its jobs on the nodes."""
        self._cancelling.set()
        try:
            self._job.cancel()
        finally:
            self._swept.set()

    def wait(self, timeout: float | None = None) -> Timeline:
        """The Timeline, once the run is over or ``timeout`` seconds have passed."""
        self._thread.join(timeout)
        return self.timeline()

    def _follow(self) -> None:
        self._job.wait()
        self._tell()
        self._watch_on(LATE_WORD, self._jobs_starting, until=self._cancelling)  # what was just launched is of this run
        self._watch_on(self._linger, self._jobs_running, until=self._cancelling)
        if self._cancelling.is_set():
            self._swept.wait()  # the end of the jobs on the nodes is part of the story
            self._watch_on(LATE_WORD, self._jobs_running)
        self._watch.stop()
        ended = time.time()
        if self._job.status == "successful":
            durations.keep(self.lab, self.command, ended - self.started)
        self._ended = ended
        self._tell()

    @staticmethod
    def _watch_on(seconds: float, going: Callable[[], bool], until: threading.Event | None = None) -> None:
        """Let the nodes tell of their jobs while they are ``going``, for ``seconds`` at most."""
        deadline = time.time() + seconds
        while time.time() < deadline and not (until and until.is_set()) and going():
            time.sleep(LINGER_PERIOD)

    def _jobs_starting(self) -> bool:
        with self._lock:
            return self._recorder.starting(time.time())

    def _jobs_running(self) -> bool:
        return any(job.confirmed and job.end is None for job in self.timeline().jobs)

    def _on_event(self, event: Event) -> None:
        with self._lock:
            self._recorder.event(event)
        self._tell()

    def _on_record(self, record: Record) -> None:
        if isinstance(record, Silence | Spoilt):
            self._unseen.set()
        with self._lock:
            telling = self._recorder.observe(record)
        if telling:
            self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


def record(lab: Lab, command: Command, linger: float = 30.0) -> Recording:
    """Run a command on a lab and watch both sides of it. Starts at once and returns at once.

    ``linger``: seconds to go on watching jobs that still run on the nodes when Ansible has returned.
    Raises LabError when a node of the lab is not up.
    """
    require_nodes(lab)
    recording = Recording(lab, command, linger)
    recording.start()
    return recording
