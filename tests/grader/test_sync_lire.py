"""What sync-lire holds for true is what its recorded runs say."""

from __future__ import annotations

from collections import Counter

import pytest

from grader import catalog
from labs.timeline import store

EXERCISE = catalog.find("sync-lire")


@pytest.mark.parametrize("table", EXERCISE.drawn["releve"], ids=lambda table: table["jour"])
def test_the_table_of_a_run_is_what_the_run_says(table):
    run = store.read(EXERCISE.folder / f"{table['jour']}.json")
    work, lasted = Counter(), {task.name: task.end - task.start for task in run.tasks}
    for job in run.jobs:
        work[job.host] += job.end - job.start
    assert table["duree"] == pytest.approx(run.controller_end, abs=0.06)
    assert table["tache"] == max(lasted, key=lasted.get)
    assert table["longue"] == max(run.jobs, key=lambda job: job.end - job.start).host
    (busiest, most), (_, second) = work.most_common(2)
    assert table["noeud"] == busiest != table["longue"]
    assert most - second > 0.5, "a reader can tell which is the busiest"
