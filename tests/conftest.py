"""What tests share: real labs, each made for the tests, named for them, and removed by name; and which tests go side by side."""

from __future__ import annotations

import os
import shutil
import signal

import pytest
from hypothesis import settings as hypothesis_settings

from labs.engines import settings
from labs.errors import LabError
from labs.lab import Lab

# What was started in the background of a script ignores Ctrl+C, and so would all that it starts: programs that tests interrupt must not.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine must not fail a property: how long an example takes is no part of it.
hypothesis_settings.register_profile("patient", hypothesis_settings.default, deadline=None)
hypothesis_settings.load_profile("patient")


# One half of the suite brings labs of its own, or none: it grades, and what it grades must not depend on how busy the machine is.
OWN_LABS = (
    "tests/course/test_playbooks.py", "tests/french/", "tests/grader/", "tests/hostile/", "tests/jobs/", "tests/notebook/", "tests/recording/",
    "tests/site/", "tests/timeline/",
)  # fmt: skip
# The facts of the course hang on seconds of real jobs, and a calibration on their costs: they come last in the other half, which is the longer
# one, and have the machine alone.
ALONE = ("tests/course/test_facts", "tests/recording/test_calibration.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Of the whole suite, two halves side by side: each waits half of the time, for nodes and for pages."""
    if config.getoption("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Halves(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return "labs of one's own" if nodeid.startswith(OWN_LABS) and not nodeid.startswith(ALONE) else "the course's lab"

    return Halves(config, log)


def _engine_missing() -> str:
    try:
        engine = settings.choose()
        engine.version()
    except LabError as error:
        return str(error)
    return "" if engine.isolated else "aucun moteur de conteneurs n'est utilisable ici (labs doctor)"


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.nodeid.startswith(ALONE))
    _skip_without_containers(items)


def _skip_without_containers(items):
    """Tests that need containers are skipped, with the engine's own reason, where there are none; never in CI."""
    needing = [item for item in items if item.get_closest_marker("lab") or item.get_closest_marker("browser")]
    if not needing or os.environ.get("CI"):
        return
    if reason := _engine_missing():
        for item in needing:
            item.add_marker(pytest.mark.skip(reason=reason))


COURSE = {  # what is reported of the whole course: its reports, by the test and the phase that plays it
    "d’un bout à l’autre": ("test_a_lesson_runs_from_top_to_bottom", "call"),
    "avec toutes ses réponses": ("test_a_lesson_with_its_solutions_gets_all_the_points", "setup"),
}


def pytest_terminal_summary(terminalreporter):
    """How long the course takes a machine."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("")]  # calls, then what comes before and after them
    for how, (test, phase) in COURSE.items():
        played = [report for report in reports if f"::{test}[" in report.nodeid and report.when == phase]
        if played:
            seconds = sum(report.duration for report in played)
            terminalreporter.write_line(f"Le cours {how} : {seconds:.0f} s ({len(played)} leçons)")


@pytest.fixture(scope="session")
def lab():
    """Three nodes for the whole session. A test that harms them puts them right (``lab.reset()``)."""
    lab = Lab(f"tests-{os.getpid()}")
    with lab.for_now(3):
        yield lab


@pytest.fixture
def fresh_lab(lab):
    """The same nodes, new for this test."""
    lab.reset()
    return lab


@pytest.fixture
def own_state(tmp_path, monkeypatch):
    """A state folder of the test's own, for the programs that it starts; what this machine knows of its engines is known there too."""
    state = tmp_path / "labs"
    state.mkdir()
    for known in settings.STATE.glob("engine-*.json"):
        shutil.copy(known, state)
    monkeypatch.setenv("CONTREPOINT_STATE", str(state))
    return state
