"""Puts grades.csv into a gradebook of nbgrader. Needs nbgrader, and nothing else: it is copied beside the grades.

    python importer.py grades.csv gradebook.db

Each exercise becomes an assignment of one notebook with one cell to grade. Doing it again replaces the grades.
"""

import csv
import sys

CELL = "note"


def main(grades: str, database: str) -> None:
    from nbgrader.api import Gradebook, MissingEntry  # type: ignore[import-not-found]  # its own environment has it

    with open(grades, encoding="utf-8", newline="") as file, Gradebook(f"sqlite:///{database}") as book:  # noqa: PTH123 - it stands alone
        for line in csv.DictReader(file):
            name, student = line["assignment"], line["student_id"]
            book.update_or_create_assignment(name)
            book.update_or_create_notebook(name, name)
            book.update_or_create_grade_cell(CELL, name, name, max_score=float(line["max_score"]), cell_type="code")
            try:
                book.find_student(student)
            except MissingEntry:
                book.add_student(student, first_name=line["first_name"], last_name=line["last_name"])
            with book.db.no_autoflush:  # nbgrader makes a submission piece by piece
                book.update_or_create_submission(name, student)
            grade = book.find_grade(CELL, name, name, student)
            grade.manual_score, grade.needs_manual_grade = float(line["score"]), False
            book.db.commit()


if __name__ == "__main__":
    main(*sys.argv[1:])
