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
