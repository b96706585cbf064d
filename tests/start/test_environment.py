"""The files that name dependencies say the same thing."""

from __future__ import annotations

import re
import tomllib

import pytest
import yaml

from labs.paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
COURSE = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["course"]]


def test_environment_yml_is_in_step_with_pyproject():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert pip == [*COURSE, "--editable ."]
    assert f"python {PROJECT['requires-python']}" in environment["dependencies"]


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [("requirements.txt", COURSE), ("requirements-tests.txt", [*COURSE, *PROJECT["optional-dependencies"]["tests"]])],
)
def test_locks_pin_every_dependency_by_hash_and_name_no_address(lock, wanted):
    text = (ROOT / lock).read_text()
    pinned = {name.lower().replace("_", "-") for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)}
    names = {re.match(r"[A-Za-z0-9._-]+", requirement).group().lower() for requirement in wanted}
    assert names <= pinned
    assert "://" not in text
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    assert all("--hash=sha256:" in entry for entry in entries if "==" in entry)


def test_the_two_locks_agree():
    def versions(lock):
        return set(re.findall(r"^[A-Za-z0-9._-]+==\S+(?: ; .*?)?(?= \\)", (ROOT / lock).read_text(), re.MULTILINE))

    assert versions("requirements.txt") <= versions("requirements-tests.txt")
