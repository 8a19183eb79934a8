"""The promise of the sandbox: a payment is in the portfolio within two seconds, whatever happened before."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stage.ports import free_port
from tests.tracker.process import Tracker
from tests.tracker.simulated import SimulatedKaspad

Address = Callable[[int], str]
KAS = 100_000_000


@pytest.fixture
def kaspad(tmp_path: Path) -> Iterator[SimulatedKaspad]:
    with SimulatedKaspad(tmp_path, free_port(), "--utxoindex") as running:
        yield running


@pytest.fixture
def tracker(start_tracker: Callable[..., Tracker], kaspad: SimulatedKaspad) -> Tracker:
    started = start_tracker(kaspad.url)
    started.wait_ready()
    return started


def test_a_payment_is_in_the_portfolio_within_two_seconds_and_still_after_a_restart(
    tracker: Tracker, kaspad: SimulatedKaspad, address: Address
) -> None:
    tracker.follow(address(1), "savings")
    tracker.wait_amount(address(1), 0)
    kaspad.order("pay", address=address(1), amount=250 * KAS)
    shown = tracker.wait_amount(address(1), 250 * KAS, deadline_s=2)
    assert shown["formatted"] == "250"
    tracker.restart()
    tracker.wait_ready()
    tracker.wait_amount(address(1), 250 * KAS)
    kaspad.order("pay", address=address(1), amount=KAS + 1)
    tracker.wait_amount(address(1), 251 * KAS + 1, deadline_s=2)


def test_every_payment_of_a_burst_is_counted_once(tracker: Tracker, kaspad: SimulatedKaspad, address: Address) -> None:
    tracker.follow(address(1))
    for _ in range(30):
        kaspad.order("pay", address=address(1), amount=3 * KAS)
    tracker.wait_amount(address(1), 90 * KAS)


@pytest.mark.promise("A payment that a reorganisation takes back lowers the balance again", runs="ci")
def test_a_payment_taken_back_by_a_reorganisation_is_taken_back_here(
    tracker: Tracker, kaspad: SimulatedKaspad, address: Address
) -> None:
    kaspad.order("mine", blocks=20)
    kaspad.order("pay", address=address(1), amount=2 * KAS)
    tracker.follow(address(1))
    tracker.wait_amount(address(1), 2 * KAS)
    kaspad.order("mine", blocks=20)
    before = kaspad.order("status")["height"]
    kaspad.order("pay", address=address(1), amount=7 * KAS)
    tracker.wait_amount(address(1), 9 * KAS, deadline_s=2)
    kaspad.order("reorg", depth=kaspad.order("status")["height"] - before + 1)
    tracker.wait_amount(address(1), 2 * KAS, deadline_s=2)
    kaspad.order("pay", address=address(1), amount=KAS)
    tracker.wait_amount(address(1), 3 * KAS, deadline_s=2)
    tracker.restart()
    tracker.wait_ready()
    tracker.wait_amount(address(1), 3 * KAS)


def test_dropped_connections_lose_no_payment(tracker: Tracker, kaspad: SimulatedKaspad, address: Address) -> None:
    tracker.follow(address(1))
    tracker.wait_amount(address(1), 0)
    for round_ in range(5):
        kaspad.order("drop")
        kaspad.order("pay", address=address(1), amount=2 * KAS)
        assert tracker.wait_not_ready("kaspad")["waits_for"] == ["kaspad"]
        kaspad.order("clear")
        tracker.wait_amount(address(1), (round_ + 1) * 2 * KAS, deadline_s=3)


def test_a_node_that_restarts_is_followed_on(tracker: Tracker, kaspad: SimulatedKaspad, address: Address) -> None:
    tracker.follow(address(1))
    kaspad.order("pay", address=address(1), amount=2 * KAS)
    tracker.wait_amount(address(1), 2 * KAS)
    kaspad.stop()
    tracker.wait_not_ready("kaspad")
    kaspad.start()
    tracker.wait_amount(address(1), 2 * KAS)
    kaspad.order("pay", address=address(1), amount=KAS)
    tracker.wait_amount(address(1), 3 * KAS, deadline_s=2)


@pytest.mark.parametrize("how", ["paused process", "frozen node"])
def test_silence_is_noticed_within_ten_seconds_and_forgiven(
    tracker: Tracker, kaspad: SimulatedKaspad, address: Address, how: str
) -> None:
    tracker.follow(address(1))
    kaspad.order("pay", address=address(1), amount=2 * KAS)
    tracker.wait_amount(address(1), 2 * KAS)
    kaspad.pause() if how == "paused process" else kaspad.order("freeze")
    began = time.monotonic()
    tracker.wait_not_ready("kaspad", deadline_s=10)
    assert time.monotonic() - began < 10
    assert tracker.balance(address(1))["status"] == "stale"
    kaspad.resume() if how == "paused process" else kaspad.order("clear")
    tracker.wait_amount(address(1), 2 * KAS)


def test_a_node_that_answers_slowly_is_followed_all_the_same(
    tracker: Tracker, kaspad: SimulatedKaspad, address: Address
) -> None:
    kaspad.order("lag", ms=300)
    tracker.follow(address(1))
    kaspad.order("pay", address=address(1), amount=2 * KAS)
    tracker.wait_amount(address(1), 2 * KAS)
    assert tracker.ready()["ready"]


def test_a_node_without_the_index_is_named(start_tracker: Callable[..., Tracker], tmp_path: Path) -> None:
    with SimulatedKaspad(tmp_path, free_port()) as kaspad:
        tracker = start_tracker(kaspad.url)
        assert tracker.wait_not_ready("--utxoindex")["waits_for"] == ["kaspad"]
