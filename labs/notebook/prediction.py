"""The learner's forecast, taken before a run, kept in ``travail/``, and compared in words afterwards."""

from __future__ import annotations

import json
import os
import re
import tempfile
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from labs import paths
from labs.notebook.pieces import NBSP, note
from labs.timeline.words import number

if TYPE_CHECKING:
    from pathlib import Path

_KEY = re.compile(r"[a-z0-9][a-z0-9-]*")
_CLOSE = 0.1  # a forecast within a tenth of what happened, or half a unit, is well seen
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a learner expects: ``value`` in ``unit`` (``s`` for seconds)."""

    value: float
    unit: str = "s"

    def compared(self, actual: float) -> str:
        """In words, how far ``actual`` (same unit) was from the forecast."""
        said = f"Vous aviez prévu {self.told(self.value)}{NBSP}; il a fallu {self.told(actual)}"
        gap = actual - self.value
        if abs(gap) <= max(_HALF, _CLOSE * actual):
            return f"{said}. Bien vu{NBSP}!"
        return f"{said}, soit {self.told(abs(gap))} de {'plus' if gap > 0 else 'moins'}."

    def told(self, value: float) -> str:
        return f"{number(value)}{NBSP}{self.unit}"


def saved(key: str) -> Forecast | None:
    """The forecast kept under ``key``; None when there is none, or when its file cannot be read."""
    try:
        return Forecast(**json.loads(_file(key).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def save(key: str, forecast: Forecast) -> None:
    """Keep ``forecast`` under ``key``, one file a key, whole or not at all."""
    target = _file(key)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=target.parent, delete=False, encoding="utf-8") as draft:
        json.dump(asdict(forecast), draft)
    os.replace(draft.name, target)  # noqa: PTH105  (atomic, and the draft is a name)


def _file(key: str) -> Path:
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a forecast key: {key!r}")
    return paths.WORK / "previsions" / f"{key}.json"


class Prediction:
    """The widget: a question, a number, a button. ``key`` names the forecast for the launcher that follows."""

    def __init__(self, question: str, *, key: str, unit: str = "s") -> None:
        import ipywidgets as widgets

        self._key, self._unit = key, unit
        self.message = widgets.HTML(note(""))
        self.field = widgets.BoundedFloatText(
            min=0,
            max=3600,
            step=0.5,
            description=f"Ma prévision ({unit})",
            style={"description_width": "initial"},
            layout={"width": "220px"},
        )
        self.button = widgets.Button(description="Noter ma prévision", button_style="", layout={"width": "auto"})
        self.button.on_click(lambda _: self.keep())
        self.widget = widgets.VBox([widgets.HTML(_question(question)), widgets.HBox([self.field, self.button]), self.message])
        if before := saved(key):
            self.field.value = before.value
            self.message.value = note(f"Vous aviez noté {before.told(before.value)}. Vous pouvez changer d’avis.")

    def keep(self) -> None:
        """Store what the field holds; say so."""
        forecast = Forecast(self.field.value, self._unit)
        try:
            save(self._key, forecast)
        except OSError as error:
            self.message.value = note(f"La prévision n’a pas pu être gardée{NBSP}: {error.strerror}.\nVérifiez la place sur le disque.", "⚠")
            return
        self.message.value = note(f"C’est noté{NBSP}: {forecast.told(forecast.value)}. Passez à l’exécution.", "✓")


def predict(question: str, *, key: str, unit: str = "s") -> None:
    """Ask the learner for a forecast before a run. ``launcher(..., forecast=key)`` draws it and says how far it was."""
    from IPython.display import display

    display({**still(question, key=key, unit=unit), **Prediction(question, key=key, unit=unit).widget._repr_mimebundle_()}, raw=True)


def still(question: str, *, key: str, unit: str = "s") -> dict[str, Any]:
    """What stands in the notebook where no widget can: the question itself."""
    del key
    ask = f"Exécutez cette cellule (Maj+Entrée) pour noter votre prévision, en {'secondes' if unit == 's' else unit}."
    return {"text/plain": f"{question}\n{ask}", "text/html": f"{_question(question)}<p><em>{escape(ask)}</em></p>"}


def _question(question: str) -> str:
    return f"<p><strong>Prédire.</strong> {escape(question)}</p>"
