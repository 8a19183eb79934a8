"""What facts of a bitcoind mean, and the proof that its ZMQ tells of every block."""

from __future__ import annotations

from typing import Any

import pytest
from nodeclients.zmq import Frame

from manage.health.facts import value
from manage.health.model import Fact
from manage.health.probes.bitcoind import driver as bitcoind
from manage.health.probes.bitcoind.driver import Answers
from manage.health.probes.bitcoind.zmq_proof import Seen, Subscription, proof


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


@pytest.mark.promise("A chain that has not moved is not proven, which is not a fault", runs="ci")
def test_a_chain_that_has_not_moved_is_not_proven_and_no_fault(now: float) -> None:
    chain = Chain(now)
    for after in range(0, 600, 2):
        chain.step(after, "a")
    assert value(chain.facts, "zmq_proven") is False
    assert value(chain.facts, "zmq_behind") is None


def test_a_block_that_arrives_over_zmq_proves_it(now: float) -> None:
    chain = Chain(now)
    chain.step(0, "a")
    chain.step(2, "b", "b")
    assert value(chain.facts, "zmq_proven") is True


def test_the_first_block_of_a_new_chain_is_not_a_movement(now: float) -> None:
    """bitcoind sends a C for the genesis block when it starts on an empty folder: the tip that RPC names first."""
    chain = Chain(now)
    for after in range(0, 20, 2):
        chain.step(after, "genesis", "genesis")
    assert value(chain.facts, "zmq_proven") is False


def test_the_proof_holds_while_the_chain_does_not_move(now: float) -> None:
    chain = Chain(now)
    for after, tip in ((0, "a"), (2, "b"), (4, "b"), (600, "b")):
        chain.step(after, tip, "b")
    assert value(chain.facts, "zmq_proven") is True


def test_the_lag_counts_from_the_first_tip_that_did_not_arrive_over_zmq(now: float) -> None:
    chain = Chain(now)
    chain.step(0, "a")
    chain.step(2, "b")
    chain.step(12, "b")
    chain.step(22, "c")
    assert value(chain.facts, "zmq_behind") == 20.0


def test_a_late_block_ends_the_lag(now: float) -> None:
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


def test_a_disconnected_block_is_not_a_silence(now: float) -> None:
    chain = Chain(now)
    chain.step(0, "a")
    chain.step(2, "b", "b")
    chain.step(4, "0", "b", disconnected=True, block_at=now + 3)
    chain.step(60, "0", "b", disconnected=True, block_at=now + 3)
    assert value(chain.facts, "zmq_behind") is None


def test_silence_after_a_disconnected_block_is_still_found(now: float) -> None:
    chain = Chain(now)
    chain.step(0, "a", "a")
    chain.step(4, "0", "a", disconnected=True, block_at=now + 3)
    chain.step(10, "0", "a", disconnected=True, block_at=now + 3)
    chain.step(60, "c", "a", disconnected=True, block_at=now + 3)
    chain.step(80, "c", "a", disconnected=True, block_at=now + 3)
    assert value(chain.facts, "zmq_behind") == 20.0


def test_a_block_that_came_while_probes_failed_does_not_count_against_zmq(now: float) -> None:
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
        subscription.note_frame(frame("rawtx", counter, now + counter))
    subscription.note_frame(frame("rawblock", 3, now + 20))
    seen = subscription.seen()
    assert (seen.missed, seen.gap_topic, seen.gap_at) == (2, "rawtx", now + 9)


def test_what_was_sent_between_two_connections_is_not_lost_by_the_node() -> None:
    now = 1_700_000_000.0
    subscription = Subscription("tcp://127.0.0.1:1", now)
    subscription.note_frame(frame("rawtx", 7, now + 1), 1)
    subscription.note_frame(frame("rawblock", 1, now + 1), 1)
    subscription.note_frame(frame("rawtx", 12, now + 30), 2)
    assert (subscription.seen().missed, subscription.seen().since) == (0, now + 30), "the proof begins again"
    subscription.note_frame(frame("rawblock", 3, now + 31), 2)
    assert subscription.seen().missed == 0
    subscription.note_frame(frame("rawtx", 15, now + 32), 2)
    assert subscription.seen().missed == 2, "lost on one connection"


def test_counters_that_start_again_are_a_restart_and_not_a_loss(now: float) -> None:
    subscription = Subscription("tcp://127.0.0.1:1", now)
    subscription.note_frame(frame("sequence", 900, now, bytes(32) + b"C"))
    subscription.note_frame(frame("sequence", 0, now + 60, bytes.fromhex("11" * 32) + b"C"))
    seen = subscription.seen()
    assert (seen.missed, seen.since, seen.blocks) == (0, now + 60, frozenset({"11" * 32}))


def test_a_body_that_is_not_a_sequence_event_is_skipped(now: float) -> None:
    subscription = Subscription("tcp://127.0.0.1:1", now)
    subscription.note_frame(frame("sequence", 1, now, b"short"))
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
