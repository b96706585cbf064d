"""The learner's answer as it is being written: kept in ``travail/``, and never lost to anything that the kit does."""

from __future__ import annotations

import itertools
from pathlib import Path

from labs.inventory import write_atomically


class Draft:
    """The entry file of an answer, shared by the exercise widget and by whatever other editor the learner likes."""

    def __init__(self, entry: Path, start: str) -> None:
        """``start``: what the learner begins with, when nothing is kept yet."""
        self.entry = entry
        self._known = self._read()  # what the file held when it was last read or written here
        self.text = start if self._known is None else self._known

    def save(self, text: str) -> None:
        """Write the answer. A version that another editor has written meanwhile is set aside first. Raises OSError."""
        there = self._read()
        if there is not None and there not in {self._known, text}:
            write_atomically(self._spare(), there)
        if there != text:
            write_atomically(self.entry, text)
        self._known = self.text = text

    def refresh(self) -> bool:
        """Take what another editor has written, unless the answer was changed here as well; whether the text is another now."""
        there = self._read()
        if there is None or there == self._known:
            return False
        self._known = self.text = there
        return True

    def _read(self) -> str | None:
        try:
            content = self.entry.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            return content.decode()
        except UnicodeDecodeError:
            return content.decode("latin-1")  # every byte is a character there: nothing is lost

    def _spare(self) -> Path:
        names = (self.entry.with_name(f"{self.entry.stem}-autre-{number}{self.entry.suffix}") for number in itertools.count(1))
        return next(name for name in names if not name.exists())
