"""The learner's forecast, taken before a run, kept in ``travail/``, and compared in words afterwards."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from labs import paths
from labs.inventory import write_atomically
from labs.notebook import toolkit
from labs.notebook.pieces import NBSP, note
from labs.timeline.words import duration, number

if TYPE_CHECKING:
    from pathlib import Path

_KEY = re.compile(r"[a-z0-9][a-z0-9-]*")
_CLOSE = 0.1  # a forecast within a tenth of what happened, or half a unit, is well seen
_HALF = 0.5
_MOST = 3600  # the largest forecast that the field takes


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a learner expects: ``value`` in ``unit``, ``s`` for seconds or a plural noun such as ``nœuds``."""

    value: float
    unit: str = "s"

    @property
    def timed(self) -> bool:
        """Whether it is a length of time, which a chronologie can draw."""
        return self.unit == "s"

    def compared(self, actual: float) -> str:
        """In words, how far ``actual`` (same unit) was from the forecast."""
        found = f"il a fallu {self.told(actual)}" if self.timed else f"il y en a {number(actual, 0)}"
        said = f"Vous aviez prévu {self.told(self.value)}{NBSP}; {found}"
        gap = actual - self.value
        if abs(gap) <= (max(_HALF, _CLOSE * actual) if self.timed else 0):
            return f"{said}. Bien vu{NBSP}!"
        return f"{said}, soit {self.told(abs(gap))} de {'plus' if gap > 0 else 'moins'}."

    def told(self, value: float) -> str:
        if self.timed:
            return duration(value)
        unit = self.unit.removesuffix("s") if abs(value) < 2 else self.unit  # in French, the plural begins at two
        return f"{number(value, 0)}{NBSP}{unit}"


def saved(key: str) -> Forecast | None:
    """The forecast kept under ``key``; None when there is none, or when its file cannot be read."""
    kept = _file(key)
    try:
        return Forecast(**json.loads(kept.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def save(key: str, forecast: Forecast) -> None:
    """Keep ``forecast`` under ``key``, one file a key, whole or not at all."""
    write_atomically(_file(key), json.dumps(asdict(forecast)))


def _file(key: str) -> Path:
    if not _KEY.fullmatch(key):
        raise ValueError(f"not a forecast key: {key!r}")
    return paths.WORK / "previsions" / f"{key}.json"


class Prediction:
    """The widget: a question, a number, a button. ``key`` names the forecast for the launcher that follows."""

    def __init__(self, question: str, *, key: str, unit: str = "s") -> None:
        self._key, self._unit = key, unit
        self.message = toolkit.html(note(""))
        self.field = toolkit.decimal(f"Ma prévision ({unit}){NBSP}:", _MOST, step=0.5 if unit == "s" else 1)
        self.button = toolkit.button("Noter ma prévision", self.keep)
        self.widget = toolkit.column(toolkit.html(_question(question)), toolkit.row(self.field, self.button), self.message)
        if before := saved(key):
            self.field.value = before.value
            self.message.value = note(f"Vous aviez noté {before.told(before.value)}. Vous pouvez changer d’avis.")

    async def keep(self) -> None:
        """Store what the field holds; say so."""
        forecast = Forecast(self.field.value, self._unit)
        try:
            save(self._key, forecast)
        except OSError as error:
            said = f"La prévision n’a pas pu être gardée{NBSP}: {error.strerror}.\nVérifiez la place et les droits du dossier travail."
            self.message.value = note(said, "⚠")
            return
        self.message.value = note(f"C’est noté{NBSP}: {forecast.told(forecast.value)}. Passez à l’exécution.", "✓")


def predict(question: str, *, key: str, unit: str = "s") -> None:
    """Ask the learner for a forecast before a run. ``launcher(..., forecast=key)`` draws it and says how far it was."""
    toolkit.place(still(question, key=key, unit=unit), Prediction(question, key=key, unit=unit).widget)


def still(question: str, *, key: str, unit: str = "s") -> dict[str, Any]:
    """What stands in the notebook where no widget can: the question itself."""
    del key
    ask = f"Exécutez cette cellule (Maj+Entrée) pour noter votre prévision, en {'secondes' if unit == 's' else unit}."
    return {"text/plain": f"{question}\n{ask}", "text/html": f"{_question(question)}<p><em>{escape(ask)}</em></p>"}


def _question(question: str) -> str:
    return f"<p><strong>Prédire.</strong> {escape(question)}</p>"
