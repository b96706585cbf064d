"""The gradebook as sheets: one for people, Moodle's grading worksheet, and what nbgrader reads.

Names and answers come from learners, and a spreadsheet obeys a cell that begins like a formula: such a cell is made a text.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader.copies import texts
from grader.errors import GraderError
from grader.french import figure, typeset

if TYPE_CHECKING:
    from grader.copies.gradebook import Gradebook, Row

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
MOODLE = ("Identifiant", "Nom complet", "Note", "Note maximale", "Dernière modification (note)", "Feedback par commentaires")
_MOODLE_GRADES = {"note", "grade"}
_MOODLE_MAXIMA = {"note maximale", "maximum grade"}
_MOODLE_COMMENTS = {"feedback par commentaires", "feedback comments"}
_MOODLE_NAMES = {"nom complet", "full name"}
_PARTICIPANT = re.compile(r"\D*(\d+)")
NBGRADER = (
    "assignment", "duedate", "timestamp", "student_id", "last_name", "first_name", "email", "raw_score", "late_submission_penalty", "score",
    "max_score",
)  # fmt: skip


def safe(cell: Any) -> Any:
    """The cell as a spreadsheet may have it: a text that would be taken for a formula gets an apostrophe in front."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def people(book: Gradebook, *, decimal_comma: bool) -> str:
    """One line a copy. With ``decimal_comma``, as a French spreadsheet expects it: « 12,5 », and semicolons between cells."""
    names = [exercise.id for exercise in book.exercises]
    lines: list[list[Any]] = [["Copie", "Participant", *names, "Total", "Sur", "État", "Remarques"]]
    lines += [
        [
            row.record.name,
            row.record.participant or "",
            *(row.cells[name].score for name in names),
            row.total,
            row.max,
            str(row.state),
            typeset(" ".join(f"{remark.rstrip('.')}." for remark in row.remarks)),
        ]
        for row in book.rows
    ]
    return _text(lines, decimal_comma=decimal_comma)


def moodle(book: Gradebook, *, out_of: float | None, decimal_comma: bool) -> str:
    """A grading worksheet with the headings of a French Moodle, for the copies that came from Moodle. ``out_of``: the assignment's own maximum."""
    rows = [row for row in book.rows if row.record.participant]
    lines: list[list[Any]] = [[*MOODLE]]
    lines += [
        [f"Participant {row.record.participant}", row.record.name, _scaled(row, out_of), out_of or row.max, "", _comment(row)]
        for row in rows
    ]
    return _text(lines, decimal_comma=decimal_comma, separator=",")


def moodle_filled(book: Gradebook, sheet: Path, *, out_of: float | None, decimal_comma: bool) -> str:
    """Moodle's own worksheet with grades and comments put in; all else stays as it is, whatever its language.

    Raises GraderError when it cannot be read, or is none.
    """
    lines = _read(sheet)
    grade, maximum = _column(lines[0], _MOODLE_GRADES), _column(lines[0], _MOODLE_MAXIMA)
    comment, name = _column(lines[0], _MOODLE_COMMENTS), _column(lines[0], _MOODLE_NAMES)
    if grade is None:
        raise GraderError(
            f"{sheet} n'a pas de colonne « Note ».", "Donnez la feuille d'évaluation téléchargée depuis le devoir, sans la modifier."
        )
    by_participant = {row.record.participant: row for row in book.rows if row.record.participant}
    by_name = {texts.name(row.record.name).casefold(): row for row in book.rows}
    for line in lines[1:]:
        number = _PARTICIPANT.fullmatch(line[0]) if line else None
        row = by_participant.get(number[1]) if number else None
        if row is None and name is not None and len(line) > name:
            row = by_name.get(texts.name(line[name]).casefold())
        if row is None or row.total is None or len(line) <= grade:
            continue
        most = out_of or _figure(line[maximum]) if maximum is not None and len(line) > maximum else out_of
        line[grade] = _decimal(_scaled(row, most), decimal_comma=decimal_comma)
        if comment is not None and len(line) > comment:
            line[comment] = _comment(row)
    return _text(lines, decimal_comma=decimal_comma, separator=",")


def nbgrader_grades(book: Gradebook) -> str:
    """One line a copy and an exercise, in the columns of ``nbgrader export``. What could not be judged has no line."""
    lines: list[Sequence[Any]] = [NBGRADER]
    for exercise in book.exercises:
        for row in book.rows:
            cell = row.cells[exercise.id]
            if cell.score is not None:
                last, first = _names(row)
                lines.append([exercise.id, "", "", row.slug, last, first, "", float(cell.score), 0.0, float(cell.score), float(cell.max)])
    return _text(lines, decimal_comma=False)


def nbgrader_students(book: Gradebook) -> str:
    """What ``nbgrader db student import`` reads."""
    return _text([("id", "last_name", "first_name", "email"), *((row.slug, *_names(row), "") for row in book.rows)], decimal_comma=False)


def _names(row: Row) -> tuple[str, str]:
    """Last name and first name, as « Nom Prénom » is read: the last word is the first name."""
    last, _, first = row.record.name.rpartition(" ")
    return (last, first) if last else (first, "")


def _scaled(row: Row, out_of: float | None) -> float | None:
    if row.total is None or not out_of or not row.max:
        return row.total
    return round(row.total * out_of / row.max, 2)


def _comment(row: Row) -> str:
    told = [f"{name} : {figure(cell.score)}/{figure(cell.max)}" for name, cell in row.cells.items() if cell.score is not None]
    return typeset("\n".join([*told, *row.remarks]))


def _read(sheet: Path) -> list[list[str]]:
    try:
        text, _ = texts.decoded(sheet.read_bytes())
        lines = list(csv.reader(io.StringIO(text, newline="")))
    except (OSError, csv.Error) as error:
        raise GraderError(f"La feuille {sheet} ne peut pas être lue ({error}).", "Vérifiez le chemin donné.") from None
    if not lines:
        raise GraderError(f"La feuille {sheet} est vide.", "Téléchargez-la de nouveau depuis le devoir.")
    return lines


def _column(headings: Sequence[str], known: Iterable[str]) -> int | None:
    return next((place for place, heading in enumerate(headings) if texts.name(heading).casefold() in set(known)), None)


def _figure(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _decimal(value: Any, *, decimal_comma: bool) -> Any:
    """A number as a cell: whole when it is whole."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    text = f"{value:g}" if value != int(value) else str(int(value))
    return text.replace(".", ",") if decimal_comma else text


def _text(lines: Iterable[Sequence[Any]], *, decimal_comma: bool, separator: str | None = None) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator or (";" if decimal_comma else ","), lineterminator="\n")
    for line in lines:
        writer.writerow(["" if cell is None else _cell(cell, decimal_comma=decimal_comma) for cell in line])
    return text.getvalue()


def _cell(cell: Any, *, decimal_comma: bool) -> Any:
    return safe(cell) if isinstance(cell, str) else _decimal(cell, decimal_comma=decimal_comma)
