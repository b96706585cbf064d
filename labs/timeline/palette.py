"""The colours and end glyphs of the chronologie, shared by the figure and the live view.

Okabe–Ito hues, darkened until each has a contrast of at least 3:1 on white and on JupyterLab's dark ground, and until white text on
a bar has at least 4.5:1. A colour never stands alone: glyphs, hatches and words say the same.
"""

from __future__ import annotations

from functools import lru_cache

from labs.timeline.model import State

CONTROLLER = "#0072B2"
DELAY = "#A66F00"
LOST = "#BE5400"
CURVE = "#007F5C"
LIMIT = "#BE5400"
FORECAST = "#767676"

STATES = {
    State.RUNNING: "#0072B2",
    State.SUCCEEDED: "#007F5C",
    State.FAILED: "#BE5400",
    State.TIMED_OUT: "#A8568A",
    State.ORPHANED: "#8A5A9E",
    State.KILLED: "#6F6F6F",
    State.ENDED: "#7D7100",
    State.UNCONFIRMED: "#6F6F6F",
}

Stroke = tuple[tuple[float, float], ...]

_RING: Stroke = (
    (0.0, 1.0), (0.5, 0.866), (0.866, 0.5), (1.0, 0.0), (0.866, -0.5), (0.5, -0.866), (0.0, -1.0),
    (-0.5, -0.866), (-0.866, -0.5), (-1.0, 0.0), (-0.866, 0.5), (-0.5, 0.866), (0.0, 1.0),
)  # fmt: skip

# End glyphs as strokes in a box of side 2 around the origin, y upwards: fonts that hold ⧖ and ⊘ cannot be counted on.
STROKES: dict[State, tuple[Stroke, ...]] = {
    State.SUCCEEDED: (((-1.0, 0.0), (-0.3, -0.8), (1.0, 0.9)),),
    State.FAILED: (((-0.9, -0.9), (0.9, 0.9)), ((-0.9, 0.9), (0.9, -0.9))),
    State.TIMED_OUT: (((-0.8, 1.0), (0.8, 1.0), (-0.8, -1.0), (0.8, -1.0), (-0.8, 1.0)),),
    State.ORPHANED: (_RING, ((-0.2, 0.0), (0.2, 0.0))),
    State.KILLED: (_RING, ((-0.7, -0.7), (0.7, 0.7))),
    State.ENDED: (((-0.8, 0.0), (0.8, 0.0)),),
    State.UNCONFIRMED: (
        ((-0.6, 0.5), (-0.4, 0.9), (0.0, 1.0), (0.45, 0.85), (0.6, 0.45), (0.4, 0.1), (0.0, -0.2), (0.0, -0.5)),
        ((0.0, -0.9), (0.0, -1.0)),
    ),
}


def variables() -> str:
    """The colours as CSS custom properties."""
    own = {"controller": CONTROLLER, "delay": DELAY, "lost": LOST, "curve": CURVE, "limit": LIMIT, "forecast": FORECAST}
    colors = own | {state.value: color for state, color in STATES.items()}
    return " ".join(f"--cp-{name}: {color};" for name, color in colors.items())


@lru_cache(maxsize=64)
def pale(color: str, by: float = 0.8) -> str:
    """Mix a colour with white: 0 leaves it, 1 gives white."""
    parts = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part + (255 - part) * by):02x}" for part in parts)
