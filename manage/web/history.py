"""The last 24 hours of every service, fetched from watch in the background: never inside a page request."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nodeclients.links import WATCH_SOCKET

from manage.health import watch_socket
from manage.health.model import VERDICTS, VerdictName
from manage.immutable import dataclass

log = logging.getLogger(__name__)

HOURS = 24
_TIMEOUT_S = WATCH_SOCKET.deadline_s
_LARGEST_BYTES = 8 << 20


@dataclass(frozen=True)
class Span:
    """A service had `verdict` from `start` to `end`, unix seconds."""

    start: float
    end: float
    verdict: VerdictName


History = Mapping[str, tuple[Span, ...]]
"""Service -> its spans, oldest first."""


def fetch(path: Path) -> History:
    """Ask watch at its socket. Raises OSError if watch does not answer, ValueError if the answer cannot be read."""
    question = {"verb": "history", "hours": HOURS}
    return _parsed(watch_socket.ask(path, question, most=_LARGEST_BYTES, timeout_s=_TIMEOUT_S))


def _parsed(answer: Any) -> History:
    try:
        return {
            str(service): tuple(
                Span(float(start), float(end), verdict) for start, end, verdict in spans if verdict in VERDICTS
            )
            for service, spans in answer["strips"].items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"cannot read watch's history: {error!r}") from error
