"""Profiles and the rules between services, from `profiles/*.yml`."""

from __future__ import annotations

import re
from pathlib import Path

from manage.catalog.document import read
from manage.catalog.fields import described
from manage.catalog.model import NETWORKS, Profile, Rule
from manage.catalog.reader import Reader, unknown_name
from manage.catalog.rules import SUBJECT
from manage.immutable import dataclass

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
OTHER_FILES = ("relations.yml", "rules.yml")
"""Files of the folder that are not profiles."""


@dataclass(frozen=True)
class _Rules:
    """The file `profiles/rules.yml`."""

    version: int = described("integer", "Version of this file's format, 1.")
    rules: tuple[Rule, ...] = described("tables", "The rules.", (), table=Rule)


def read_profiles(folder: Path) -> dict[str, Profile]:
    """Every profile by name. Raises NodeyardError with every problem of a file."""
    paths = [path for path in sorted(folder.glob("*.yml")) if path.name not in OTHER_FILES]
    return {path.stem: _profile(path) for path in paths}


def read_rules(path: Path) -> tuple[Rule, ...]:
    """The rules of `path`, or () if the file does not exist."""
    if not path.exists():
        return ()
    reader = Reader(read(path, f"profiles/{path.name}", ours=True))
    file: _Rules = reader.table(_Rules, reader.document.value)
    reader.check_version(file.version)
    for number, rule in enumerate(file.rules):
        if len(rule.subjects) < 2:
            reader.add_problem(("rules", number, "subjects"), "a rule has two subjects or more")
        for place, subject in enumerate(rule.subjects):
            match = SUBJECT.fullmatch(subject)
            if match and (match["op"] or "=") in "<>" and not NUMBER.fullmatch(match["value"]):
                reader.add_problem(("rules", number, "subjects", place), f"{match['value']!r} is not a number")
    reader.require_no_problems()
    return file.rules


def _profile(path: Path) -> Profile:
    reader = Reader(read(path, f"profiles/{path.name}", ours=True))
    profile: Profile = reader.table(Profile, reader.document.value)
    reader.check_version(profile.version)
    for number, network in enumerate(profile.networks):
        if network not in NETWORKS:
            reader.add_problem(("networks", number), unknown_name("network", network, NETWORKS, always=True))
    if profile.default_network not in profile.networks:
        reader.add_problem(("default_network",), f"{profile.default_network} is not among its networks")
    if profile.name != path.stem:
        reader.add_problem(("name",), f"the file is called {path.stem!r}; the name must be equal")
    reader.require_no_problems()
    return profile
