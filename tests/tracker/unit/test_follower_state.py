"""How far a balance can be trusted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tracker import portfolio
from tracker.follower_state import FollowerState, balance_state, readiness
from tracker.store.accounts import Account

NOW = 1_800_000_000.0
FOLLOWING = FollowerState(following=True, reason="", confirmed_at=NOW - 1, daa_score=500)
LOST = FollowerState(
    following=False, reason="kaspad closed the connection", waits_for=("kaspad",), confirmed_at=NOW - 60
)


def account(balance: int | None = 7, age_s: float = 3600, address: str = "kaspasim:q") -> Account:
    told = datetime.fromtimestamp(NOW - age_s, UTC)
    known = balance is not None
    return Account("kaspa", address, "", told, balance, 400 if known else None, told if known else None)


def test_a_balance_under_a_living_subscription_is_as_old_as_the_last_sign_of_life() -> None:
    state = balance_state(account(), FOLLOWING, NOW)
    assert (state.status, state.age_s, state.daa_score) == ("ok", 1.0, 500)


def test_a_balance_told_after_the_last_sign_of_life_has_its_own_age() -> None:
    state = balance_state(account(age_s=0.2), FOLLOWING, NOW)
    assert state.status == "ok"
    assert state.age_s == pytest.approx(0.2)


def test_without_the_node_the_last_balance_is_stale_and_grows_old() -> None:
    state = balance_state(account(), LOST, NOW)
    assert (state.status, state.reason, state.age_s) == ("stale", "kaspad closed the connection", 60.0)


def test_a_new_address_is_pending() -> None:
    assert balance_state(account(None), FOLLOWING, NOW).status == "pending"


def test_a_new_address_without_a_node_is_an_error_with_the_reason() -> None:
    state = balance_state(account(None), LOST, NOW)
    assert (state.status, state.reason) == ("error", "kaspad closed the connection")


def test_silence_alone_makes_a_balance_stale() -> None:
    silent = FollowerState(following=True, reason="", confirmed_at=NOW - 9.5)
    assert balance_state(account(), silent, NOW).reason == "kaspad does not answer"


def test_a_node_that_still_syncs_confirms_nothing() -> None:
    syncing = FollowerState(following=True, reason="", confirmed_at=NOW - 1, synced=False, daa_score=500)
    state = balance_state(account(), syncing, NOW)
    assert (state.status, state.age_s, state.daa_score) == ("stale", 3600.0, 400)
    assert readiness(syncing, "", NOW).waits_for == ("kaspad",)


def test_it_is_ready_only_with_database_and_node() -> None:
    assert readiness(FOLLOWING, "", NOW).ready
    away = readiness(FOLLOWING, "the database does not answer", NOW)
    assert (away.ready, away.reason, away.waits_for) == (False, "the database does not answer", ("timescaledb",))
    lost = readiness(LOST, "", NOW)
    assert (lost.ready, lost.reason, lost.waits_for) == (False, "kaspad closed the connection", ("kaspad",))


def test_a_just_started_tracker_is_not_ready() -> None:
    assert not readiness(FollowerState(), "", NOW).ready


def test_totals_are_exact_and_say_when_a_part_is_missing() -> None:
    big = 2**53 + 1
    shown = portfolio.of_accounts([account(big), account(big), account(None)], FOLLOWING, "sandbox", NOW)
    total = shown.totals["kaspa"]
    assert (total.amount, total.formatted) == ("18014398509481986", "180143985.09481986")
    assert (total.status, total.complete) == ("pending", False)
    assert shown.addresses[2].balance.amount is None


def test_a_total_is_as_good_as_its_worst_part() -> None:
    assert portfolio.of_accounts([account(), account(0)], FOLLOWING, "sandbox", NOW).totals["kaspa"].status == "ok"
    assert portfolio.of_accounts([account(), account(0)], LOST, "sandbox", NOW).totals["kaspa"].status == "stale"


def test_a_portfolio_without_addresses_has_no_totals() -> None:
    empty = portfolio.of_accounts([], FOLLOWING, "sandbox", NOW)
    assert (empty.addresses, empty.totals) == ([], {})


def test_an_address_that_cannot_be_read_is_named_and_harms_no_other() -> None:
    state = FollowerState(following=True, reason="", confirmed_at=NOW - 1, unanswerable={"kaspasim:q": "too rich"})
    assert balance_state(account(), state, NOW).reason == "too rich"
    assert balance_state(account(), state, NOW).age_s == 3600.0, "only a balance that is read can be confirmed"
    assert balance_state(account(None), state, NOW).status == "error"
    assert balance_state(account(address="kaspasim:z"), state, NOW).status == "ok"
    ready = readiness(state, "", NOW, followed=2)
    assert (ready.ready, ready.reason) == (True, "kaspad confirms the balances, except for kaspasim:q: too rich")


def test_when_no_address_can_be_read_the_node_is_to_blame() -> None:
    state = FollowerState(following=True, reason="", confirmed_at=NOW - 1, unanswerable={"a": "odd", "b": "odd"})
    gone = readiness(state, "", NOW, followed=2)
    assert (gone.ready, gone.waits_for) == (False, ("kaspad",))
    assert gone.reason == "none of 2 addresses can be read; a, and 1 more: odd"


def test_a_balance_that_is_read_again_is_stale_until_then() -> None:
    state = FollowerState(following=True, reason="", confirmed_at=NOW - 1, reading=frozenset({"kaspasim:q"}))
    assert balance_state(account(), state, NOW).status == "stale"
    assert balance_state(account(None), state, NOW).status == "pending"
