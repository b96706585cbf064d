"""The schema that editors are given accepts what loads, and refuses what does not."""

from __future__ import annotations

import copy
import json
import subprocess
import sys

import pytest
import yaml
from handmade import VALUE
from jsonschema import Draft202012Validator

from grader import catalog, schema, skeleton

VALIDATOR = Draft202012Validator(schema.schema())


def problems(data):
    return [error.message for error in VALIDATOR.iter_errors(data)]


def kept():
    return [*sorted(catalog.EXERCISES.glob("*/exercise.yml")), *sorted(skeleton.SKELETONS.glob("*/exercise.yml"))]


@pytest.mark.parametrize("file", kept(), ids=lambda file: file.parent.name)
def test_every_exercise_is_accepted(file):
    assert problems(yaml.safe_load(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "wrong", [{"points": "deux"}, {"that": []}, {"that": 5}, {"hints": {"orient": "x"}}, {"poinst": 2}, {"points": 0}, {"id": "À b"}]
)
def test_what_is_misspelt_is_refused(wrong):
    data = copy.deepcopy(VALUE)
    assert problems(data) == []
    data["checks"][0] |= wrong
    assert problems(data) != []


def test_the_command_gives_it_in_french():
    done = subprocess.run([sys.executable, "-m", "grader.cli", "schema"], capture_output=True, text=True, check=True)
    given = json.loads(done.stdout)
    Draft202012Validator.check_schema(given)
    assert given == schema.schema()
    assert given["properties"]["statement"]["description"] == "L'énoncé, en Markdown."
    assert set(given["properties"]) <= set(schema.FIELDS)
