"""Whether the balances are current: pure functions of the follower's state and the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    reading: frozenset[str] = frozenset()
    """Addresses whose outputs are being read while the others are followed."""
    unanswerable: Mapping[str, str] = field(default_factory=dict)
    """Address -> why the node cannot answer for it; the others are followed."""


@dataclass
class StateHolder:
    """Holds the current state: the follower writes it, everything else reads it."""

    state: FollowerState = field(default_factory=FollowerState)


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


def unreadable(follower_state: FollowerState) -> str:
    """A sentence about the addresses that the node cannot answer, "" without any."""
    failures = sorted(follower_state.unanswerable.items())
    if not failures:
        return ""
    address, reason = failures[0]
    others = f", and {len(failures) - 1} more" if len(failures) > 1 else ""
    return f"{address}{others}: {reason}"


def readiness(follower_state: FollowerState, database_fault: str, now: float, followed: int | None = None) -> Readiness:
    """Ready if database and node are available, the subscription is active and the snapshot taken.

    Addresses that the node cannot answer leave the tracker ready, unless they are all of the `followed` ones.
    """
    if database_fault:
        return Readiness(False, database_fault, ("timescaledb",))
    reason = unconfirmed_reason(follower_state, now)
    if reason:
        return Readiness(False, reason, follower_state.waits_for if not follower_state.following else ("kaspad",))
    failed, sentence = len(follower_state.unanswerable), unreadable(follower_state)
    if followed is not None and failed >= max(followed, 2):
        return Readiness(False, f"none of {failed} addresses can be read; {sentence}", ("kaspad",))
    if failed:
        return Readiness(True, f"kaspad confirms the balances, except for {sentence}")
    return Readiness(True, "subscribed, and kaspad confirms the balances")


def balance_state(account: Account, follower_state: FollowerState, now: float) -> BalanceState:
    """The state of one account's balance at `now`.

    `pending`: no snapshot yet, and nothing is wrong. `error`: no balance, because the node or the database fails.
    `stale`: the last known balance, no longer confirmed. An unknown balance is never shown as zero.
    """
    reason = unconfirmed_reason(follower_state, now) or follower_state.unanswerable.get(account.address, "")
    if account.balance is None or account.as_of is None:
        if reason:
            return BalanceState("error", reason, None, None, None)
        return BalanceState("pending", "the tracker is reading its first balance", None, None, None)
    read_again = account.address in follower_state.reading
    if read_again and not reason:
        reason = "the tracker is reading this balance again"
    confirmed_at, daa_score = account.as_of.timestamp(), account.daa_score or 0
    live = follower_state.synced and not read_again and account.address not in follower_state.unanswerable
    if live and follower_state.confirmed_at is not None and follower_state.confirmed_at > confirmed_at:
        confirmed_at, daa_score = follower_state.confirmed_at, max(daa_score, follower_state.daa_score)
    as_of = datetime.fromtimestamp(confirmed_at, UTC)
    return BalanceState("stale" if reason else "ok", reason, daa_score, as_of, max(0.0, now - confirmed_at))
