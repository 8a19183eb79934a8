"""Metrics in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus exposition format 0.0.4: prometheus.io/docs/instrumenting/exposition_formats."""


@dataclass(frozen=True)
class Family:
    """One metric with its samples: labels -> value."""

    name: str
    kind: str
    """`counter` or `gauge`."""
    help: str
    samples: Iterable[tuple[Mapping[str, object], float]]


def exposition(families: Iterable[Family]) -> str:
    """The text that Prometheus scrapes."""
    lines: list[str] = []
    for family in families:
        lines.append(f"# HELP {family.name} {family.help}")
        lines.append(f"# TYPE {family.name} {family.kind}")
        for labels, value in family.samples:
            inner = ",".join(f'{key}="{_escape(str(label))}"' for key, label in labels.items())
            lines.append(f"{family.name}{'{' + inner + '}' if inner else ''} {float(value):.15g}")
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
