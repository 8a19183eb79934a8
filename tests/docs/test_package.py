"""pyproject.toml, the lock files and the changelog agree with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from manage import __version__

CHECKOUT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
RANGES: dict[str, list[str]] = {
    "runtime": PROJECT["project"]["dependencies"],
    **PROJECT["project"]["optional-dependencies"],
}


def names(path: Path) -> set[str]:
    """The packages of a `.in` file, with their extras, without its comments and references."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {line for line in lines if line and not line.startswith(("#", "-"))}


def requirements(group: str) -> dict[str, Requirement]:
    """Name with extras -> requirement of a group in pyproject.toml, without the references to the project itself."""
    found = {}
    for text in RANGES[group]:
        requirement = Requirement(text)
        extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        if requirement.name != PROJECT["project"]["name"]:
            found[requirement.name + extras] = requirement
    return found


def locked(group: str) -> list[tuple[str, str]]:
    """(name, version) of every pin in a lock file; a package may have one pin for each range of Python versions."""
    text = (CHECKOUT / "requirements" / f"{group}.txt").read_text(encoding="utf-8")
    return re.findall(r"^([a-z0-9-]+)(?:\[[^\]]*\])?==([^\s;]+)", text, re.MULTILINE)


@pytest.mark.parametrize("group", RANGES)
def test_pyproject_names_the_packages_of_the_requirements(group: str) -> None:
    assert set(requirements(group)) == names(CHECKOUT / "requirements" / f"{group}.in")


@pytest.mark.parametrize("group", RANGES)
def test_every_locked_version_is_in_its_range(group: str) -> None:
    wanted = {requirement.name: requirement for requirement in requirements(group).values()}
    pins = [(name, version) for name, version in locked(group) if name in wanted]
    assert {name for name, _ in pins} == set(wanted)
    for name, version in pins:
        assert version in wanted[name].specifier, f"{name} {version} is locked, and pyproject.toml wants {wanted[name]}"
        assert any(part.operator == "<" for part in wanted[name].specifier), f"{name} has no upper bound"


def test_the_wheel_holds_manage_and_every_package_of_services() -> None:
    services = {f"services/{path.parent.name}" for path in (CHECKOUT / "services").glob("*/__init__.py")}
    assert set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == {"manage", *services}


def test_the_first_version_of_the_changelog_is_this_one() -> None:
    text = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d{2}-\d{2}$", text, re.MULTILINE)
    assert versions[0] == __version__
    assert versions == sorted(versions, key=lambda version: [int(part) for part in version.split(".")], reverse=True)
    assert text.index("## Unreleased") < text.index(f"## {__version__}")
