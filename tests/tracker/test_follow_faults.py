"""The tracker when the node stops, sends errors, falls silent or returns. It must not lose or invent a change."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.stage.waiting import until
from tests.tracker.process import Tracker
from tests.tracker.tinynode import TinyNode, output

Address = Callable[[int], str]


@pytest.fixture
def followed(tracker: Tracker, node: TinyNode, address: Address) -> str:
    """An address that has 5 sompi."""
    first = address(1)
    node.pay(first, 5, "first")
    tracker.wait_ready()
    tracker.follow(first)
    tracker.wait_amount(first, 5)
    return first


def test_a_payment_is_in_the_portfolio_without_any_asking(tracker: Tracker, node: TinyNode, followed: str) -> None:
    node.pay(followed, 7, "second")
    shown = tracker.wait_amount(followed, 12, deadline_s=2)
    assert shown["formatted"] == "0.00000012"
    assert (shown["unit"], shown["reason"]) == ("sompi", "")
    assert 0 <= shown["age_s"] < 5


def test_amounts_beyond_two_to_the_53_are_exact(tracker: Tracker, node: TinyNode, followed: str) -> None:
    node.pay(followed, 2**53 + 1, "big")
    shown = tracker.wait_amount(followed, 2**53 + 6)
    assert shown["formatted"] == "90071992.54740998"
    assert tracker.ask("GET", f"/addresses/{followed}/balance").body == {"address": followed, "balance": 2**53 + 6}


def test_an_address_without_outputs_has_zero_although_the_node_says_null(
    tracker: Tracker, node: TinyNode, address: Address
) -> None:
    tracker.wait_ready()
    tracker.follow(address(2))
    assert tracker.wait_amount(address(2), 0)["formatted"] == "0"
    assert tracker.ask("GET", f"/addresses/{address(3)}/balance").body == {"address": address(3), "balance": 0}


def test_what_was_paid_while_the_node_was_away_is_there_after_it_returns(
    tracker: Tracker, node: TinyNode, followed: str
) -> None:
    """The silent loss of the official SDK: after a clean close its subscriptions are gone for a minute."""
    node.stop()
    gone = tracker.wait_not_ready("kaspad")
    assert gone["waits_for"] == ["kaspad"]
    assert tracker.balance(followed)["status"] == "stale"
    node.pay(followed, 7, "while away")
    node.listen()
    returned = time.monotonic()
    tracker.wait_amount(followed, 12)
    assert time.monotonic() - returned < 2.0
    node.pay(followed, 1, "after")
    tracker.wait_amount(followed, 13, deadline_s=2)
    assert tracker.metric('tracker_resyncs_total{cause="reconnect"}') >= 1


@pytest.mark.promise("Cut connections lose no payment", runs="ci")
def test_twenty_cut_connections_lose_nothing(tracker: Tracker, node: TinyNode, followed: str) -> None:
    total = 5
    for round_ in range(20):
        node.pay(followed, 1, f"before cut {round_}")
        node.cut()
        node.pay(followed, 1, f"after cut {round_}")
        total += 2
        until(lambda: followed in node.watched())
    node.pay(followed, 1, "last")
    tracker.wait_amount(followed, total + 1)


@pytest.mark.parametrize("body", [{"added": "nonsense"}, {"added": [{}], "removed": []}, [], None, 5])
def test_a_notification_that_cannot_be_read_ends_the_session_and_not_the_following(
    tracker: Tracker, node: TinyNode, followed: str, body: object
) -> None:
    """The other silent loss of the SDK: a callback that fails stops all events for good."""
    before = tracker.metric("tracker_sessions_lost_total")
    node.tell("UtxosChanged", body)
    until(lambda: tracker.metric("tracker_sessions_lost_total") > before)
    until(lambda: followed in node.watched())
    tracker.wait_ready()
    node.pay(followed, 7, "second")
    tracker.wait_amount(followed, 12, deadline_s=2)


def test_a_frame_that_is_no_wrpc_ends_the_session_and_not_the_following(
    tracker: Tracker, node: TinyNode, followed: str
) -> None:
    before = tracker.metric("tracker_sessions_lost_total")
    node.send_raw("{not json")
    until(lambda: tracker.metric("tracker_sessions_lost_total") > before)
    tracker.wait_ready()
    node.pay(followed, 7, "second")
    tracker.wait_amount(followed, 12, deadline_s=2)


def test_a_node_that_accepts_and_never_answers_is_noticed_within_ten_seconds(
    tracker: Tracker, node: TinyNode, followed: str
) -> None:
    node.behaviour.silent = True
    began = time.monotonic()
    gone = tracker.wait_not_ready("kaspad", deadline_s=10)
    assert time.monotonic() - began < 10
    assert gone["waits_for"] == ["kaspad"]
    shown = tracker.balance(followed)
    assert (shown["amount"], shown["status"]) == ("5", "stale")
    node.behaviour.silent = False
    tracker.wait_ready()
    tracker.wait_amount(followed, 5)


def test_without_a_utxo_index_it_is_not_ready_although_subscribing_works(
    start_tracker: Callable[..., Tracker], node: TinyNode
) -> None:
    node.behaviour.utxo_index = False
    tracker = start_tracker(node.url)
    body = tracker.wait_not_ready("--utxoindex")
    assert body["waits_for"] == ["kaspad"]
    node.behaviour.utxo_index = True
    tracker.wait_ready()


def test_a_node_of_another_network_is_refused_in_words(start_tracker: Callable[..., Tracker], node: TinyNode) -> None:
    node.behaviour.network = "mainnet"
    tracker = start_tracker(node.url)
    tracker.wait_not_ready("kaspad is on mainnet, but sandbox requires simnet")


def test_a_mainnet_node_that_syncs_confirms_no_balance(start_tracker: Callable[..., Tracker], node: TinyNode) -> None:
    node.behaviour.network = "mainnet"
    tracker = start_tracker(node.url, NETWORK="mainnet")
    tracker.wait_not_ready("syncing")
    node.behaviour.synced = True
    tracker.wait_ready()


@pytest.mark.promise("A failed request never shows as a zero balance", runs="ci")
def test_a_failed_question_is_never_a_zero(
    start_tracker: Callable[..., Tracker], node: TinyNode, address: Address
) -> None:
    node.pay(address(1), 5, "first")
    node.behaviour.errors["getUtxosByAddresses"] = "consensus is in a transitional ibd state"
    node.behaviour.errors["getBalancesByAddresses"] = "consensus is in a transitional ibd state"
    tracker = start_tracker(node.url)
    until(lambda: tracker.ask("GET", "/health", token=None).body["database"])
    tracker.follow(address(1))
    tracker.wait_not_ready("transitional ibd state")
    shown = tracker.balance(address(1))
    assert (shown["amount"], shown["formatted"], shown["status"]) == (None, None, "error")
    total = tracker.ask("GET", "/api/portfolio").body["totals"]["kaspa"]
    assert (total["status"], total["complete"]) == ("error", False)
    asked = tracker.ask("GET", f"/addresses/{address(1)}/balance")
    assert asked.status == 503
    assert asked.body["error"].startswith("The tracker is waiting for its node")
    node.behaviour.errors.clear()
    tracker.wait_amount(address(1), 5)


@pytest.mark.promise("Changes that arrive between the subscription and the snapshot are counted once", runs="ci")
def test_what_is_told_between_subscribing_and_the_snapshot_is_counted_once(
    tracker: Tracker, node: TinyNode, address: Address
) -> None:
    target = address(1)
    kept, spent = output(target, 5, "kept", 1), output(target, 11, "spent", 1)
    node.change(add=[kept, spent])
    tracker.wait_ready()
    node.behaviour.on_snapshot_read = lambda: node.change(add=[output(target, 7, "new", 2)], remove=[spent])
    tracker.follow(target)
    tracker.wait_amount(target, 12)
    node.pay(target, 1, "later")
    tracker.wait_amount(target, 13, deadline_s=2)


def test_a_notification_told_twice_counts_once(tracker: Tracker, node: TinyNode, followed: str) -> None:
    again = node.pay(followed, 7, "second")
    tracker.wait_amount(followed, 12)
    events = tracker.metric("tracker_events_total")
    node.tell("UtxosChanged", {"added": [again], "removed": []})
    until(lambda: tracker.metric("tracker_events_total") > events)
    assert tracker.balance(followed)["amount"] == "12"


def test_a_payment_taken_back_lowers_the_balance_again(tracker: Tracker, node: TinyNode, followed: str) -> None:
    paid = node.pay(followed, 7, "second")
    tracker.wait_amount(followed, 12)
    moved = {**paid, "utxoEntry": {**paid["utxoEntry"], "blockDaaScore": 2000}}
    node.change(add=[moved], remove=[paid])
    node.pay(followed, 1, "third")
    tracker.wait_amount(followed, 13)
    node.change(remove=[moved])
    tracker.wait_amount(followed, 6, deadline_s=2)


def test_a_new_utxo_set_after_pruning_is_read_anew(tracker: Tracker, node: TinyNode, followed: str) -> None:
    node.behaviour.mute = True
    node.pay(followed, 7, "in the new set")
    node.behaviour.mute = False
    node.tell("PruningPointUtxoSetOverride", {})
    tracker.wait_amount(followed, 12)
    assert tracker.metric('tracker_resyncs_total{cause="pruning"}') == 1


def test_an_address_added_while_the_node_is_away_is_followed_when_it_returns(
    tracker: Tracker, node: TinyNode, followed: str, address: Address
) -> None:
    node.stop()
    tracker.wait_not_ready("kaspad")
    tracker.follow(address(2))
    assert tracker.balance(address(2))["status"] == "error"
    node.pay(address(2), 3, "away")
    node.listen()
    tracker.wait_amount(address(2), 3)


def test_a_removed_address_is_neither_followed_nor_remembered(tracker: Tracker, node: TinyNode, followed: str) -> None:
    assert tracker.ask("DELETE", f"/api/addresses/{followed}").status == 204
    until(lambda: followed not in node.watched())
    assert tracker.ask("GET", "/api/portfolio").body["addresses"] == []
    node.pay(followed, 7, "unseen")
    tracker.follow(followed)
    tracker.wait_amount(followed, 12)


def test_state_survives_a_restart_and_is_stale_until_the_node_confirms_it(
    tracker: Tracker, node: TinyNode, followed: str
) -> None:
    node.stop()
    tracker.wait_not_ready("kaspad")
    tracker.restart()
    until(lambda: tracker.ask("GET", "/api/portfolio").status == 200)
    shown = tracker.balance(followed)
    assert (shown["amount"], shown["status"]) == ("5", "stale")
    assert shown["age_s"] > 0
    node.pay(followed, 2, "meanwhile")
    node.listen()
    tracker.wait_amount(followed, 7)


def test_a_killed_tracker_resumes_where_the_node_is(tracker: Tracker, node: TinyNode, followed: str) -> None:
    for round_ in range(3):
        node.pay(followed, 1, f"round {round_}")
        tracker.kill()
        tracker.start()
    tracker.wait_ready()
    tracker.wait_amount(followed, 8)


def test_a_thousand_addresses_are_followed_within_little_memory(
    start_tracker: Callable[..., Tracker], node: TinyNode, address: Address, cluster: object, database: str
) -> None:
    with cluster.connect(database) as connection:  # type: ignore[attr-defined]
        tracker = start_tracker(node.url)
        tracker.wait_ready()
        connection.cursor().executemany(
            "INSERT INTO account (chain, address) VALUES ('kaspa', %s)", [(address(n),) for n in range(1, 1001)]
        )
    node.change(add=[output(address(n % 1000 + 1), n, f"o{n}", 1) for n in range(1, 20001)])
    tracker.restart()
    tracker.wait_ready()
    total = tracker.ask("GET", "/api/portfolio").body["totals"]["kaspa"]
    assert (total["amount"], total["status"], total["complete"]) == (str(sum(range(1, 20001))), "ok", True)
    node.pay(address(500), 1, "one more")
    tracker.wait_amount(address(500), sum(n for n in range(1, 20001) if n % 1000 + 1 == 500) + 1, deadline_s=2)
    assert tracker.memory_bytes() < 120e6
