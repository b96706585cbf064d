"""Names and texts that come from other machines: one spelling for each name, no character that a file system or a terminal would stumble on."""

from __future__ import annotations

import re
import unicodedata

from labs.typography import one_line

MOST_LETTERS = 80  # of a name that becomes a file's
_ODD = re.compile(r"[^\w .@+-]+")
_BOMS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))


def name(text: str) -> str:
    """A name in composed form (NFC), without what is not printed, in one line."""
    composed = unicodedata.normalize("NFC", text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    return one_line(composed)


def slug(text: str) -> str:
    """A name that any file system takes: never empty, never hidden, never a path."""
    return _ODD.sub("_", name(text))[:MOST_LETTERS].strip(" .") or "copie"


def clean(text: str) -> str:
    """The same text without the halves of characters that JSON may hold, and UTF-8 may not."""
    return text.encode("utf-8", "replace").decode("utf-8")


def decoded(content: bytes) -> tuple[str, str]:
    """The text of a file, and the encoding that it was in when that was not UTF-8, else ``""``. Every content has a text."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            text = content.decode(encoding, "replace")
            return text, "" if encoding == "utf-8-sig" else "UTF-16"
    try:
        return content.decode("utf-8"), ""
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace"), "Windows-1252"
