"""Text as it is shown: French gets its spaces and apostrophes once, when it goes out, and what others have written stays in its line."""

from __future__ import annotations

import re

NBSP = "\u00a0"

_CODE = re.compile(r"(```.*?```|`[^`]*`)", re.DOTALL)
_SIGN = re.compile(r"(?<!\s) (?=[;:?!](?:\s|$|[)*_»]))")
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w|$)")
_UNIT = re.compile(r"(?<=\d) (?=(?:s|ms|min|h|Mo|ko|octets?|points?|fois|secondes?|minutes?)\b)")


def typeset(text: str) -> str:
    """The same text with French non-breaking spaces and apostrophes; what stands between backquotes is code, and is left alone."""
    parts = _CODE.split(text)
    return "".join(part if part.startswith("`") else _prose(part) for part in parts)


def _prose(text: str) -> str:
    text = _SIGN.sub(NBSP, _APOSTROPHE.sub("’", text))
    text = text.replace("« ", f"«{NBSP}").replace(" »", f"{NBSP}»")
    return _UNIT.sub(NBSP, text)


def one_line(text: str) -> str:
    """A name or a command of somebody else's, in one line and without what is not printed: it neither breaks a picture nor commands a terminal."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
