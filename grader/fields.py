"""The values that an exercise asks for by name: read out of an answer with their types, and written as one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import yaml

from grader.errors import AnswerError
from grader.french import listing

if TYPE_CHECKING:
    from grader.spec import ValueField

NUMBER, TEXT, CHOICE = "number", "text", "choice"


def typed(data: Mapping[str, Any], fields: Mapping[str, ValueField]) -> dict[str, Any]:
    """The values that were asked for, each of its type: a number for ``number``, a text for the others.

    Raises AnswerError for what is missing, mistyped or not asked for.
    """
    unknown = [f"« {name} »" for name in data if name not in fields]
    if unknown:
        raise AnswerError(f"La réponse donne {listing(unknown)}, que l'exercice ne demande pas.", f"Noms attendus : {', '.join(fields)}.")
    missing = [f"« {field.label} » ({name})" for name, field in fields.items() if _absent(data.get(name))]
    if missing:
        raise AnswerError(f"Il manque à la réponse {listing(missing)}.", "Donnez une valeur pour chacun, puis vérifiez.")
    return {name: _READERS[field.type](data[name], field) for name, field in fields.items()}


def written(values: Mapping[str, Any]) -> str:
    """The same as the text of an answer, in the order given; what has no value is left out."""
    kept = {name: value for name, value in values.items() if not _absent(value)}
    return yaml.safe_dump(kept, allow_unicode=True, sort_keys=False) if kept else ""


def entered(text: str, field: ValueField) -> Any:
    """What was typed in the control of a field: a number where one is asked for and can be read, else the text as it is."""
    if field.type != NUMBER or _absent(text):
        return text
    try:
        value = _number(text, field)
    except AnswerError:
        return text
    return int(value) if value == int(value) else value


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _number(value: Any, field: ValueField) -> int | float:
    """A number as YAML reads it, or as a French hand writes it: « 12,5 », « 12,5 s »."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    text = str(value).strip().removesuffix(field.unit).strip().replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise AnswerError(f"« {field.label} » : un nombre est attendu, et la réponse dit « {value} ».", "Écrivez par exemple 12,5.")
    return number


def _text(value: Any, field: ValueField) -> str:
    if isinstance(value, Mapping | list):
        raise AnswerError(f"« {field.label} » : un texte est attendu, et non une liste ou une table.", "Écrivez une seule valeur.")
    return str(value).strip()


def _choice(value: Any, field: ValueField) -> str:
    text = _text(value, field)
    if text not in field.choices:
        raise AnswerError(f"« {field.label} » : « {text} » ne fait pas partie des choix.", f"Choix : {', '.join(field.choices)}.")
    return text


_READERS = {NUMBER: _number, TEXT: _text, CHOICE: _choice}
