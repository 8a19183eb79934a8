"""The README of each service: it quotes reasons that really occur, and names checks, thresholds and settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from manage.catalog.drivers.options import offered_checks
from manage.catalog.drivers.read import declaration
from tests.manage.health import cases

READMES = sorted(cases.SERVICES.glob("*/service.yml"))


@pytest.fixture(params=READMES, ids=lambda path: path.parent.name)
def service(request: pytest.FixtureRequest) -> Path:
    folder: Path = request.param.parent
    return folder


def table(text: str) -> list[list[str]]:
    """The cells of "How it fails", without its head."""
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return rows[2:]


def test_it_has_the_three_sections_in_20_to_50_lines(service: Path) -> None:
    lines = (service / "README.md").read_text().splitlines()
    assert lines[0].startswith(f"# {service.name}: ")
    assert [line for line in lines if line.startswith("## ")] == ["## What it needs", "## How it fails"]
    assert 20 <= len(lines) <= 50
    assert max(map(len, lines)) <= 160


def test_every_quoted_reason_is_one_of_a_case(service: Path) -> None:
    known = {(case.expected[0], case.expected[1]) for case in map(cases.read, (service / "cases").glob("*.json"))}
    quoted = [(verdict, reason) for verdict, reason, _ in table((service / "README.md").read_text())]
    assert quoted
    for verdict, reason in quoted:
        if reason.startswith("`"):
            assert (verdict, reason.strip("`")) in known


def test_it_names_every_check_and_every_threshold_of_its_driver(service: Path) -> None:
    text = (service / "README.md").read_text()
    health = cases.service_health(service.name, "mainnet")
    declared = declaration(health["driver"])
    checks = text[text.index("Checks that other services may wait for:") :].splitlines()[0]
    assert set(re.findall(r"`(\w+)`", checks)) == set(offered_checks(declared, health["options"]))
    for name in declared.thresholds:
        if name != "max_silence_s":
            assert f"`{name}`" in text


def test_every_setting_that_it_names_exists(service: Path) -> None:
    text = (service / "README.md").read_text()
    for name, setting in re.findall(r"services\.(\w+)\.(\w+)", text):
        assert setting in yaml.safe_load((cases.SERVICES / name / "service.yml").read_text()).get("settings", {})
    settings = yaml.safe_load((service / "service.yml").read_text()).get("settings", {})
    assert (f"manage config explain services.{service.name}" in text) == bool(settings)
