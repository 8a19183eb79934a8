"""The facts and log lines behind a verdict, as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from manage import words
from manage.immutable import dataclass

Evidence = Iterable[Mapping[str, Any]]
"""As `manage.health.why` lists it: items with `fact` or `log`, with `service` if it is another's."""


@dataclass(frozen=True)
class Fact:
    """One measured value and its age."""

    service: str
    name: str
    value: str
    age: str


@dataclass(frozen=True)
class LogLine:
    service: str
    at: float
    text: str


def facts(evidence: Evidence, service: str, snapshot_age_s: float) -> tuple[Fact, ...]:
    """The measured values; without a service of their own they are those of `service`."""
    return tuple(
        Fact(
            service=str(item.get("service", service)),
            name=str(item["fact"]).replace("_", " "),
            value=words.value(item["value"], str(item.get("unit", ""))),
            age=words.duration(float(item["age_s"]) + snapshot_age_s),
        )
        for item in evidence
        if "fact" in item
    )


def log_lines(evidence: Evidence, service: str) -> tuple[LogLine, ...]:
    """The log lines; without a service of their own they are those of `service`."""
    return tuple(
        LogLine(str(item.get("service", service)), float(item["at"]), str(item["log"]))
        for item in evidence
        if "log" in item
    )
