"""What a session handles one after another, beside the node's notifications."""

from __future__ import annotations

from dataclasses import dataclass

from tracker.node import NodeInfo


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
    """The end of one question: the outputs of these addresses are stored, or why those of the only address are not."""

    addresses: tuple[str, ...]
    fault: str = ""


@dataclass(frozen=True)
class FirstPass:
    """Each followed address was read, or belongs to a batch that is being split."""
