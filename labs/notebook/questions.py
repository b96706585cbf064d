"""The mini-quiz at a lesson's end: each choice opens its own explanation. Nothing is graded, nothing is stored.

It is plain HTML (``<details>``), on purpose: keyboard and screen readers know it, it needs no kernel, and it reads the same
in a saved notebook, on a forge and in print.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import yaml

from labs import paths
from labs.notebook import toolkit


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that may be given, and what to say to who gives it."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A question and its choices; at least one is right."""

    text: str
    choices: tuple[Choice, ...]


def load(name: str) -> list[Question]:
    """The questions of ``notebooks/quiz/<name>.yml``."""
    entries = yaml.safe_load((paths.NOTEBOOKS / "quiz" / f"{name}.yml").read_text(encoding="utf-8"))
    return [Question(entry["question"], tuple(Choice(**choice) for choice in entry["choix"])) for entry in entries]


def quiz(name: str) -> None:
    """Show the mini-quiz ``name``."""
    toolkit.place(still(name))


def still(name: str) -> dict[str, Any]:
    """The quiz as HTML, and as text with the right choices ticked."""
    questions = load(name)
    return {
        "text/plain": "\n\n".join(_as_text(place, question) for place, question in enumerate(questions, 1)),
        "text/html": "".join(_as_html(place, question) for place, question in enumerate(questions, 1)),
    }


def _as_html(place: int, question: Question) -> str:
    choices = "".join(
        f'<details style="margin:4px 0 4px 12px"><summary style="cursor:pointer">{escape(choice.text)}</summary>'
        f'<p style="margin:4px 0 8px 18px"><strong>{"✓ Oui." if choice.right else "✕ Non."}</strong> {escape(choice.why)}</p></details>'
        for choice in question.choices
    )
    heading = f"<p><strong>{place}. {escape(question.text)}</strong></p>"
    return f'<section aria-label="Question {place}" style="margin:0 0 16px">{heading}{choices}</section>'


def _as_text(place: int, question: Question) -> str:
    return "\n".join([f"{place}. {question.text}", *(f"  [{'x' if c.right else ' '}] {c.text} {c.why}" for c in question.choices)])
