"""The class page, for the teacher: how the totals are spread, what was hardest, which mistakes come back, which answers look alike."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.answer import ENTRIES
from grader.copies import pages, similarity
from grader.copies.records import Status
from grader.french import counted, figure, points, typeset
from grader.spec import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from grader.copies.gradebook import Gradebook, Row
    from grader.copies.records import Judged
    from grader.spec import Exercise

FILE = "classe.html"
BINS = 10
HARDEST = 12
MOST_MESSAGES = 6
MOST_TEXTS = 3
MOST_LINES = 25  # of an answer that is shown


@dataclass(frozen=True, slots=True)
class Bin:
    """``count`` copies whose total is as ``label`` says; ``percent`` of the fullest bin."""

    label: str
    count: int
    percent: int


@dataclass(frozen=True, slots=True)
class Point:
    """A check, and how many of the ``count`` answers passed it."""

    exercise: str
    title: str
    passed: int
    count: int


@dataclass(frozen=True, slots=True)
class Mistakes:
    """What comes back in an exercise: messages with how many copies had each, and wrong answers that are the same, with their names."""

    exercise: str
    messages: list[tuple[str, int]]
    texts: list[tuple[str, list[str]]]


@dataclass(frozen=True, slots=True)
class AlikeCopies:
    """Copies whose answers look alike; ``percent`` is what they share of what few others write."""

    exercise: str
    rows: list[Row]
    percent: int


def write(book: Gradebook, out: Path) -> Path:
    """Write the class page. Raises OSError."""
    path = out / FILE
    pages.render(
        path,
        "class.html",
        source="",
        book=book,
        counts=typeset(_counts(book)),
        bins=bins(book),
        spread=typeset(_spread(book)),
        hardest=hardest(book),
        mistakes=[found for exercise in book.exercises if (found := mistakes(book, exercise)) is not None],
        alike=[found for exercise in book.exercises for found in alike(book, exercise)],
        shared=shared(book),
    )
    return path


def _counts(book: Gradebook) -> str:
    unjudged = sum(row.total is None for row in book.rows)
    without = sum(not row.record.exercises for row in book.rows)
    told = [f"{counted(len(book.rows), 'copie')}, {counted(len(book.exercises), 'exercice')}, {points(book.max)} en tout."]
    if without:
        told.append(f"Copies sans aucune réponse : {without}.")
    if unjudged:
        told.append(f"Copies sans total, qu'il faut relancer : {unjudged}.")
    return " ".join(told)


def _totals(book: Gradebook) -> list[float]:
    return [row.total for row in book.rows if row.total is not None]


def _spread(book: Gradebook) -> str:
    totals = _totals(book)
    if not totals:
        return ""
    return f"Moyenne : {figure(round(statistics.mean(totals), 2))}. Médiane : {figure(statistics.median(totals))}. Meilleur total : {points(max(totals))}."


def bins(book: Gradebook) -> list[Bin]:
    """The totals in ten equal stretches of what could be had."""
    totals = _totals(book)
    if not totals or not book.max:
        return []
    counts = Counter(min(BINS - 1, int(BINS * total / book.max)) for total in totals)
    fullest = max(counts.values())
    width = book.max / BINS
    labels = [f"de {figure(round(place * width, 2))} à {figure(round((place + 1) * width, 2))}" for place in range(BINS)]
    return [Bin(label, counts[place], round(100 * counts[place] / fullest)) for place, label in enumerate(labels)]


def hardest(book: Gradebook) -> list[Point]:
    """The checks that not all passed, the least passed first."""
    found = []
    for exercise in book.exercises:
        reports = [judged.report for _, judged in _graded(book, exercise)]
        for check in exercise.checks:
            verdicts = [entry.passed for report in reports for entry in report.checks if entry.id == check.id]
            if verdicts and not all(verdicts):
                found.append(Point(exercise.title, check.title, sum(verdicts), len(verdicts)))
    return sorted(found, key=lambda point: (point.passed / point.count, -point.count))[:HARDEST]


def mistakes(book: Gradebook, exercise: Exercise) -> Mistakes | None:
    """What at least two copies did wrong in the same way; None when nothing comes back."""
    wrong = [(row, judged) for row, judged in _graded(book, exercise) if not judged.report.full]
    messages = Counter(
        f"{entry.title} : {entry.message}" for _, judged in wrong for entry in judged.report.checks if not entry.passed and entry.hint
    )
    often = [(message, count) for message, count in messages.most_common(MOST_MESSAGES) if count > 1]
    texts = similarity.most_frequent([(row.record.name, judged.answer) for row, judged in wrong])[:MOST_TEXTS]
    shown = [("\n".join(text.strip().splitlines()[:MOST_LINES]), names) for text, names in texts]
    return Mistakes(exercise.title, often, shown) if often or shown else None


def alike(book: Gradebook, exercise: Exercise) -> Iterator[AlikeCopies]:
    """Copies whose answers look alike; values are too short to."""
    if exercise.kind is Kind.VALUE:
        return
    rows = {row.slug: row for row in book.rows}
    texts = {slug: judged.answer for slug, row in rows.items() if (judged := row.cells[exercise.id].judged) is not None}
    for found in similarity.groups(texts, exercise.start(ENTRIES[exercise.kind])):
        yield AlikeCopies(exercise.title, [rows[slug] for slug in found.members], int(100 * found.share))


def shared(book: Gradebook) -> list[list[str]]:
    """The copies that bear the same learner's id."""
    names: dict[str, list[str]] = defaultdict(list)
    for row in book.rows:
        if row.record.learner:
            names[row.record.learner].append(row.record.name)
    return sorted(found for found in names.values() if len(found) > 1)


def _graded(book: Gradebook, exercise: Exercise) -> Iterator[tuple[Row, Judged]]:
    for row in book.rows:
        judged = row.cells[exercise.id].judged
        if judged is not None and judged.status is Status.GRADED:
            yield row, judged
