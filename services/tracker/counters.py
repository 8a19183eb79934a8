"""The counters behind /metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Counters:
    """Counts since the process started."""

    resyncs: Counter[str] = field(default_factory=Counter)
    """By cause: connect, reconnect, follow, retry, pruning, audit."""
    events: int = 0
    """UtxosChanged notifications applied."""
    sessions_lost: int = 0
    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """By (method, route, status)."""
