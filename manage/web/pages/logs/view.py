"""What the log page shows. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from manage.agent.verb import MOST_LINES
from manage.errors import NodeyardError
from manage.immutable import dataclass

CHOICES = (100, 200, 500, 2000)
_DEFAULT_LINES = 200
_SERVICE = re.compile(r"[a-z][a-z0-9-]{0,40}")
_LEVELS: Mapping[str, re.Pattern[str]] = {
    "error": re.compile(r"\b(error|fatal|panic|emerg|alert|crit(ical)?|exception|traceback)\b", re.I),
    "warning": re.compile(r"\bwarn(ing)?\b", re.I),
}


@dataclass(frozen=True)
class Line:
    at: str
    """Time from the engine, "" if the line has none."""
    text: str
    level: str
    """"error", "warning" or ""."""


@dataclass(frozen=True)
class LogView:
    service: str
    services: tuple[str, ...]
    """Those whose logs can be chosen."""
    count: int
    lines: tuple[Line, ...]
    error: NodeyardError | None
    """Why there are no lines."""
    choices: tuple[int, ...] = CHOICES


def log_view(service: str, count: int, answer: Sequence[str] | NodeyardError, services: tuple[str, ...]) -> LogView:
    """The page from the agent's `answer`: lines, or the error it gave instead."""
    if isinstance(answer, NodeyardError):
        return LogView(service, services, count, lines=(), error=answer)
    return LogView(service, services, count, lines=tuple(map(parse_line, answer)), error=None)


def is_service_name(text: str) -> bool:
    return _SERVICE.fullmatch(text) is not None


def line_count(wanted: int | None) -> int:
    """A number of lines that the agent accepts."""
    return min(max(_DEFAULT_LINES if wanted is None else wanted, 1), MOST_LINES)


def parse_line(line: str) -> Line:
    """Split "2026-11-21T14:02:11Z text" and find the level that the text mentions."""
    stamp, _, text = line.partition(" ")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", stamp):
        stamp, text = "", line
    level = next((level for level, pattern in _LEVELS.items() if pattern.search(text)), "")
    return Line(stamp, text, level)
