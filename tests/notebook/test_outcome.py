"""What is said of runs that really were: those that the lessons show recorded."""

from dataclasses import replace

from labs.notebook import outcome, recordings
from labs.notebook.prediction import Forecast
from labs.timeline.model import Poll


def test_a_cut_kills_a_synchronous_job():
    (said,) = outcome.sentences(recordings.load("01-coupure-synchrone"))
    assert said.startswith("node2\u00a0: UNREACHABLE à ")
    assert "«\u00a0sleep 8\u00a0» est mort avec sa connexion" in said


def test_a_cut_spares_an_asynchronous_job():
    (said,) = outcome.sentences(recordings.load("01-coupure-asynchrone"))
    assert said.startswith("node2\u00a0: lien coupé à ")
    assert said.endswith("«\u00a0sleep 8\u00a0» est allé au bout.")


def test_a_forecast_of_time_is_compared_with_the_makespan():
    timeline = recordings.load("01-synchrone")
    (said,) = outcome.sentences(timeline, Forecast(60))
    assert said.startswith("Vous aviez prévu 1\u00a0min")
    assert outcome.sentences(replace(timeline, status="canceled"), Forecast(60)) == []
    assert outcome.sentences(timeline, Forecast(3, "nœuds")) == []


def test_a_forecast_of_polls_is_compared_with_those_of_a_node():
    timeline = recordings.load("00-chronologie")
    polls = [
        Poll(host, "", 3.0 * place, finished=False) for host, count in zip(timeline.hosts, (2, 2, 2), strict=True) for place in range(count)
    ]
    timeline = replace(timeline, polls=tuple(polls))
    assert outcome.sentences(timeline, Forecast(3, "sondages")) == [
        "Vous aviez prévu 3\u00a0sondages\u00a0; il y en a 2, soit 1\u00a0sondage de moins."
    ]
    (said,) = outcome.sentences(replace(timeline, polls=tuple(polls[1:])), Forecast(2, "sondages"))
    assert said == "Vous aviez prévu 2\u00a0sondages\u00a0; il y en a 2. Bien vu\u00a0! Selon les nœuds\u00a0: de 1 à 2."


def test_a_node_lost_without_a_cut_wants_a_look():
    timeline = recordings.load("01-coupure-synchrone")
    assert outcome.silent(timeline) == ()
    assert outcome.silent(replace(timeline, faults=())) == ("node2",)


def test_a_witness_is_found_where_it_is():
    some = {"node1": True, "node2": False, "node3": True}
    assert outcome.witnesses("/tmp/rapport", some) == ["/tmp/rapport\u00a0: écrit sur node1 et node3, absent de node2."]
    assert outcome.witnesses("/tmp/rapport", dict.fromkeys(some, False)) == ["/tmp/rapport\u00a0: absent de tous les nœuds."]
    assert outcome.witnesses("/tmp/rapport", dict.fromkeys(some, True), Forecast(2, "nœuds")) == [
        "/tmp/rapport\u00a0: écrit sur node1, node2 et node3.",
        "Vous aviez prévu 2\u00a0nœuds\u00a0; il y en a 3, soit 1\u00a0nœud de plus.",
    ]
