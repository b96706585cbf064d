# mypy: disable-error-code="no-untyped-call, misc"
# (ipywidgets has no types)
"""Where an answer is written in the exercise widget: a field of text, or one control for each value that is asked for.

Both are widgets whose ``value`` is the text of the answer's file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets
from ipywidgets.widgets.widget_box import VBox
from ipywidgets.widgets.widget_selection import Dropdown
from ipywidgets.widgets.widget_string import Text, Textarea

from grader import fields
from grader.french import NBSP, figure, typeset
from labs import yaml_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from grader.spec import Exercise, ValueField

_ROWS = 16
_LABELLED = {"style": {"description_width": "initial"}, "layout": {"width": "min(480px, calc(100% - 4px))"}}
_CHOOSE = ("Choisissez…", "")  # what a list shows as long as nothing is chosen


def form(exercise: Exercise, name: str, text: str) -> Textarea | FieldsForm:
    """The place to write an answer whose file is called ``name``, holding ``text``."""
    if exercise.fields:
        return FieldsForm(exercise.fields, text)
    return Textarea(
        value=text,
        description=f"Votre réponse ({name})",
        rows=_ROWS,
        style={"description_width": "initial"},
        layout={"width": "calc(100% - 4px)", "flex_flow": "column"},
    )


class FieldsForm(VBox):
    """One labelled control a value. Numbers are typed as text: an empty field is no zero, and « 12,5 » is a number in French."""

    value = traitlets.Unicode()

    def __init__(self, asked: Mapping[str, ValueField], text: str) -> None:
        self._asked = asked
        self.controls = {name: _control(field) for name, field in asked.items()}
        self._filling = False
        super().__init__(tuple(self.controls.values()))
        for control in self.controls.values():
            control.observe(lambda _: self._take(), "value")
        self.observe(lambda change: self._fill(change.new), "value")
        self.value = text

    def _take(self) -> None:
        """A control has changed: the answer is written anew."""
        if not self._filling:
            entered = {name: fields.entered(control.value, self._asked[name]) for name, control in self.controls.items()}
            self._filling = True
            self.value = fields.written(entered)
            self._filling = False

    def _fill(self, text: str) -> None:
        """The answer was written elsewhere: the controls show what it says, as far as it can be read."""
        if self._filling:
            return
        self._filling = True
        values = _read(text)
        for name, control in self.controls.items():
            shown = _shown(values.get(name))
            control.value = shown if self._asked[name].type != fields.CHOICE or shown in self._asked[name].choices else ""
        self._filling = False


def _control(field: ValueField) -> Text | Dropdown:
    label = typeset(f"{field.label} ({field.unit})" if field.unit else field.label) + f"{NBSP}:"
    if field.type == fields.CHOICE:
        return Dropdown(options=[_CHOOSE, *((choice, choice) for choice in field.choices)], value="", description=label, **_LABELLED)
    placeholder = f"un nombre, comme{NBSP}12,5" if field.type == fields.NUMBER else ""
    return Text(description=label, placeholder=placeholder, **_LABELLED)


def _read(text: str) -> Mapping[str, Any]:
    try:
        data = yaml_text.parse(text, "")
    except yaml_text.YamlError:
        return {}
    return data if isinstance(data, dict) else {}


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return figure(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
