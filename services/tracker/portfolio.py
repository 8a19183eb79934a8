"""Accounts and their balances as the API returns them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tracker.amounts import kas
from tracker.follower_state import FollowerState, Status, balance_state
from tracker.schemas import Address, AddressWithBalance, Balance, Portfolio, Total
from tracker.store.accounts import Account

_WORST_FIRST: tuple[Status, ...] = ("error", "pending", "stale", "ok")


def of_accounts(accounts: Sequence[Account], follower_state: FollowerState, network: str, now: float) -> Portfolio:
    """All accounts with their balances at `now` (unix seconds), and the total of each chain."""
    shown = [with_balance(account, follower_state, now) for account in accounts]
    chains = dict.fromkeys(account.chain for account in accounts)
    return Portfolio(
        as_of=datetime.fromtimestamp(now, UTC),
        network=network,
        addresses=shown,
        totals={chain: _total([each.balance for each in shown if each.chain == chain]) for chain in chains},
    )


def with_balance(account: Account, follower_state: FollowerState, now: float) -> AddressWithBalance:
    state = balance_state(account, follower_state, now)
    return AddressWithBalance(
        **plain(account).model_dump(),
        balance=Balance(
            amount=None if account.balance is None else str(account.balance),
            formatted=None if account.balance is None else kas(account.balance),
            status=state.status,
            reason=state.reason,
            daa_score=state.daa_score,
            as_of=state.as_of,
            age_s=None if state.age_s is None else round(state.age_s, 3),
        ),
    )


def plain(account: Account) -> Address:
    return Address(chain=account.chain, address=account.address, label=account.label, added_at=account.added_at)


def _total(balances: Sequence[Balance]) -> Total:
    known = [int(balance.amount) for balance in balances if balance.amount is not None]
    statuses = {balance.status for balance in balances}
    worst = next(status for status in _WORST_FIRST if status in statuses)
    total = sum(known)
    return Total(amount=str(total), formatted=kas(total), status=worst, complete=len(known) == len(balances))
