"""Rules between services and settings, evaluated on plain values."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from manage.catalog.model import Rule

SUBJECT = re.compile(r"(?P<service>[a-z0-9_]+)(?:\.(?P<key>[a-z0-9_]+)(?P<op>!=|=|>|<)(?P<value>.+))?")


def holds(subject: str, services: Collection[str], settings: Mapping[str, Mapping[str, Any]]) -> bool:
    """True if the service of `subject` is in the stack and its setting, if one is named, compares as written."""
    match = SUBJECT.fullmatch(subject)
    if match is None:
        raise ValueError(f"{subject!r} is not a subject of a rule")
    if match["service"] not in services:
        return False
    if match["key"] is None:
        return True
    actual = settings[match["service"]][match["key"]]
    if match["op"] in "<>":
        return bool(actual > float(match["value"])) if match["op"] == ">" else bool(actual < float(match["value"]))
    same = (str(actual).lower() if isinstance(actual, bool) else str(actual)) == match["value"]
    return same if match["op"] == "=" else not same


def broken(
    rules: Iterable[Rule], services: Collection[str], settings: Mapping[str, Mapping[str, Any]]
) -> tuple[Rule, ...]:
    """The rules that this choice of services and settings breaks."""

    def breaks(rule: Rule) -> bool:
        found = [holds(subject, services, settings) for subject in rule.subjects]
        if rule.kind == "requires":
            return found[0] and not all(found[1:])
        return all(found) if rule.kind == "incompatible" else sum(found) > 1

    return tuple(rule for rule in rules if breaks(rule))
