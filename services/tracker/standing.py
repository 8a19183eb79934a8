"""Whether the balances are current: pure functions of the follower's state and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from tracker.store.accounts import Account

Status = Literal["ok", "stale", "error", "pending"]

SILENT_AFTER_S = 9.0
"""After the node has been silent for this long, no balance counts as confirmed."""


@dataclass(frozen=True)
class Standing:
    """What the follower knows about its subscription. All times are unix seconds."""

    in_force: bool = False
    """The subscription is active, the snapshot taken, and every change since then applied."""
    synced: bool = True
    """False while a node of a public network reports that it is syncing."""
    reason: str = "the tracker has just started"
    """Why `in_force` is false, "" otherwise."""
    waits_for: tuple[str, ...] = ()
    since: float = 0.0
    """When `in_force` last changed."""
    confirmed_at: float | None = None
    """When the node last answered on the connection of the subscription."""
    daa_score: int = 0
    """Virtual DAA score at `confirmed_at`."""
    last_event_at: float | None = None


@dataclass
class Board:
    """Holds the current state: the follower writes it, everything else reads it."""

    standing: Standing = Standing()  # frozen


@dataclass(frozen=True)
class Readiness:
    ready: bool
    reason: str
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class BalanceState:
    """Whether a balance is current, and when it last was."""

    status: Status
    reason: str
    """Why the status is not "ok"; "" if it is."""
    daa_score: int | None
    as_of: datetime | None
    age_s: float | None


def fault(standing: Standing, now: float) -> str:
    """Why balances are not current at `now`; "" if they are."""
    if not standing.in_force:
        return standing.reason
    if standing.confirmed_at is None or now - standing.confirmed_at > SILENT_AFTER_S:
        return "kaspad does not answer"
    if not standing.synced:
        return "kaspad is still syncing, so its balances are out of date"
    return ""


def readiness(standing: Standing, database_fault: str, now: float) -> Readiness:
    """Ready if database and node are available, the subscription is active and the snapshot taken."""
    if database_fault:
        return Readiness(False, database_fault, ("timescaledb",))
    reason = fault(standing, now)
    if reason:
        return Readiness(False, reason, standing.waits_for if not standing.in_force else ("kaspad",))
    return Readiness(True, "subscribed, and kaspad confirms the balances")


def balance_state(account: Account, standing: Standing, now: float) -> BalanceState:
    """The state of one account's balance at `now`.

    `pending`: no snapshot yet, and nothing is wrong. `error`: no balance, because the node or the database fails.
    `stale`: the last known balance, no longer confirmed. An unknown balance is never shown as zero.
    """
    reason = fault(standing, now)
    if account.balance is None or account.as_of is None:
        if reason:
            return BalanceState("error", reason, None, None, None)
        return BalanceState("pending", "the tracker is reading its first balance", None, None, None)
    told, daa_score = account.as_of.timestamp(), account.daa_score or 0
    if standing.synced and standing.confirmed_at is not None and standing.confirmed_at > told:
        told, daa_score = standing.confirmed_at, max(daa_score, standing.daa_score)
    as_of = datetime.fromtimestamp(told, UTC)
    return BalanceState("stale" if reason else "ok", reason, daa_score, as_of, max(0.0, now - told))
