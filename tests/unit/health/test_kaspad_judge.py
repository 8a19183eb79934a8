"""What facts of a kaspad mean: facts in, judgement out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from manage.health.drivers import Target
from manage.health.facts import value
from manage.health.model import EngineState, Fact
from manage.health.probes.kaspad import driver as kaspad
from manage.health.probes.kaspad.driver import Answers

GOOD: Mapping[str, Any] = {
    "daa_score": 92_481_230,
    "tip_age": 0.4,
    "since_tip_moved": 0.2,
    "tip_seen_moving": True,
    "peers": 8,
    "utxoindex": True,
    "block_count": 1_000_000,
    "header_count": 1_000_000,
    "ibd_peer": "",
    "is_synced": True,
    "network_id": "mainnet",
    "version": "2.0.1",
}


def facts_at(at: float, **changes: Any) -> tuple[Fact, ...]:
    return tuple(Fact(name, measured, at) for name, measured in {**GOOD, **changes}.items() if measured is not None)


CASES: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("all well", "mainnet", {}, "healthy", "tip 0.4 s old, 8 peers, DAA score 92 481 230, UTXO index ready"),
    ("no peers", "mainnet", {"peers": 0}, "degraded", "0 peers"),
    ("no peers on a chain of one's own", "private", {"peers": 0, "network_id": "simnet"}, "healthy", "0 peers"),
    ("no UTXO index", "mainnet", {"utxoindex": False}, "degraded", "--utxoindex"),
    ("another network", "mainnet", {"network_id": "testnet-10"}, "degraded", "on testnet-10, not on mainnet"),
    (
        "a tip that stands still, and isSynced says true",
        "mainnet",
        {"tip_age": 300, "since_tip_moved": 300},
        "degraded",
        "tip 5 min old and standing still",
    ),
    (
        "a tip that stood still before watch began",
        "mainnet",
        {"tip_age": 300, "since_tip_moved": 2, "tip_seen_moving": False},
        "degraded",
        "standing still",
    ),
    (
        "a tip that stands still where that is no fault",
        "private",
        {"tip_age": 9000, "since_tip_moved": 9000, "network_id": "simnet"},
        "healthy",
        "tip 2 h 30 min old",
    ),
    ("catching up", "mainnet", {"tip_age": 900, "is_synced": False}, "syncing", "tip 15 min old and moving"),
    ("a clock that is off", "mainnet", {"tip_age": 900}, "degraded", "clock"),
    (
        "a fresh private chain: isSynced false, a sink of 2021",
        "private",
        {"daa_score": 0, "is_synced": False, "peers": 0, "tip_age": 1.6e8, "network_id": "simnet"},
        "healthy",
        "no block yet",
    ),
    (
        "cut from its only peer in the middle of a sync, isSynced true",
        "private",
        {"block_count": 6076, "header_count": 19_999, "peers": 0, "network_id": "simnet"},
        "degraded",
        "6076 of 19 999 blocks and no peer",
    ),
    (
        "a sync that stands still",
        "mainnet",
        {"block_count": 5, "header_count": 5000, "sync_percent": 12.0, "since_sync_moved": 1200},
        "degraded",
        "sync stands still at 12 % for 20 min",
    ),
    (
        "a peer that it still syncs from, at equal counts",
        "mainnet",
        {"ibd_peer": "1.2.3.4:16111"},
        "syncing",
        "8 peers",
    ),
    ("a few headers ahead", "mainnet", {"header_count": 1_000_050}, "healthy", "tip"),
]


@pytest.mark.parametrize(("case", "network", "changes", "verdict", "words"), CASES, ids=[case[0] for case in CASES])
def test_facts_mean(
    case: str,
    network: str,
    changes: dict[str, Any],
    verdict: str,
    words: str,
    target: Callable[..., Target],
    running: EngineState,
    now: float,
) -> None:
    judgement = kaspad.judge(target("kaspad", network), facts_at(now, **changes), running, now)
    assert (judgement.verdict, words in judgement.reason.replace("\u202f", " ")) == (verdict, True), judgement.reason
    assert judgement.checks["rpc"]


def test_facts_age_while_no_newer_ones_come(target: Callable[..., Target], running: EngineState, now: float) -> None:
    facts = facts_at(now, tip_age=58.0, since_tip_moved=58.0)
    assert kaspad.judge(target("kaspad", "mainnet"), facts, running, now).verdict == "healthy"
    assert kaspad.judge(target("kaspad", "mainnet"), facts, running, now + 5).verdict == "degraded"


def test_a_node_that_has_just_started_may_look_for_peers(
    target: Callable[..., Target], running: EngineState, now: float
) -> None:
    young = replace(running, started_at=now - 10)
    judgement = kaspad.judge(target("kaspad", "mainnet", startup_s=600), facts_at(now, peers=0), young, now)
    assert judgement.verdict == "starting"


def answers(daa_score: int, sink_at: float | None = None, **dag: Any) -> Answers:
    return Answers(
        server={
            "virtualDaaScore": daa_score,
            "hasUtxoIndex": True,
            "isSynced": True,
            "networkId": "simnet",
            "serverVersion": "2.0.1",
        },
        dag={"blockCount": daa_score, "headerCount": daa_score, **dag},
        peers=(),
        sink_at=sink_at,
    )


def test_it_knows_for_how_long_the_tip_has_not_moved_as_seen_from_here(now: float) -> None:
    first = kaspad.derive((), answers(10), (), now)
    still = kaspad.derive(first, answers(10), (), now + 30)
    moved = kaspad.derive(still, answers(11), (), now + 32)
    assert [value(facts, "since_tip_moved") for facts in (first, still, moved)] == [0.0, 30.0, 0.0]
    assert [value(facts, "tip_seen_moving") for facts in (first, still, moved)] == [False, False, True]


def test_a_second_sync_starts_its_progress_anew(now: float) -> None:
    first = kaspad.derive((), answers(5000, headerCount=10_000), (), now)
    whole = kaspad.derive(first, answers(10_000), (), now + 2)
    again = kaspad.derive(whole, answers(10_000, headerCount=90_000), (), now + 4)
    assert value(first, "sync_percent") > 60
    assert value(whole, "sync_percent") is None
    assert value(again, "sync_percent") < 40


def test_progress_does_not_fall_when_headers_run_ahead(now: float) -> None:
    first = kaspad.derive((), answers(5000, headerCount=10_000), (), now)
    ahead = kaspad.derive(first, answers(5100, headerCount=50_000), (), now + 2)
    assert value(ahead, "sync_percent") == value(first, "sync_percent")


def test_a_progress_line_of_yesterday_is_not_believed(now: float) -> None:
    log = ((now - 86_400, "IBD: Processed 19701 block headers (98%) last block timestamp: x"),)
    facts = kaspad.derive((), answers(0, headerCount=500), log, now)
    assert value(facts, "header_percent") is None
    assert value(facts, "sync_percent") == 0.0
