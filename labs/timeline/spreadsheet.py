"""The jobs of a Timeline as CSV, for a spreadsheet or a program: seconds from the run's start, to the millisecond."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

from labs.errors import LabError
from labs.timeline import metrics, words
from labs.timeline.model import Job, Timeline

HEADINGS = (
    "Nœud", "Job", "Mode", "Module", "Lancé (s)", "Débuté (s)", "Fini (s)", "Détecté (s)", "Délai de détection (s)", "Sondages", "État",
    "Code de retour", "Identifiant",
)  # fmt: skip


def text(timeline: Timeline, *, decimal_comma: bool = False) -> str:
    """One line a job under ``HEADINGS``; empty where nothing is known.

    With ``decimal_comma``, numbers and separators are those that spreadsheets in French expect: « 1,25 » and « ; ».
    """
    made = io.StringIO(newline="")
    writer = csv.writer(made, delimiter=";" if decimal_comma else ",", lineterminator="\n")
    writer.writerow(HEADINGS)
    looks = Counter(poll.job for poll in timeline.polls)
    for host in timeline.hosts:
        writer.writerows(_line(job, looks[job.id], "," if decimal_comma else ".") for job in timeline.on(host))
    return made.getvalue()


def save(timeline: Timeline, path: Path, *, decimal_comma: bool = False) -> None:
    """Write the table to a file. Raises LabError when it cannot be written."""
    # Spreadsheets take UTF-8 for such only behind a byte-order mark; programs do without.
    encoding = "utf-8-sig" if decimal_comma else "utf-8"
    try:
        path.write_text(text(timeline, decimal_comma=decimal_comma), encoding=encoding, newline="")
    except OSError as error:
        raise LabError(f"Impossible d’écrire {path} : {error.strerror}.", "Vérifiez le dossier, les droits et la place libre.") from error


def _line(job: Job, looks: int, mark: str) -> tuple[str, ...]:
    moments = (job.launched, job.start, job.end, job.detected, metrics.detection_delay(job))
    return (
        job.host,
        _literal(job.label),
        words.MODES[job.mode],
        job.module,
        *("" if moment is None else f"{moment:.3f}".replace(".", mark) for moment in moments),
        str(looks),
        words.STATES[job.state],
        "" if job.rc is None else str(job.rc),
        job.id,
    )


def _literal(label: str) -> str:
    """A label that a spreadsheet would run as a formula, told to be text."""
    return f"'{label}" if label.startswith(("=", "+", "-", "@", "\t", "\r")) else label
