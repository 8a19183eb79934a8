"""`/metrics`: the snapshot in the text format of Prometheus, version 0.0.4. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from manage.health.model import VERDICTS, Snapshot
from manage.health.snapshot import age

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[Mapping[str, str], float]


def text(snapshot: Snapshot, now: float) -> str:
    """All verdicts, checks, numeric facts and host facts as gauges, and the age of the snapshot."""
    services = snapshot.services
    families = (
        _family(
            "nodeyard_verdict",
            "1 for the current verdict of a service, 0 for the others",
            [
                ({"service": status.name, "verdict": verdict}, float(status.verdict == verdict))
                for status in services
                for verdict in VERDICTS
            ],
        ),
        _family(
            "nodeyard_verdict_since_seconds",
            "Unix time since which a service has its verdict",
            [({"service": status.name}, status.since) for status in services],
        ),
        _family(
            "nodeyard_check",
            "1 if a check that other services may wait for holds",
            [
                ({"service": status.name, "check": check}, float(holds))
                for status in services
                for check, holds in status.checks.items()
            ],
        ),
        _family(
            "nodeyard_fact",
            "A measured number in the unit of its label; ages are those at the time of the measurement",
            [
                ({"service": status.name, "fact": fact.name, "unit": fact.unit}, float(fact.value))
                for status in services
                for fact in status.facts
                if isinstance(fact.value, int | float)
            ],
        ),
        _family(
            "nodeyard_host",
            "A number that the agent measured on the host",
            [({"fact": name}, float(value)) for name, value in snapshot.host.items() if isinstance(value, int | float)],
        ),
        _family("nodeyard_snapshot_sequence", "Number of the snapshot", [({}, float(snapshot.seq))]),
        _family("nodeyard_snapshot_age_seconds", "How old the snapshot is", [({}, age(snapshot, now))]),
    )
    return "".join(families)


def _family(name: str, help_text: str, samples: Sequence[Sample]) -> str:
    if not samples:
        return ""
    return f"# HELP {name} {help_text}\n# TYPE {name} gauge\n" + "".join(_lines(name, samples))


def _lines(name: str, samples: Iterable[Sample]) -> Iterable[str]:
    for labels, value in samples:
        inner = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{{{inner}}} {value!r}\n" if inner else f"{name} {value!r}\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
