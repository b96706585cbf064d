"""French words that the grader counts and lists with; typography is labs.typography's."""

from __future__ import annotations

from collections.abc import Iterable

from labs.typography import NBSP, typeset

__all__ = ["NBSP", "counted", "figure", "listing", "points", "times", "typeset"]


def listing(words: Iterable[object]) -> str:
    """« node1, node2 et node3 »."""
    items = [str(word) for word in words]
    return " et ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def times(count: int) -> str:
    """« une fois », « 2 fois »."""
    return "une fois" if count == 1 else f"{count}{NBSP}fois"


def counted(count: int, word: str) -> str:
    """« 1 copie », « 2 copies »."""
    return f"{count}{NBSP}{word}{'s' if count > 1 else ''}"


def figure(value: float) -> str:
    """« 2 », « 2,5 »."""
    return f"{value:g}".replace(".", ",")


def points(value: float) -> str:
    """« 0 point », « 1,5 point », « 2 points »: the plural starts at two."""
    return f"{figure(value)}{NBSP}point{'s' if value >= 2 else ''}"
