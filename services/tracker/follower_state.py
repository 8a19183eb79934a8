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
class FollowerState:
    """What the follower knows about its subscription. All times are unix seconds."""

    following: bool = False
    """The subscription is active, the snapshot taken, and every change since then applied."""
    synced: bool = True
    """False while a node of a public network reports that it is syncing."""
    reason: str = "the tracker has just started"
    """Why `following` is false, "" otherwise."""
    waits_for: tuple[str, ...] = ()
    since: float = 0.0
    """When `following` last changed."""
    confirmed_at: float | None = None
    """When the node last answered on the connection of the subscription."""
    daa_score: int = 0
    """Virtual DAA score at `confirmed_at`."""
    last_event_at: float | None = None


@dataclass
class StateHolder:
    """Holds the current state: the follower writes it, everything else reads it."""

    state: FollowerState = FollowerState()  # frozen


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


def unconfirmed_reason(follower_state: FollowerState, now: float) -> str:
    """Why balances are not current at `now`; "" if they are."""
    if not follower_state.following:
        return follower_state.reason
    if follower_state.confirmed_at is None or now - follower_state.confirmed_at > SILENT_AFTER_S:
        return "kaspad does not answer"
    if not follower_state.synced:
        return "kaspad is still syncing, so its balances are out of date"
    return ""


def readiness(follower_state: FollowerState, database_fault: str, now: float) -> Readiness:
    """Ready if database and node are available, the subscription is active and the snapshot taken."""
    if database_fault:
        return Readiness(False, database_fault, ("timescaledb",))
    reason = unconfirmed_reason(follower_state, now)
    if reason:
        return Readiness(False, reason, follower_state.waits_for if not follower_state.following else ("kaspad",))
    return Readiness(True, "subscribed, and kaspad confirms the balances")


def balance_state(account: Account, follower_state: FollowerState, now: float) -> BalanceState:
    """The state of one account's balance at `now`.

    `pending`: no snapshot yet, and nothing is wrong. `error`: no balance, because the node or the database fails.
    `stale`: the last known balance, no longer confirmed. An unknown balance is never shown as zero.
    """
    reason = unconfirmed_reason(follower_state, now)
    if account.balance is None or account.as_of is None:
        if reason:
            return BalanceState("error", reason, None, None, None)
        return BalanceState("pending", "the tracker is reading its first balance", None, None, None)
    confirmed_at, daa_score = account.as_of.timestamp(), account.daa_score or 0
    if follower_state.synced and follower_state.confirmed_at is not None and follower_state.confirmed_at > confirmed_at:
        confirmed_at, daa_score = follower_state.confirmed_at, max(daa_score, follower_state.daa_score)
    as_of = datetime.fromtimestamp(confirmed_at, UTC)
    return BalanceState("stale" if reason else "ok", reason, daa_score, as_of, max(0.0, now - confirmed_at))
