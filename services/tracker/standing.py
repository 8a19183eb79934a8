"""How much the balances can be trusted right now: pure functions of what the follower knows and of the clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from tracker.store.accounts import Account

Status = Literal["ok", "stale", "error", "pending"]

SILENT_AFTER_S = 9.0
"""So long after the node's last sign of life nothing counts as confirmed any more."""


@dataclass(frozen=True)
class Standing:
    """What the follower knows of its hold on the node. All times are unix seconds."""

    in_force: bool = False
    """Subscribed, snapshot taken, and everything since then applied."""
    synced: bool = True
    """False while a node of a public network says that it is still syncing."""
    reason: str = "the tracker has just started"
    """Why it is not in force; "" when it is."""
    waits_for: tuple[str, ...] = ()
    since: float = 0.0
    """Since when `in_force` is what it is."""
    confirmed_at: float | None = None
    """When the node last showed that the subscription lives."""
    daa_score: int = 0
    """Virtual DAA score at `confirmed_at`."""
    last_event_at: float | None = None


@dataclass
class Board:
    """Where the follower writes its standing and everyone else reads it."""

    standing: Standing = Standing()  # frozen


@dataclass(frozen=True)
class Readiness:
    ready: bool
    reason: str
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class BalanceState:
    """A balance's provenance: whether it is the node's own, and when it last was."""

    status: Status
    reason: str
    """Why it is not "ok"; "" when it is."""
    daa_score: int | None
    as_of: datetime | None
    age_s: float | None


def fault(standing: Standing, now: float) -> str:
    """Why balances are not the node's own at `now`, "" when they are."""
    if not standing.in_force:
        return standing.reason
    if standing.confirmed_at is None or now - standing.confirmed_at > SILENT_AFTER_S:
        return "kaspad does not answer"
    if not standing.synced:
        return "kaspad is still syncing, its balances are old"
    return ""


def readiness(standing: Standing, database_fault: str, now: float) -> Readiness:
    """Ready only when database and node are there, the subscription is in force and the snapshot taken."""
    if database_fault:
        return Readiness(False, database_fault, ("timescaledb",))
    reason = fault(standing, now)
    if reason:
        return Readiness(False, reason, standing.waits_for if not standing.in_force else ("kaspad",))
    return Readiness(True, "subscribed and confirmed by kaspad")


def balance_state(account: Account, standing: Standing, now: float) -> BalanceState:
    """What can be said of one account's balance at `now`.

    `pending`: no snapshot yet and nothing is wrong. `error`: none, because the node or the database fails. `stale`: the
    last known one, no longer confirmed. A balance that could not be had is never zero.
    """
    reason = fault(standing, now)
    if account.balance is None or account.as_of is None:
        if reason:
            return BalanceState("error", reason, None, None, None)
        return BalanceState("pending", "its first snapshot is being taken", None, None, None)
    told, daa_score = account.as_of.timestamp(), account.daa_score or 0
    if standing.synced and standing.confirmed_at is not None and standing.confirmed_at > told:
        told, daa_score = standing.confirmed_at, max(daa_score, standing.daa_score)
    as_of = datetime.fromtimestamp(told, UTC)
    return BalanceState("stale" if reason else "ok", reason, daa_score, as_of, max(0.0, now - told))
