"""docs/faits.md: a section for each lesson, a row for each fact, and in each row a test that exists."""

from __future__ import annotations

import ast
import re

import pytest

from labs import paths
from labs.notebook import build

FACTS = (paths.ROOT / "docs" / "faits.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", FACTS, re.DOTALL | re.MULTILINE))
CODE = re.compile(r"`([^`]+)`")


def rows(section):
    """The facts of a section, each with what its last column cites."""
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [(line, CODE.findall(line.rsplit(" | ", 1)[1])) for line in lines[1:]]


def named(section):
    """The tests of a section: (file, function), the file being the section's own unless the row names one."""
    own = "".join(re.findall(r"Les tests sans autre indication sont dans `(.+?)`", section))
    for _, cited in rows(section):
        for name in cited:
            file, _, function = name.rpartition("::")
            if function.startswith("test_"):
                yield file or own, function
            elif name.endswith((".py", ".json")):
                yield name, ""


def functions(file):
    return {node.name for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.FunctionDef)}


def test_each_lesson_has_its_section_and_each_section_its_lesson():
    assert list(SECTIONS) == [source.stem[:2] for source in build.sources()]


@pytest.mark.parametrize("lesson", SECTIONS)
def test_each_fact_has_a_test(lesson):
    facts = rows(SECTIONS[lesson])
    assert facts
    assert [fact for fact, cited in facts if not any("test_" in name for name in cited)] == []


@pytest.mark.parametrize("lesson", SECTIONS)
def test_each_test_that_is_named_exists(lesson):
    for file, function in named(SECTIONS[lesson]):
        path = paths.ROOT / file
        assert path.exists(), file
        assert not function or function in functions(path), f"{file}::{function}"
