"""What the image gives a node: packages with no network, and the same image in a file."""

from __future__ import annotations

import json

import pytest

from labs.engines import settings
from labs.errors import LabError
from labs.image import build
from labs.jobs.command import AdHoc
from labs.recording import record

MOST_BYTES = 260 * 1000**2


@pytest.fixture
def engine():
    return settings.choose()


@pytest.mark.lab
def test_packages_are_installed_with_no_network_and_services_start_when_asked(fresh_lab):
    for command in (
        "ansible node1 -m ansible.builtin.apt -a 'name=nginx,tree,bc update_cache=true'",
        "ansible node1 -m ansible.builtin.service -a 'name=nginx state=started'",
        "ansible node1 -m ansible.builtin.uri -a url=http://localhost/",
    ):
        recording = record(fresh_lab, AdHoc.parse(command))
        assert recording.wait(120).status == "successful", recording.stdout
    assert fresh_lab.execute("node1", ["sh", "-c", "echo '6 * 7' | bc"]).text == "42"


@pytest.mark.lab
def test_every_package_of_the_course_can_be_installed(fresh_lab):
    done = fresh_lab.execute("node1", ["apt-get", "install", "--simulate", *build.COURSE_PACKAGES])
    assert done.returncode == 0, done.stderr
    assert b"'http" not in fresh_lab.execute("node1", ["apt-get", "install", "--print-uris", "-y", *build.COURSE_PACKAGES]).stdout


@pytest.mark.lab
def test_the_image_is_small_and_tells_the_time_in_utc(lab, engine):
    image = json.loads(engine.run("image", "inspect", build.ensure(engine)).stdout)[0]
    assert image["Size"] <= MOST_BYTES
    assert lab.execute("node1", ["date", "+%Z"]).text == "UTC"


KEPT = "/var/cache/contrepoint/cpython-311"
OTHER_PING = """
import glob, marshal
for path in glob.glob("%s/ansible.modules.ping-*"):
    marshal.dump(compile("print('{\\"ping\\": \\"kept\\"}'); raise SystemExit", path, "exec"), open(path, "wb"))
"""


def ping(lab) -> str:
    recording = record(lab, AdHoc.parse("ansible node1 -m ansible.builtin.ping"))
    assert recording.wait(60).status == "successful", recording.stdout
    return recording.stdout


@pytest.mark.lab
def test_a_module_is_compiled_once_on_a_node(fresh_lab):
    assert "pong" in ping(fresh_lab)
    first = fresh_lab.execute("node1", ["ls", "-l", "--time-style=full-iso", KEPT]).text
    assert "ansible.modules.ping-" in first
    assert "ansible.module_utils.basic-" in first
    assert "pong" in ping(fresh_lab)
    assert fresh_lab.execute("node1", ["ls", "-l", "--time-style=full-iso", KEPT]).text == first
    # What runs is what was kept: here, something else.
    assert fresh_lab.execute("node1", ["python3", "-c", OTHER_PING % KEPT]).returncode == 0
    assert "kept" in ping(fresh_lab)


@pytest.mark.lab
def test_a_module_runs_where_what_was_kept_cannot_be_read_or_nothing_can_be_kept(fresh_lab):
    ping(fresh_lab)
    for spoil in (f"for file in {KEPT}/*; do echo x > $file; done", f"rm -r {KEPT}; touch {KEPT}"):
        assert fresh_lab.execute("node1", ["sh", "-c", spoil]).returncode == 0
        assert "pong" in ping(fresh_lab)


@pytest.mark.lab
def test_an_image_goes_by_file(engine, tmp_path, monkeypatch):
    """Saved, and loaded under another name than that of this kit, so that nothing here is removed."""
    file = tmp_path / "image.tar"
    build.save(engine, file)
    build.save(engine, file)  # a file that is there is written over
    assert [path.name for path in tmp_path.iterdir()] == ["image.tar"]
    assert build.load(engine, file) == build.tag()
    monkeypatch.setattr(build, "tag", lambda: "localhost/contrepoint-node:autre-version")
    with pytest.raises(LabError, match="ne contient pas l'image de cette version"):
        build.load(engine, file)


def test_files_that_cannot_be_are_told(engine, tmp_path):
    with pytest.raises(LabError, match="n'existe pas"):
        build.load(engine, tmp_path / "rien.tar")


@pytest.mark.parametrize("name", build.INGREDIENTS)
def test_the_tag_follows_whatever_the_image_is_made_from(name, tmp_path, monkeypatch):
    before = build.tag()
    for ingredient in build.INGREDIENTS:
        (tmp_path / ingredient).write_bytes((build.CONTEXT / ingredient).read_bytes())
    monkeypatch.setattr(build, "CONTEXT", tmp_path)
    assert build.tag() == before
    (tmp_path / name).write_text("other")
    assert build.tag() != before


def test_the_tag_follows_the_packages(monkeypatch):
    before = build.tag()
    monkeypatch.setattr(build, "COURSE_PACKAGES", (*build.COURSE_PACKAGES, "sl"))
    assert build.tag() != before
