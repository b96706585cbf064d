import re
from dataclasses import replace

import pytest
from hypothesis import given
from timeline import samples
from timeline.strategies import timelines

from labs.timeline import replay, words
from labs.timeline.model import State


def plain(text):
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(28.44, "28,4 s"), (0, "0,0 s"), (-0.01, "0,0 s"), (-1.25, "−1,2 s"), (1234.5, "1 234,5 s"), (None, "—")],
)
def test_seconds(value, expected):
    assert plain(words.seconds(value)) == expected


def test_numbers_never_break_from_their_unit():
    assert words.seconds(28.4) == "28,4\u00a0s"
    assert words.number(12345, 0) == "12\u202f345"


@pytest.mark.parametrize(
    ("value", "expected"),
    [(28.4, "28,4 s"), (11.0, "11 s"), (59.97, "1 min"), (125, "2 min 05 s"), (3600, "1 h"), (3720, "1 h 02 min")],
)
def test_duration(value, expected):
    assert plain(words.duration(value)) == expected


@pytest.mark.parametrize(("count", "expected"), [(0, "aucun sondage"), (1, "1 sondage"), (2, "2 sondages"), (1500, "1 500 sondages")])
def test_counted(count, expected):
    assert plain(words.counted(count, "sondage")) == expected


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["a"], "a"), (["a", "b"], "a et b"), (["a", "b", "c"], "a, b et c"), (list("abcde"), "5 nœuds")],
)
def test_listed(names, expected):
    assert plain(words.listed(names)) == expected


def test_summary_of_a_batch_run():
    assert plain(words.summary(samples.batches(), ideal=11)) == (
        "28,4 s · idéal 11 s · 2 jobs à la fois au plus par nœud · 27 sondages · 12,4 s passées à attendre un job déjà fini"
    )


def test_the_way_back_of_an_answer_is_not_waiting():
    jobs = tuple(replace(job, end=job.detected - 0.05) for job in samples.sync().jobs if job.task == "t1" and job.detected)
    assert "attendre" not in words.summary(replace(samples.sync(), jobs=jobs))


def test_two_seconds_are_plural_as_they_are_written():
    jobs = tuple(replace(job, end=job.detected - 1.96) for job in samples.polled().on("node1"))
    timeline = replace(samples.polled(), jobs=jobs, hosts=("node1",))
    assert "2 s passées" in plain(words.summary(timeline))


def test_summary_says_what_was_lost():
    assert plain(words.summary(samples.cut())).endswith("node2 injoignable · 1 job perdu sur node2")


def test_summary_of_every_state():
    told = plain(words.summary(samples.every_state()))
    assert "1 job en échec sur node1 · 1 job arrêté par sa limite sur node1 · 1 job orphelin sur node3 · 1 job perdu sur node2" in told
    assert "1 job non confirmé sur node2" in told
    assert told.endswith("1 job encore en cours à la fin")


def test_plurals_of_mishaps():
    timeline = samples.batches()
    killed = tuple(replace(job, state=State.KILLED) if job.label == "sleep 5" else job for job in timeline.jobs)
    assert "3 jobs perdus sur node1, node2 et node3" in plain(words.summary(replace(timeline, jobs=killed)))


def test_summary_while_it_runs_and_after_a_cancel():
    assert plain(words.summary(replay.at(samples.batches(), 12.3))).startswith("12,3 s écoulées · ")
    assert plain(words.summary(replace(samples.sync(), status="canceled"))).startswith("annulé après 9,4 s")
    assert plain(words.summary(replace(samples.sync(), simulated=True))).startswith("simulation : 9,4 s")


def test_table_says_all_there_is_to_say_of_a_job():
    row = [plain(cell) for cell in words.table(samples.polled())[0]]
    assert row == ["node1", "sleep 5", "1,7 s", "1,9 s", "7,0 s", "9,4 s", "2,4 s", "3", "réussi ✓"]
    assert len(row) == len(words.HEADINGS)


def test_every_state_has_its_word_and_its_glyph():
    assert set(words.STATES) == set(words.GLYPHS) == set(State)
    told = {plain(row[-1]) for row in words.table(samples.every_state())}
    assert told == {
        "réussi ✓",
        "en échec ✕ (code 2)",
        "limite dépassée ⧖",
        "orphelin ⊙",
        "tué ⊘",
        "fini, résultat inconnu –",
        "non confirmé par le nœud ?",
        "en cours",
    }


def test_occasion():
    told = plain(words.occasion(samples.sync()))
    assert re.fullmatch(r"Exécution du 2[345] novembre 2026 à \d+ h \d0 · 3 nœuds · 6 jobs", told)
    assert "Simulation" in words.occasion(replace(samples.sync(), simulated=True))


@given(timelines())
def test_anything_can_be_said(timeline):
    assert words.summary(timeline)
    assert len(words.table(timeline)) == len(timeline.jobs)
    for job in timeline.jobs:
        assert job.label in words.job(job)
        assert "None" not in words.job(job) + words.delay(job) + words.launch(job)
    for block in timeline.blocks:
        assert "None" not in words.block(block, "Attendre")


def test_double_punctuation_has_its_space():
    for make in samples.ALL:
        timeline = make()
        texts = [words.summary(timeline), *(words.job(job) for job in timeline.jobs), *(words.fault(fault) for fault in timeline.faults)]
        texts += [words.block(block, "Tâche") for block in timeline.blocks] + [words.poll(poll, "job") for poll in timeline.polls]
        assert not [text for text in texts if " :" in text or " ;" in text]


def test_how_well_the_time_was_used():
    assert words.yields(samples.sync()).startswith("Efficacité\u00a0: ")
    assert "sondage" not in words.yields(samples.sync())
    assert re.search(
        r"Efficacité\u00a0: 32\u00a0%\u00a0; 9\u00a0s auraient suffi .*sondages ont pris [\d,]+\u00a0s sur les nœuds",
        words.yields(samples.batches()),
    )
    assert words.yields(replay.at(samples.batches(), 0.0)) == ""
