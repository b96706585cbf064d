"""Copies that attack whoever opens their archive, handed in beside an honest one: nothing comes out of its place, and the honest one is graded."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile

import pytest
from packing import link, sparse, tarred, zip_link, zipped

from grader import catalog, parameters

EXERCISE = "sync-lire"  # a value: whoever starts a lab for one of these has gone too far
HONEST = "camille"
SECRET = "SECRET-71be03"


def answer(learner):
    exercise = catalog.find(EXERCISE, learner=learner)
    text = (exercise.folder / "solution" / "answer.yml").read_text(encoding="utf-8")
    return parameters.fill(text, exercise.parameters, exercise.id)


def nested(levels):
    content = b"x"
    for _ in range(levels):
        buffer = io.BytesIO()
        zipped(buffer, {"a.zip": content})
        content = buffer.getvalue()
    return content


NAME = f"{EXERCISE}.yml"
OUT = "../" * 12  # from wherever the archive is unpacked
# What each one attempts, its archive's ending, and how the archive is made; ``outside`` is the folder aimed at.
ATTEMPTS = {
    "slip out by a zip's path": ("zip", lambda path, outside: zipped(path, {f"{OUT}{outside}/marks.yml": "20"})),
    "slip out by a tar's path": ("tgz", lambda path, outside: tarred(path, {f"{OUT}{outside}/marks.yml": "20"})),
    "write at an absolute path": ("tgz", lambda path, outside: tarred(path, {f"{outside}/marks.yml": "20"})),
    "write on a link of its own": (
        "tgz",
        lambda path, outside: tarred(path, {link("d", str(outside)): "", "d/marks.yml": "20", "d/secret.yml": "x"}),
    ),
    "read by a link in a tar": ("tgz", lambda path, outside: tarred(path, {link(NAME, f"{outside}/secret.yml"): ""})),
    "read by a hard link": ("tgz", lambda path, outside: tarred(path, {link(NAME, f"{outside}/secret.yml", tarfile.LNKTYPE): ""})),
    "read by a link in a zip": ("zip", lambda path, outside: zipped(path, {zip_link(NAME): f"{outside}/secret.yml"})),
    "read a device": ("tgz", lambda path, outside: tarred(path, {link(NAME, "", tarfile.CHRTYPE): ""})),
    "wait at a pipe": ("tgz", lambda path, outside: tarred(path, {link(NAME, "", tarfile.FIFOTYPE): ""})),
    "hold ten gigabytes in a sparse file": ("tgz", lambda path, outside: sparse(path, NAME)),
    "grow a thousandfold": ("zip", lambda path, outside: zipped(path, {NAME: b"\0" * 200_000_000})),
    "hold more files than anybody reads": ("zip", lambda path, outside: zipped(path, {f"f{n}": "" for n in range(60_000)})),
    "be archives in archives": ("zip", lambda path, outside: zipped(path, {"a.zip": nested(20)})),
    "be no archive": ("zip", lambda path, outside: path.write_bytes(b"PK\3\4rien")),
    "tell lies of its size": ("tgz", lambda path, outside: path.write_bytes(b"\x1f\x8b" + b"\xff" * 4000)),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The class of all these copies, graded by the command; its gradebook, what was told, and the folder aimed at, before and after."""
    place = tmp_path_factory.mktemp("class")
    outside = place / "outside"
    outside.mkdir()
    (outside / "secret.yml").write_text(SECRET)
    copies = place / "copies"
    (copies / HONEST).mkdir(parents=True)
    (copies / HONEST / NAME).write_text(answer(HONEST), encoding="utf-8")
    for number, (ending, make) in enumerate(ATTEMPTS.values()):
        make(copies / f"copie{number}.{ending}", outside)
    before = set(outside.rglob("*"))
    command = [sys.executable, "-m", "grader.cli", "grade", copies, "--out", place / "out", "--exercise", EXERCISE]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    book = json.loads((place / "out" / "notes.json").read_text(encoding="utf-8"))
    return done, {one["name"]: one for one in book["copies"]}, place, before


def test_the_honest_copy_is_graded(graded):
    done, book, _, _ = graded
    assert book[HONEST]["total"] == catalog.find(EXERCISE).points, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", range(len(ATTEMPTS)), ids=ATTEMPTS)
def test_an_archive_gets_nothing(graded, number):
    _, book, _, _ = graded
    assert not book[f"copie{number}"]["total"]


def test_nothing_came_out_of_its_place(graded):
    _, _, place, before = graded
    assert set((place / "outside").rglob("*")) == before
    assert (place / "outside" / "secret.yml").read_text() == SECRET
    written = [path for path in (place / "out").rglob("*") if path.is_file()]
    assert all(SECRET.encode() not in path.read_bytes() for path in written)
    assert sum(path.stat().st_size for path in written) < 20_000_000
