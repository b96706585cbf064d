"""French as it is printed: texts are typed with plain spaces and apostrophes, and get the right ones once, when they go out."""

from __future__ import annotations

import re
from collections.abc import Iterable

NBSP = "\u00a0"
THIN = "\u202f"

_CODE = re.compile(r"(```.*?```|`[^`]*`)", re.DOTALL)
_HIGH = re.compile(r"(?<!\s) (?=[;?!](?:\s|$|[)*_]))")
_COLON = re.compile(r"(?<!\s) (?=:(?:\s|$|[)*_]))")
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w|$)")
_UNIT = re.compile(r"(?<=\d) (?=(?:s|ms|min|Mo|ko|octets?|points?|fois|secondes?)\b)")


def typeset(text: str) -> str:
    """The same text with French non-breaking spaces and apostrophes; what stands between backquotes is code, and is left alone."""
    parts = _CODE.split(text)
    return "".join(part if part.startswith("`") else _prose(part) for part in parts)


def _prose(text: str) -> str:
    text = _APOSTROPHE.sub("’", text)
    text = _HIGH.sub(THIN, text)
    text = _COLON.sub(NBSP, text)
    text = text.replace("« ", f"«{NBSP}").replace(" »", f"{NBSP}»")
    return _UNIT.sub(NBSP, text)


def listing(words: Iterable[object]) -> str:
    """« node1, node2 et node3 »."""
    items = [str(word) for word in words]
    return " et ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def times(count: int) -> str:
    """« une fois », « 2 fois »."""
    return "une fois" if count == 1 else f"{count}{NBSP}fois"


def figure(value: float) -> str:
    """« 2 », « 2,5 »."""
    return f"{value:g}".replace(".", ",")


def points(value: float) -> str:
    """« 0 point », « 1,5 point », « 2 points »: the plural starts at two."""
    return f"{figure(value)}{NBSP}point{'s' if value >= 2 else ''}"
