"""The one exception that the lab raises for what a user can cause or meet."""

from __future__ import annotations


class LabError(Exception):
    """A failure told to a learner or a teacher.

    ``message`` says in one French sentence what is wrong; ``remedy`` says what to do. Neither is a traceback.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.message = message
        self.remedy = remedy
