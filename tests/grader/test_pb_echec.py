"""The checks of pb-echec where a job ends on its very limit: its file says that it ended, and a second later that it was stopped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader import catalog, judge, kept, proof
from grader.checks import NodeFile
from labs.timeline.model import State

EXERCISE = catalog.find("pb-echec")
FATES = {"node1": (State.SUCCEEDED, 0, "reussi"), "node2": (State.FAILED, EXERCISE.parameters["code"], "echec")}


def judged(host, word, seconds):
    """The points of the solution's kept run, had the job of ``host`` lasted so long, and its answer written this word."""
    case = proof.cases(EXERCISE)[0]
    with proof._answer(case) as folder:
        observed = kept.load(case, folder)
    (run,) = observed.runs
    state, rc, _ = FATES[host]
    jobs = tuple(
        replace(job, state=state, rc=rc, end=job.launched + seconds) if job.host == host and job.launched is not None else job
        for job in run.recorded.jobs
    )
    file = NodeFile(f"{word}\n", run.files[host]["/tmp/bilan"].modified)
    run = replace(run, recorded=replace(run.recorded, jobs=jobs), files=run.files | {host: {"/tmp/bilan": file}})
    reports = judge.judge(EXERCISE, replace(observed, runs=(run,)))
    return {report.id: report.passed for report in reports}["reussi" if host == "node1" else "echec"]


@pytest.mark.parametrize("host", FATES)
def test_either_word_is_right_of_a_job_that_ended_on_its_limit(host):
    *_, word = FATES[host]
    assert judged(host, word, 4.9)
    assert judged(host, "delai", 4.9)
    assert not judged(host, "reussi" if word == "echec" else "echec", 4.9)


@pytest.mark.parametrize("host", FATES)
def test_only_one_is_of_a_job_that_ended_before(host):
    *_, word = FATES[host]
    assert judged(host, word, 2.4)
    assert not judged(host, "delai", 2.4)
