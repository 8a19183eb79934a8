"""Counters and gauges in Prometheus' text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus exposition format 0.0.4: prometheus.io/docs/instrumenting/exposition_formats."""


@dataclass
class Counters:
    """What only ever grows while the process lives."""

    resyncs: Counter[str] = field(default_factory=Counter)
    """By cause: connect, reconnect, follow, pruning, audit."""
    events: int = 0
    """UtxosChanged notifications applied."""
    sessions_lost: int = 0
    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """By (method, route, status)."""


@dataclass(frozen=True)
class Family:
    """One metric with its samples: labels -> value."""

    name: str
    kind: str
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
            lines.append(f"{family.name}{'{' + inner + '}' if inner else ''} {value:.15g}")
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
