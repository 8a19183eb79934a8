"""The objects that the routes share."""

from __future__ import annotations

from dataclasses import dataclass

from tracker.counters import Counters
from tracker.follower import Follower
from tracker.networks import KaspaNetwork
from tracker.store.database import Database


@dataclass(frozen=True)
class Context:
    network: KaspaNetwork
    database: Database
    follower: Follower
    counters: Counters
    started_at: float
    """Unix seconds."""
