"""The last 24 hours of every service, asked from watch in the background: never inside a page request."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from manage.health.model import VERDICTS, VerdictName

log = logging.getLogger(__name__)

HOURS = 24
_TIMEOUT_S = 5.0
_LONGEST = 16 * 1024 * 1024


@dataclass(frozen=True)
class Span:
    """A service had `verdict` from `start` to `end`, unix seconds."""

    start: float
    end: float
    verdict: VerdictName


Strips = Mapping[str, tuple[Span, ...]]
"""Service -> spans in order of time."""


def ask(path: Path) -> Strips:
    """The strips, from watch's socket. Raises OSError when watch is away, ValueError when it answers nonsense."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_TIMEOUT_S)
        connection.connect(str(path))
        connection.sendall(json.dumps({"verb": "history", "hours": HOURS}).encode() + b"\n")
        with connection.makefile("rb") as stream:
            answer = json.loads(stream.readline(_LONGEST))
    return _parsed(answer)


def _parsed(answer: Any) -> Strips:
    try:
        return {
            str(service): tuple(
                Span(float(start), float(end), verdict) for start, end, verdict in spans if verdict in VERDICTS
            )
            for service, spans in answer["strips"].items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"watch's history has another shape: {error!r}") from error
