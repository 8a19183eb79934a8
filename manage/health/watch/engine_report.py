"""`engine.json`, the agent's report of the container engine; a stale one counts as unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields, replace
from pathlib import Path
from typing import Any

from manage import untrusted
from manage.health.model import EngineState
from manage.immutable import dataclass

VERSION = 1
FUTURE_S = 2.0
"""How far a start may be in the future: the report and this process read the clock at different moments."""
UNKNOWN = EngineState("unknown")
_FIELDS = frozenset(entry.name for entry in fields(EngineState)) - {"log", "memory_kills"}


@dataclass(frozen=True)
class EngineReport:
    """The agent's last report; `states` is empty when the report is too old."""

    as_of: float = 0.0
    states: Mapping[str, EngineState] = field(default_factory=dict)
    host: Mapping[str, Any] = field(default_factory=dict)
    changing: bool = False
    """Whether `manage` or the agent is changing the stack."""

    def state(self, service: str) -> EngineState:
        return self.states.get(service, UNKNOWN)


def read(path: Path, now: float, max_age_s: float) -> EngineReport:
    """The report, without states when it is older than `max_age_s`, of a newer version, broken or missing."""
    try:
        document = untrusted.parse_json(untrusted.content(path))
        as_of = float(document["as_of"])
        # One from the future was written before the clock was set back.
        return _without_future(parse(document), now) if abs(now - as_of) <= max_age_s else EngineReport(as_of)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return EngineReport()


def _without_future(report: EngineReport, now: float) -> EngineReport:
    """Starts after `now` count as unknown: they are older than the last change of the clock."""
    states = {
        name: replace(state, started_at=0.0) if state.started_at > now + FUTURE_S else state
        for name, state in report.states.items()
    }
    return replace(report, states=states)


def parse(document: Mapping[str, Any]) -> EngineReport:
    """The report in an `engine.json` document; unknown keys are ignored."""
    if document["version"] > VERSION:
        return EngineReport(float(document["as_of"]))
    states = {
        name: EngineState(
            **{key: value for key, value in state.items() if key in _FIELDS},
            log=tuple((float(at), str(line)) for at, line in state.get("log", ())),
            memory_kills=tuple((float(at), bool(whole)) for at, whole in state.get("memory_kills", ())),
        )
        for name, state in document["services"].items()
    }
    changing = document.get("operation") is not None
    return EngineReport(float(document["as_of"]), states, dict(document.get("host") or {}), changing)
