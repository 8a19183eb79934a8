"""What facts of a bitcoind mean, and the proof that its ZMQ tells of every block."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from nodeclients.zmq import Frame

from manage.health.drivers import Target
from manage.health.facts import value
from manage.health.model import EngineState, Fact
from manage.health.probes.bitcoind import driver as bitcoind
from manage.health.probes.bitcoind.driver import Answers
from manage.health.probes.bitcoind.zmq_proof import Seen, Subscription, proof

GOOD: Mapping[str, Any] = {
    "height": 921_844,
    "header_height": 921_844,
    "tip_age": 240.0,
    "since_tip_moved": 120.0,
    "tip_seen_moving": True,
    "tip_hash": "aa" * 32,
    "peers": 8,
    "ibd": False,
    "verified_percent": 100.0,
    "mempool_txs": 5000,
    "mempool_bytes": 1_000_000,
    "mempool_loaded": True,
    "chain": "main",
    "zmq_topics": ["rawblock", "rawtx", "sequence"],
    "zmq_proven": True,
    "zmq_missed": 0,
    "zmq_silent": 0.3,
    "zmq_block_age": 120.0,
    "zmq_base": "00" * 32,
}


def facts_at(at: float, **changes: Any) -> tuple[Fact, ...]:
    return tuple(Fact(name, measured, at) for name, measured in {**GOOD, **changes}.items() if measured is not None)


CASES: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("all well", "mainnet", {}, "healthy", "tip 2 min old, 8 peers, height 921 844, ZMQ proven"),
    ("a chain that has not moved yet", "mainnet", {"zmq_proven": False}, "healthy", "ZMQ not proven yet"),
    (
        "ZMQ silent",
        "mainnet",
        {
            "zmq_proven": False,
            "zmq_behind": 240.0,
            "zmq_silent": 250.0,
            "zmq_block_age": 250.0,
            "since_tip_moved": 12.0,
        },
        "degraded",
        "ZMQ silent for 4 min 10 s while the RPC tip is 12 s old",
    ),
    (
        "transactions come, but no block",
        "mainnet",
        {"zmq_proven": False, "zmq_behind": 240.0, "zmq_silent": 0.2, "zmq_block_age": 250.0, "since_tip_moved": 12.0},
        "degraded",
        "no block on ZMQ for 4 min 10 s",
    ),
    ("a block that ZMQ has not told of yet", "mainnet", {"zmq_behind": 9.0}, "healthy", "tip"),
    (
        "lost messages",
        "mainnet",
        {"zmq_missed": 31, "zmq_gap": 120.0, "zmq_gap_topic": "rawtx"},
        "degraded",
        "31 messages",
    ),
    (
        "lost messages of long ago",
        "mainnet",
        {"zmq_missed": 31, "zmq_gap": 400.0, "zmq_gap_topic": "rawtx"},
        "healthy",
        "tip",
    ),
    ("a topic is not published", "mainnet", {"zmq_topics": ["rawtx", "sequence"]}, "degraded", "-zmqpubrawblock"),
    ("no peers", "mainnet", {"peers": 0}, "degraded", "0 peers"),
    ("no peers on a chain of one's own", "private", {"peers": 0, "chain": "regtest"}, "healthy", "0 peers"),
    ("the tip is old", "mainnet", {"since_tip_moved": 7500.0}, "degraded", "tip 2 h 5 min old"),
    ("initial download", "mainnet", {"ibd": True, "verified_percent": 12.3, "height": 101_000}, "syncing", "12 %"),
    ("a download flag that stays on regtest", "private", {"ibd": True, "chain": "regtest"}, "healthy", "tip"),
    ("behind its headers", "mainnet", {"height": 921_000, "verified_percent": 99.97}, "syncing", "921 000 of 921 844"),
    ("no peer to sync from", "mainnet", {"height": 921_000, "peers": 0}, "degraded", "no peer"),
    ("the mempool is loading", "mainnet", {"mempool_loaded": False}, "starting", "mempool"),
    ("another chain", "mainnet", {"chain": "regtest"}, "degraded", "on regtest, not on main"),
    ("without ZMQ in the stack", "mainnet", {"zmq_proven": None, "zmq_topics": None}, "healthy", "height 921 844"),
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
    judgement = bitcoind.judge(target("bitcoind", network), facts_at(now, **changes), running, now)
    assert (judgement.verdict, words in judgement.reason.replace("\u202f", " ")) == (verdict, True), judgement.reason


def test_warming_up_is_told_in_cores_own_words(target: Callable[..., Target], running: EngineState, now: float) -> None:
    facts = (Fact("warming", "Loading block index…", now),)
    judgement = bitcoind.judge(target("bitcoind", "mainnet"), facts, running, now)
    assert (judgement.verdict, judgement.reason) == ("starting", "Loading block index…")
    assert not judgement.checks.get("rpc")


def test_silent_zmq_fails_the_checks_that_the_oracle_needs(
    target: Callable[..., Target], running: EngineState, now: float
) -> None:
    silent = bitcoind.judge(target("bitcoind", "mainnet"), facts_at(now, zmq_behind=30.0), running, now)
    assert not silent.checks["zmq_rawtx"]
    one_less = bitcoind.judge(
        target("bitcoind", "mainnet"), facts_at(now, zmq_topics=["rawtx", "sequence"]), running, now
    )
    assert one_less.checks["zmq_rawtx"]
    assert not one_less.checks["zmq_rawblock"]


def test_a_node_that_has_just_started_may_look_for_peers(
    target: Callable[..., Target], running: EngineState, now: float
) -> None:
    young = replace(running, started_at=now - 10)
    target_ = target("bitcoind", "mainnet", startup_s=900)
    assert bitcoind.judge(target_, facts_at(now, peers=0), young, now).verdict == "starting"


class Chain:
    """A tip that RPC names and what ZMQ told, step by step in time."""

    def __init__(self, now: float) -> None:
        self.began = now
        self.facts: tuple[Fact, ...] = ()

    def step(self, after: float, tip: str, *told: str, interrupted: bool = False, **seen: Any) -> tuple[Fact, ...]:
        at = self.began + after
        told_of = Seen(since=self.began - 10, blocks=frozenset(told), **seen)
        fresh = proof(self.facts, tip, told_of, at, interrupted=interrupted)
        self.facts = (*fresh, Fact("tip_hash", tip, at))
        return self.facts


def test_a_chain_that_has_not_moved_is_not_proven_and_no_fault(now: float) -> None:
    chain = Chain(now)
    for after in range(0, 600, 2):
        chain.step(after, "a")
    assert value(chain.facts, "zmq_proven") is False
    assert value(chain.facts, "zmq_behind") is None


def test_a_block_that_zmq_told_of_proves_it(now: float) -> None:
    chain = Chain(now)
    chain.step(0, "a")
    chain.step(2, "b", "b")
    assert value(chain.facts, "zmq_proven") is True


def test_the_first_block_of_a_fresh_chain_is_no_movement(now: float) -> None:
    """bitcoind sends a C for the genesis block when it starts on an empty folder: the tip that RPC names first."""
    chain = Chain(now)
    for after in range(0, 20, 2):
        chain.step(after, "genesis", "genesis")
    assert value(chain.facts, "zmq_proven") is False


def test_what_was_proven_stays_so_while_the_chain_stands_still(now: float) -> None:
    chain = Chain(now)
    for after, tip in ((0, "a"), (2, "b"), (4, "b"), (600, "b")):
        chain.step(after, tip, "b")
    assert value(chain.facts, "zmq_proven") is True


def test_the_time_is_counted_since_rpc_first_named_a_tip_that_zmq_has_not_told_of(now: float) -> None:
    chain = Chain(now)
    chain.step(0, "a")
    chain.step(2, "b")
    chain.step(12, "b")
    chain.step(22, "c")
    assert value(chain.facts, "zmq_behind") == 20.0


def test_a_block_that_comes_late_ends_the_count(now: float) -> None:
    chain = Chain(now)
    chain.step(0, "a")
    chain.step(2, "b")
    chain.step(4, "b", "b")
    assert value(chain.facts, "zmq_behind") is None
    assert value(chain.facts, "zmq_proven") is True


def test_blocks_of_the_first_two_seconds_prove_nothing(now: float) -> None:
    fresh = Seen(since=now)
    first = (*proof((), "a", fresh, now), Fact("tip_hash", "a", now))
    second = proof(first, "b", fresh, now + 1)
    assert value(second, "zmq_behind") is None


def test_a_block_taken_off_is_no_silence(now: float) -> None:
    chain = Chain(now)
    chain.step(0, "a")
    chain.step(2, "b", "b")
    chain.step(4, "0", "b", undone=True, block_at=now + 3)
    chain.step(60, "0", "b", undone=True, block_at=now + 3)
    assert value(chain.facts, "zmq_behind") is None


def test_silence_after_a_block_was_taken_off_is_still_found(now: float) -> None:
    chain = Chain(now)
    chain.step(0, "a", "a")
    chain.step(4, "0", "a", undone=True, block_at=now + 3)
    chain.step(10, "0", "a", undone=True, block_at=now + 3)
    chain.step(60, "c", "a", undone=True, block_at=now + 3)
    chain.step(80, "c", "a", undone=True, block_at=now + 3)
    assert value(chain.facts, "zmq_behind") == 20.0


def test_a_block_that_came_while_nobody_answered_is_not_held_against_zmq(now: float) -> None:
    chain = Chain(now)
    chain.step(0, "a")
    chain.step(30, "b", interrupted=True)
    chain.step(60, "b")
    assert value(chain.facts, "zmq_behind") is None
    chain.step(62, "c")
    chain.step(92, "c")
    assert value(chain.facts, "zmq_behind") == 30.0


def test_a_lost_probe_does_not_clear_a_silence(now: float) -> None:
    chain = Chain(now)
    chain.step(0, "a")
    chain.step(2, "b")
    chain.step(40, "c", interrupted=True)
    assert value(chain.facts, "zmq_behind") == 38.0


def frame(topic: str, counter: int, at: float, body: bytes = b"") -> Frame:
    return Frame(topic, body, counter, at)


def test_every_topics_counter_is_checked(now: float) -> None:
    subscription = Subscription("tcp://127.0.0.1:1", now)
    for counter in (5, 6, 9):
        subscription.take(frame("rawtx", counter, now + counter))
    subscription.take(frame("rawblock", 3, now + 20))
    seen = subscription.seen()
    assert (seen.missed, seen.gap_topic, seen.gap_at) == (2, "rawtx", now + 9)


def test_counters_that_begin_again_are_a_restart_and_no_loss(now: float) -> None:
    subscription = Subscription("tcp://127.0.0.1:1", now)
    subscription.take(frame("sequence", 900, now, bytes(32) + b"C"))
    subscription.take(frame("sequence", 0, now + 60, bytes.fromhex("11" * 32) + b"C"))
    seen = subscription.seen()
    assert (seen.missed, seen.since, seen.blocks) == (0, now + 60, frozenset({"11" * 32}))


def test_a_body_that_is_no_sequence_event_is_passed_over(now: float) -> None:
    subscription = Subscription("tcp://127.0.0.1:1", now)
    subscription.take(frame("sequence", 1, now, b"short"))
    assert subscription.seen().block_at is None


def answers(tip: str, **chain: Any) -> Answers:
    return Answers(
        chain={
            "chain": "regtest",
            "blocks": 101,
            "headers": 101,
            "bestblockhash": tip,
            "mediantime": 1_795_299_000,
            "initialblockdownload": False,
            "verificationprogress": 1,
            **chain,
        },
        mempool={"loaded": True, "size": 3, "bytes": 700},
        network={"connections": 0, "subversion": "/Satoshi:31.99.0/"},
        topics=("rawblock", "rawtx", "sequence"),
        uptime_s=50.0,
    )


def test_facts_name_their_units_and_the_tips_age(now: float) -> None:
    facts = bitcoind.derive((), answers("aa", time=now - 90), None, now)
    assert value(facts, "tip_age") == 90.0
    assert value(facts, "version") == "Satoshi:31.99.0"
    assert next(fact.unit for fact in facts if fact.name == "mempool_bytes") == "bytes"
    later = bitcoind.derive(facts, answers("aa", time=now - 90), None, now + 8)
    assert (value(later, "since_tip_moved"), value(later, "tip_seen_moving")) == (8.0, False)
