"""What a session handles one after another, beside the node's notifications."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tracker.node import NodeInfo, Snapshot


@dataclass(frozen=True)
class Follow:
    """Subscribe to an address and read its outputs. `cause`: "follow" for a new one, "retry" for one that failed."""

    address: str
    cause: str = "follow"


@dataclass(frozen=True)
class Unfollow:
    address: str


@dataclass(frozen=True)
class Heartbeat:
    """The node answered at `at` (unix seconds); its earlier notifications are ahead of this in the inbox."""

    info: NodeInfo
    at: float


@dataclass(frozen=True)
class Read:
    """The end of one question: a snapshot, or why there is none for the only address."""

    addresses: tuple[str, ...]
    snapshot: Snapshot | None = None
    fault: str = ""
    handled: asyncio.Event = field(default_factory=asyncio.Event, compare=False)
    """Set when the session has stored it. The reader waits, so that one snapshot at most is in memory."""


@dataclass(frozen=True)
class FirstPass:
    """Each followed address was read, or belongs to a batch that is being split."""
