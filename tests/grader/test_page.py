"""The HTML of a report: told by words as well as by glyph and colour, and deaf to what an answer puts into it."""

from __future__ import annotations

from grader import page
from grader.report import CheckReport, Report


def entry(**fields):
    return CheckReport(**{"id": "x", "title": "Un point", "passed": True, "points": 1, "max": 1, "message": "Vu."} | fields)


def test_each_check_says_its_state_in_words():
    report = Report(
        exercise="e",
        score=1,
        max=2.5,
        checks=(entry(), entry(id="y", passed=False, points=0, max=1.5, message="node1\u00a0: non\nnode2\u00a0: `oui`")),
        status="graded",
        message="1 point sur 2,5.",
    )
    html = page.report(report)
    assert "(acquis, 1/1)" in html
    assert "(à revoir, 0/1,5)" in html
    assert "node1\u00a0: non<br>node2\u00a0: <code>oui</code>" in html
    assert html.count("<li") == 2


def test_html_in_a_message_is_shown_and_not_obeyed():
    report = Report(exercise="e", score=0, max=1, checks=(entry(message="<script>alert(1)</script>"),), status="graded", message="<b>x</b>")
    html = page.report(report)
    assert "<script>" not in html
    assert "<b>" not in html


def test_hints_say_how_many_there_are():
    html = page.hints("Un point", ("Cherchez.", "```yaml\nasync: 30\n```"), 3)
    assert "Indice 1 sur 3" in html
    assert "Indice 2 sur 3" in html
    assert "async: 30" in html
    assert 'role="status"' in html


def test_the_statement_is_rendered(sync_coupure):
    html = page.statement(sync_coupure)
    assert "<code>/bin/sleep 8</code>" in html
    assert "Survivre à une coupure" in html
    assert "(10\u00a0points)" in html
