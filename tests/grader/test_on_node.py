"""What is read of the files that an answer was to leave on a node."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys

from grader.run import READER


def read(*paths, most=100):
    program = READER.read_text(encoding="utf-8")
    command = [sys.executable, "-I", "-S", "-c", program, str(most), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    return json.loads(done.stdout)


def test_a_file_is_told_with_its_moment_and_no_more_of_it_than_is_asked(tmp_path):
    (tmp_path / "bref").write_bytes(b"\xff\n")
    (tmp_path / "long").write_text("a" * 1000)
    os.utime(tmp_path / "bref", (5.25, 5.25))
    (moment, content), (_, start) = read(tmp_path / "bref", tmp_path / "long")
    assert (moment, base64.b64decode(content)) == (5.25, b"\xff\n")
    assert base64.b64decode(start) == b"a" * 100


def test_what_is_no_file_is_none_and_nobody_is_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    assert read(tmp_path, tmp_path / "pipe", tmp_path / "loop", tmp_path / "link", tmp_path / "absent", "/dev/zero") == [None] * 6


def test_a_link_is_followed(tmp_path):
    (tmp_path / "bref").write_text("ici")
    (tmp_path / "link").symlink_to("bref")
    assert base64.b64decode(read(tmp_path / "link")[0][1]) == b"ici"
