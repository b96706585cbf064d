"""A machine that is too slow gives no mark, and takes none from who has them all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader import judge, run, slowness
from grader.report import CheckReport
from grader.slowness import SLOWEST
from labs.errors import LabError
from labs.timeline.model import Poll


def look(seconds):
    return Poll("node1", "j1.7", 9.0, False, 3.0, 3.0 + seconds)


def test_the_usual_look_counts_and_one_that_no_node_has_shown_does_not():
    assert slowness.typical_look([look(0.25), look(0.5), look(9), Poll("node1", "j1.7", 9.0, True)]) == 0.5
    assert slowness.typical_look([]) == 0


def test_too_slow_is_said_in_a_sentence():
    with pytest.raises(LabError, match=r"trop chargée : un simple sondage y durait 2,1 s.*Rien n'a été noté"):
        slowness.refuse([look(2.1)] * 3)
    slowness.refuse([look(SLOWEST)] * 3)


@pytest.mark.parametrize(("points", "outcome"), [(10, ("graded", 10)), (7, ("error", None))])
def test_what_is_full_stays_full_and_what_is_not_gets_no_mark(sync_coupure, story, monkeypatch, points, outcome):
    story.timeline = replace(story.timeline, polls=(look(2 * SLOWEST),) * 9)
    verdict = CheckReport(id="fin", title="La fin", passed=points == 10, points=points, max=10, message="")
    monkeypatch.setattr(run, "_observe_fairly", lambda _: story.observed)
    monkeypatch.setattr(judge, "judge", lambda *_: (verdict,))
    report = run.grade(sync_coupure, sync_coupure.folder / "solution").report
    assert (report.status, report.score) == outcome
