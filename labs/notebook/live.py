"""The chronologie that draws itself while a run goes on.

One thread a view takes a snapshot of the run when something happened, or eight times a second where the run does not tell, lays it out
and sends the page what changed; it is the only one that touches the widget while the run lasts. A page that comes late, or is
reloaded, asks for the whole scene and gets it.
At the end the view says so, holds the figure that stays, and puts it in the place of the widget in the notebook.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, Protocol

import anywidget
from IPython.display import display as show_in_cell

from labs.notebook import display
from labs.timeline import palette
from labs.timeline.layout import Memory, layout
from labs.timeline.metrics import makespan
from labs.timeline.model import Timeline
from labs.timeline.scene import HEIGHTS, Heights, Item, Lane, Limit, Scene

PERIOD = 1 / 8  # seconds between two frames when nobody says that something changed
SHARE = 1 / 4  # of the thread's time at the most is for frames, however many things happen
CALM = 1.0  # seconds between two summaries, and between two frames of a run that tells when something changed
_STATIC = Path(__file__).parent / "static"
_DEFAULTS = {field.name: field.default for field in fields(Item)}
_STROKES = {state.value: strokes for state, strokes in palette.STROKES.items()}


class Source(Protocol):
    """A run to follow.

    One that replays a recorded run also says its ``rate``: seconds of the run in a second of the clock. One that knows when something
    happens has a method ``subscribe``, which takes what is to be called then; one that was run before, its ``usual`` duration in seconds.
    """

    @property
    def alive(self) -> bool:
        """Whether something may still change."""

    def timeline(self) -> Timeline:
        """Return what is known at this moment; may be called from any thread."""

    def cancel(self) -> None:
        """End the run; may take seconds."""


class LiveView(anywidget.AnyWidget):
    """A widget that follows a Source. ``forecast``, ``limit``, ``title`` and ``ideal`` are as in ``layout.layout``.

    It starts at once and stops by itself when the source is no longer alive; ``close()`` stops it before. ``ended`` is set when the
    last frame has been sent.
    """

    _esm = _STATIC / "chronologie.js"
    _css = f":root {{ {palette.variables()} }}\n{(_STATIC / 'chronologie.css').read_text(encoding='utf-8')}"

    def __init__(
        self,
        source: Source,
        *,
        forecast: Timeline | float | None = None,
        limit: Limit | None = None,
        title: str | None = None,
        ideal: float | None = None,
    ) -> None:
        super().__init__()
        self.ended = Event()
        self._source = source
        self._options: dict[str, Any] = {"forecast": forecast, "limit": limit, "title": title, "ideal": ideal}
        self._frames = Frames(rate=getattr(source, "rate", 1.0), expected=_expected(source, forecast))
        self._memory = Memory()
        self._period = PERIOD
        self._handle: Any = None  # of the notebook's display that show() made
        self._kept: display.Shown | None = None  # what takes its place at the end
        self._final: dict[str, str] | None = None
        self._asked = False  # a page wants the whole scene
        self._gate = Lock()  # between the page's requests and the thread's last frame
        self._wake = Event()
        self._closed = False
        self.on_msg(self._receive)
        if subscribe := getattr(source, "subscribe", None):
            self._period = CALM
            subscribe(self.poke)
        self._flusher = Thread(target=self._flush, name="chronologie", daemon=True)
        self._flusher.start()

    def show(self) -> None:
        """Display the view in the current cell. When the run ends, the figure takes its place, so that the saved notebook keeps it."""
        handle = show_in_cell(self, display_id=True)
        with self._gate:
            self._handle = handle
            if self._kept is not None and handle is not None:
                handle.update(self._kept)

    def poke(self) -> None:
        """Say that something changed: the next frame comes at once. May be called from any thread, and costs nothing."""
        self._wake.set()

    def close(self) -> None:
        with self._gate:
            self._closed = True
        self._wake.set()
        super().close()

    # -- from the page ------------------------------------------------------------------------------------------------------

    def _receive(self, _widget: LiveView, message: dict[str, Any], _buffers: object) -> None:
        if message.get("type") == "hello":
            self._say_all()
        elif message.get("type") == "cancel":
            Thread(target=self._source.cancel, name="annulation", daemon=True).start()

    def _say_all(self) -> None:
        with self._gate:
            if not self.ended.is_set():
                self._asked = True
            elif self._final is not None and not self._closed:
                self.send({**self._frames.full(), "final": self._final})
        self._wake.set()

    # -- the flusher's thread -----------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        try:
            self._follow()
        finally:
            self.ended.set()

    def _follow(self) -> None:
        alive = True
        while alive and not self._closed:
            began = time.monotonic()
            alive = self._source.alive  # read before the snapshot: the last snapshot is taken after the end
            timeline = self._source.timeline()
            if alive:
                self._draw(timeline)
                self._pause(began)
        if not self._closed:
            self._finish(timeline)

    def _pause(self, began: float) -> None:
        """Wait for the next frame's time, or for a word that something changed."""
        done = time.monotonic()
        self._wake.wait(max(0.0, began + self._period - done))
        time.sleep(max(0.0, began + (done - began) / SHARE - time.monotonic()))
        self._wake.clear()

    def _draw(self, timeline: Timeline) -> None:
        scene = layout(timeline, live=True, summary=self._frames.summary(timeline.end), memory=self._memory, **self._options)
        change = self._frames.take(scene)
        with self._gate:
            if self._asked:
                change, self._asked = self._frames.full(), False
            if change is not None and not self._closed:
                self.send(change)

    def _finish(self, timeline: Timeline) -> None:
        scene = layout(timeline, live=False, **self._options)
        self._frames.take(scene)
        kept = display.show(timeline, **self._options)
        final = {"table": display.table(timeline), "figure": display.picture(timeline, scene)}
        with self._gate:
            self._final, self._kept = final, kept
            if not self._closed:
                self.send({**self._frames.full(), "final": final})
            self.ended.set()
            if self._handle is not None:
                self._handle.update(kept)


@dataclass(frozen=True, slots=True)
class Expected:
    """When a run should be over, in seconds, and who says so: what the page's progress bar is drawn from."""

    at: float
    by: str


def _expected(source: Source, forecast: Timeline | float | None) -> Expected | None:
    """The best known end of a run: that of the same command's last run, then what was foreseen; None when nothing tells."""
    usual = getattr(source, "usual", None)
    if usual:
        return Expected(usual, "comme la dernière fois")
    if isinstance(forecast, Timeline):
        return Expected(makespan(forecast), "d’après la simulation" if forecast.simulated else "d’après une autre exécution")
    return Expected(forecast, "d’après la prévision") if forecast else None


class Frames:
    """Scenes in, messages out: what changed since the scene before, or everything."""

    def __init__(self, rate: float = 1.0, expected: Expected | None = None) -> None:
        self._constant = {"rate": rate, "expected": expected and asdict(expected)}
        self._scene: Scene | None = None
        self._items: dict[str, Item] = {}
        self._head: dict[str, Any] = {}
        self._spoke = float("-inf")  # seconds of the run: when the last summary was made

    def summary(self, now: float) -> str | None:
        """Return the sentence to keep for a while; None when it is time for a new one."""
        if self._scene is None or now - self._spoke >= CALM:
            self._spoke = now
            return None
        return self._scene.summary

    def take(self, scene: Scene) -> dict[str, Any] | None:
        """Return the message that brings a page from the scene before to this one; None when it would say nothing."""
        before, self._scene = self._scene, scene
        known, self._items = self._items, {item.key: item for item in scene.items}
        last_head, self._head = self._head, _head(scene) | self._constant
        if before is None:
            return self.full()
        change: dict[str, Any] = {}
        if self._head != last_head:
            change["head"] = self._head
        if items := [_wire(item) for key, item in self._items.items() if (old := known.get(key)) is not item and old != item]:
            change["items"] = items
        if gone := [key for key in known if key not in self._items]:
            change["gone"] = gone
        if scene.curve.points != before.curve.points:
            change["curve"] = _tail(before.curve.points, scene.curve.points)
        if scene.summary != before.summary:
            change |= {"summary": scene.summary, "label": scene.label}
        return {"type": "change", "time": round(scene.now, 3), **change} if change else None

    def full(self) -> dict[str, Any]:
        """Return the message that draws the last scene on an empty page."""
        assert self._scene is not None  # noqa: S101 -- take() comes first
        scene = self._scene
        return {
            "type": "full",
            "time": round(scene.now, 3),
            "head": self._head,
            "items": [_wire(item) for item in scene.items],
            "curve": _tail((), scene.curve.points),
            "summary": scene.summary,
            "label": scene.label,
        }


def _head(scene: Scene) -> dict[str, Any]:
    """What changes seldom."""
    return {
        "title": scene.title,
        "running": scene.running,
        "detail": scene.detail.value,
        "heights": _plain((HEIGHTS[scene.detail],))[0],
        "lanes": _plain(scene.lanes),
        "from": min([0.0, *(item.x0 for item in scene.items)]),
        "most": max((item.count for item in scene.items), default=0),
        "curve": scene.curve.label.replace("\n", " "),
        "limit": scene.curve.limit,
        "forecast": scene.forecast,
        "deadline": scene.deadline,
        "strokes": _STROKES,
    }


@lru_cache
def _plain(parts: tuple[Lane | Heights, ...]) -> list[dict[str, Any]]:
    """The same from frame to frame, most often."""
    return [asdict(part) for part in parts]


def _wire(item: Item) -> dict[str, Any]:
    """An Item as the page reads it: what differs from the defaults, times to the millisecond."""
    values = {name: getattr(item, name) for name in _DEFAULTS}
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in values.items()
        if value is not None and (name in {"lane", "row"} or value != _DEFAULTS[name])
    }


def _tail(before: tuple[tuple[float, int], ...], after: tuple[tuple[float, int], ...]) -> dict[str, Any]:
    """The end of a curve from where it differs."""
    same = next((k for k, (old, new) in enumerate(zip(before, after, strict=False)) if old != new), min(len(before), len(after)))
    return {"from": same, "points": [(round(t, 3), n) for t, n in after[same:]]}
