"""A lab watched by itself: whatever runs on its nodes, launched by anyone, from the nodes' evidence alone."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Self

from labs.evidence.records import Record
from labs.evidence.watch import Watch, require_nodes
from labs.lab import Lab
from labs.timeline.model import Timeline
from labs.timeline.record import Recorder

TITLE = "Le labo"


class Watching:
    """Observes a lab between ``with`` and its end. ``window``: how many seconds back ``timeline()`` tells.

    Raises LabError when a node of the lab is not up.
    """

    def __init__(self, lab: Lab, window: float = 60.0) -> None:
        self.lab = lab
        self.began = time.time()
        self._window = window
        self._lock = threading.Lock()
        self._recorder = Recorder(TITLE, lab.nodes, self.began)
        self._watch = Watch(lab, self._on_record)

    def __enter__(self) -> Self:
        require_nodes(self.lab)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.stop()

    def timeline(self) -> Timeline:
        """What the nodes have shown in the last seconds; no controller is in it, but for the looks that it takes at jobs."""
        now = time.time()
        with self._lock:
            self._recorder.start_over(max(self.began, now - self._window))
            seen = self._recorder.timeline(now, controller_end=now)
            looks = self._recorder.looks()
        return replace(seen, jobs=tuple(job for job in seen.jobs if job.end is None or job.end >= 0), polls=looks)

    def _on_record(self, record: Record) -> None:
        with self._lock:
            self._recorder.observe(record)
