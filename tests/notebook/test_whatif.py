"""« Et si… ? »: sliders moved through Python, what is drawn and said, a real run before the simulation."""

import asyncio
import time
from html import unescape

import pytest
from timeline import samples

from labs import calibration
from labs.errors import LabError
from labs.lab import Lab
from labs.notebook import scenarios
from labs.notebook.whatif import Chart, WhatIf, compared, still
from labs.timeline import metrics
from labs.timeline.simulate import Overheads

NBSP = "\u00a0"
NOWHERE = Lab("jamais-cree")


def what_if(scenario, **values):
    return WhatIf(scenario, values, lab=NOWHERE)


def heard(widget):
    """What a page would be told from now on."""
    told = []
    widget.send = lambda message, *_: told.append(message)
    return told


@pytest.mark.parametrize(("d", "interval", "late"), [(8, 5, 2), (5, 5, 0), (1, 15, 14), (7, 2, 1)])
def test_the_detection_delay_is_said_and_computed(d, interval, late):
    assert scenarios.detection_delay(d, interval) == late
    panel = what_if("sondage", d=d, P=interval)
    assert f"−{NBSP}{d}{NBSP}={NBSP}{late}{NBSP}s" in panel.words.value
    assert 'role="status"' in panel.words.value


def test_the_chart_and_the_words_follow_the_sliders():
    panel = what_if("sondage", d=8, P=2)
    told = heard(panel.chart)
    before, table = panel.words.value, panel.data.table
    panel.sliders.values = {"d": 8, "P": 7}
    (change,) = told
    assert change["type"] == "change"
    assert change["items"]
    assert change["head"]["running"] is False
    assert change["head"]["title"] == f"sleep 8, sondé toutes les 7{NBSP}s"
    assert panel.words.value != before
    assert panel.data.table != table
    assert "-P 7 -a" in unescape(panel.command.value)


@pytest.mark.parametrize("name", scenarios.SCENARIOS)
def test_every_scenario_can_be_moved_to_its_bounds(name):
    panel = what_if(name)
    sliders = panel._scenario.sliders
    for bound in ("least", "most"):
        panel.sliders.values = {key: getattr(slider, bound) for key, slider in sliders.items()}
        assert panel.simulated().status == "successful"
        assert "{" not in panel.words.value
    options = panel.sliders.options
    assert all(option["label"] and option["least"] < option["most"] for option in options)


@pytest.mark.parametrize("name", scenarios.SCENARIOS)
def test_a_move_is_redrawn_in_less_than_fifty_milliseconds(name):
    panel = what_if(name)
    heard(panel.chart)
    values, times = panel.values, []
    first = next(iter(values))
    for step in range(20):
        started = time.perf_counter()
        panel.sliders.values = {**values, first: 1 + step % 4}
        times.append(time.perf_counter() - started)
    assert sorted(times)[len(times) // 2] < 0.05


def test_a_page_that_comes_late_gets_the_whole_chart():
    panel = what_if("lots")
    told = heard(panel.chart)
    panel.chart._receive(panel.chart, {"type": "hello"}, [])
    (full,) = told
    assert full["type"] == "full"
    assert full["items"]


def test_a_chart_with_nothing_to_show_says_nothing():
    chart = Chart()
    told = heard(chart)
    chart._receive(chart, {"type": "hello"}, [])
    assert told == []


def test_a_recorded_run_is_drawn_before_the_simulation():
    real = samples.polled()
    panel = WhatIf("sondage", {"d": 5, "P": 2}, real=real, lab=NOWHERE)
    told = heard(panel.chart)
    panel.chart._receive(panel.chart, {"type": "hello"}, [])
    kinds = {item["kind"] for item in told[0]["items"]}
    assert {"job", "ghost-job"} <= kinds
    assert told[0]["head"]["forecast"] == pytest.approx(metrics.makespan(panel.simulated()))
    assert compared(panel.simulated(), real) in panel.words.value
    asyncio.run(panel.forget())
    assert panel.forget_button.disabled
    assert "ghost-job" not in {item["kind"] for item in panel.chart._frames.full()["items"]}


def test_what_does_not_exist_is_told():
    with pytest.raises(LabError, match="sondage, lots"):
        what_if("sondages")
    with pytest.raises(LabError, match="Ses réglages"):
        what_if("sondage", n=2)
    with pytest.raises(LabError, match="va de 1 à"):
        what_if("sondage", d=0)


def test_without_a_lab_the_buttons_say_so_and_the_sliders_go_on():
    panel = what_if("sondage")
    asyncio.run(panel.run())
    assert "labs up" in panel.message.value
    assert "Traceback" not in panel.message.value
    asyncio.run(panel.calibrate())
    assert "Traceback" not in panel.message.value
    assert not panel.sliders.busy
    assert not panel.run_button.disabled
    assert panel.stage.children == (panel.chart,)


def test_overheads_measured_on_the_lab_are_used(tmp_path, monkeypatch):
    monkeypatch.setattr(NOWHERE, "directory", tmp_path)
    usual = metrics.makespan(what_if("sondage", d=4, P=4).simulated())
    (tmp_path / calibration.FILE).write_text(Overheads(status=3.0).dumps())
    assert metrics.makespan(what_if("sondage", d=4, P=4).simulated()) > usual + 2
    (tmp_path / calibration.FILE).write_text("rien")
    assert metrics.makespan(what_if("sondage", d=4, P=4).simulated()) == usual


def test_what_stays_where_there_is_no_widget():
    bundle = still("sondage", d=8, P=5)
    assert "Délai de détection" in bundle["text/plain"]
    assert 'src="data:image/png;base64,' in bundle["text/html"]
    assert "Voir les données" in bundle["text/html"]
    assert "alt=" in bundle["text/html"]
    assert bundle == still("sondage", d=8, P=5), "same source, same notebook"


@pytest.mark.lab
def test_a_real_run_takes_its_place_before_the_simulation(lab):
    panel = WhatIf("sondage", {"d": 2, "P": 1}, lab=lab)
    asyncio.run(panel.run())
    assert panel.real is not None
    assert {job.label for job in panel.real.jobs} == {"sleep 2"}
    assert "Terminé" in panel.message.value
    assert "L’exécution réelle a pris" in panel.words.value
    assert "ghost-job" in {item["kind"] for item in panel.chart._frames.full()["items"]}
    assert not panel.forget_button.disabled
