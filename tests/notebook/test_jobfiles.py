"""The job's file: each version kept once, with what it says; read on a real node."""

import json

import pytest

from labs.jobs.command import AdHoc
from labs.notebook import jobfiles, recordings
from labs.notebook.jobfiles import Follower, Version
from labs.recording import record


def test_the_two_contents_of_a_file_are_told():
    path, versions = recordings.file_versions("03-fichier")
    bundle = jobfiles.bundle("node1", path, versions)
    assert [version.content is None for version in versions] == [False, False]
    assert f"{path}, sur node1" in bundle["text/plain"]
    assert "Le job tourne." in bundle["text/plain"]
    assert "a pris la place" in bundle["text/plain"]
    assert bundle["text/html"].count("<li>") == 2
    assert "invocation&quot;: {…}" in bundle["text/html"]


def test_a_file_that_is_gone_is_told():
    path, versions = recordings.file_versions("03-fichier-sonde")
    assert versions[-1].content is None
    assert "n’existe plus" in jobfiles.bundle("node1", path, versions)["text/html"]


@pytest.mark.parametrize(
    ("content", "said"),
    [('{"msg": "Timeout exceeded", "failed": true, "child_pid": 9}', "sa limite dépassée"), ("{", "illisibles"), ("[]", "illisibles")],
)
def test_other_contents_are_told_too(content, said):
    assert said in jobfiles.bundle("node1", "/x", [Version(1.0, content)])["text/plain"]


def test_nothing_read_shows_nothing():
    assert jobfiles.bundle("node1", "", []) == {"text/plain": "", "text/html": ""}


def test_versions_are_kept_and_found_again():
    versions = [Version(1.25, "{}"), Version(8.5, None)]
    assert jobfiles.loaded(jobfiles.dumped("/x", versions)) == ("/x", versions)


@pytest.mark.lab
def test_the_job_of_a_run_before_is_not_taken_for_this_one(lab):
    record(lab, AdHoc.parse("ansible node1 -B 30 -P 0 -a '/bin/sleep 12'"), linger=0).wait()
    recording = record(lab, AdHoc.parse("ansible node1 -B 30 -P 0 -a '/bin/sleep 2'"))
    follower = Follower(lab, "node1")
    while recording.alive:
        follower.look(recording.timeline())
    follower.look(recording.wait())
    said = [json.loads(version.content) for version in follower.versions]
    assert [state.get("rc") for state in said] == [None, 0]
    assert follower.path.endswith(said[0]["ansible_job_id"])


@pytest.mark.lab
def test_a_file_is_followed_from_launch_to_result(lab):
    recording = record(lab, AdHoc.parse("ansible node1 -B 30 -P 0 -a '/bin/sleep 2'"))
    follower = Follower(lab, "node1")
    while recording.alive:
        follower.look(recording.timeline())
    follower.look(recording.wait())
    jid = recording.timeline().on("node1")[-1].id
    assert follower.path.endswith(jid)
    first, last = follower.versions
    assert '"finished": ' in first.content
    assert '"rc": 0' in last.content
    assert follower.readings > 2, "read more often than it changed"
    assert jid in jobfiles.present(lab)["node1"]
    assert jid not in jobfiles.present(lab)["node2"]
