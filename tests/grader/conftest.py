"""What the grader's tests share."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from handmade import NODES, VALUE, Story, background, job, module, write_exercise

from grader import catalog
from grader.checks import NodeFile
from labs.timeline.model import Block, BlockKind, Outcome, Timeline


@pytest.fixture
def exercises(tmp_path):
    """A folder of exercises that holds one, of values."""
    write_exercise(tmp_path / "exercises", VALUE)
    return tmp_path / "exercises"


@pytest.fixture
def value_exercise(exercises):
    return catalog.find("deux-nombres", exercises)


@pytest.fixture(scope="session")
def sync_coupure():
    return catalog.find("sync-coupure")


@pytest.fixture
def story():
    blocks = tuple(Block(host, "t1", BlockKind.POLLED, 0.5, 10.5, Outcome.OK) for host in NODES)
    timeline = Timeline(
        title="essai",
        started=datetime(2026, 1, 1, tzinfo=UTC),
        hosts=NODES,
        end=11.0,
        controller_end=11.0,
        status="successful",
        blocks=blocks,
        jobs=tuple(job(host) for host in NODES),
    )
    processes = [process for host in NODES for process in (*background(host), module(host, 9.8, 10.1))]
    return Story(timeline, processes, {host: {"/tmp/termine": NodeFile("fini\n", 9.05)} for host in NODES})
