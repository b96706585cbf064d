import json

import pytest
from hypothesis import given
from timeline import samples
from timeline.strategies import timelines

from labs.errors import LabError
from labs.timeline import metrics, store
from labs.timeline.model import Mode, State


@given(timelines())
def test_what_was_written_is_read_back(timeline):
    assert store.load(store.dump(timeline)) == timeline
    assert store.load(store.dump(timeline).encode()) == timeline


@pytest.mark.parametrize("make", samples.ALL)
def test_samples_survive_a_file(make, tmp_path):
    store.save(make(), tmp_path / "t.json")
    assert store.read(tmp_path / "t.json") == make()
    assert [path.name for path in tmp_path.iterdir()] == ["t.json"]


def test_a_program_reads_jobs_polls_and_totals():
    document = json.loads(store.dump(samples.polled()))
    assert (document["format"], document["version"]) == ("contrepoint/timeline", 1)
    assert document["started"] == "2026-11-24T09:30:00Z"
    assert [job["state"] for job in document["jobs"]] == ["succeeded"] * 3
    assert document["jobs"][0]["command"] == ["/bin/sleep", "5"]
    assert len(document["polls"]) == document["totals"]["polls"] == 9
    assert document["totals"]["peak_by_host"] == {"node1": 1, "node2": 1, "node3": 1}
    assert document["totals"]["waited"] == pytest.approx(metrics.waited(samples.polled()))


def test_a_newer_writer_is_understood():
    document = json.loads(store.dump(samples.sync()))
    document["weather"] = "fine"
    document["jobs"][0]["colour"] = "green"
    assert store.load(json.dumps(document)) == samples.sync()


def test_an_older_writer_is_understood():
    document = json.loads(store.dump(samples.sync()))
    for name in ("notes", "faults", "polls", "totals", "simulated"):
        del document[name]
    for name in ("limit", "interval", "rc"):
        del document["jobs"][0][name]
    timeline = store.load(json.dumps(document))
    assert timeline.polls == ()
    assert timeline.jobs[0].rc is None
    assert (timeline.jobs[0].mode, timeline.jobs[0].state) == (Mode.SYNC, State.SUCCEEDED)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": "ara"}, "n’est pas une chronologie"),
        ({"version": 2}, "de version 2"),
        ({"version": None}, "de version None"),
        ({"jobs": [{"id": "x"}]}, "« jobs.0."),
        ({"end": "demain"}, "« end »"),
        ({"started": "hier"}, "« started »"),
    ],
)
def test_what_cannot_be_read_is_told_in_french(change, told):
    document = json.loads(store.dump(samples.sync())) | change
    with pytest.raises(LabError) as caught:
        store.load(json.dumps(document))
    assert told in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", b"\xff\xfe\x00", "[" * 100_000])
def test_what_is_no_document_at_all(text):
    with pytest.raises(LabError):
        store.load(text)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    store.save(samples.sync(), tmp_path / "t.json")
    monkeypatch.setattr(store, "dump", _full_disk)
    with pytest.raises(LabError, match="No space"):
        store.save(samples.cut(), tmp_path / "t.json")
    assert store.read(tmp_path / "t.json") == samples.sync()
    assert [path.name for path in tmp_path.iterdir()] == ["t.json"]


def test_paths_that_cannot_be(tmp_path):
    with pytest.raises(LabError):
        store.save(samples.sync(), tmp_path / "nowhere" / "t.json")
    with pytest.raises(LabError):
        store.read(tmp_path / "missing.json")


def _full_disk(_timeline):
    raise OSError(28, "No space left on device")
