"""bitcoind: height, tip age, peers, mempool, and whether every block arrives over ZMQ (`zmq_proof`)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nodeclients.bitcoind import BitcoindClient, PasswordFile
from nodeclients.errors import NodeError, NodeFault, NodeWarmingUp
from nodeclients.networks import BITCOIN

from manage import words
from manage.health import fetch
from manage.health.drivers import DEADLINE_S, Memory, ProbeFault, Target, in_startup
from manage.health.facts import AGE, current_age, value, zero_time
from manage.health.model import EngineState, Fact, Judgement
from manage.health.probes.bitcoind import clock
from manage.health.probes.bitcoind.zmq_proof import TOPICS, Seen, Subscription, proof
from manage.immutable import dataclass

METHODS = ("getblockchaininfo", "getmempoolinfo", "getnetworkinfo", "getzmqnotifications", "uptime")
SYNCED_WITHIN = 2
"""How many headers may be ahead of the blocks without a sync: a new block's header arrives before the block."""


@dataclass(frozen=True)
class Answers:
    """What bitcoind answered in one probe, in its own words; `topics` without their "pub"."""

    chain: Mapping[str, Any]
    mempool: Mapping[str, Any]
    network: Mapping[str, Any]
    topics: tuple[str, ...]
    uptime_s: float


async def probe(target: Target, memory: Memory) -> tuple[Fact, ...]:
    """One batch of RPC calls, and what the open ZMQ subscription has received."""
    at = time.time()
    subscription = await _subscription(target, memory, at) if "zmq" in target.ports else None
    endpoint = target.endpoint("rpc")
    credentials = PasswordFile("watch", target.secrets / "bitcoind_rpc_watch")
    client = BitcoindClient(endpoint.host, endpoint.port, credentials, timeout_s=DEADLINE_S)
    try:
        results = await client.batch([(method, ()) for method in METHODS])
    except NodeFault as fault:
        raise fetch.node_fault(endpoint, fault) from fault
    for method, result in zip(METHODS, results, strict=True):
        if isinstance(result, NodeWarmingUp):
            return (Fact("warming", result.message, at),)
        if isinstance(result, NodeError):
            raise ProbeFault(f"{method}: {result.message}")
    chain, mempool, network, notifications, uptime_s = results
    topics = tuple(sorted({str(entry["type"]).removeprefix("pub") for entry in notifications}))
    answers = Answers(chain, mempool, network, topics, float(uptime_s))
    if subscription is not None and _restarted(memory, answers):
        subscription.reset(at)
    seen = subscription.seen() if subscription is not None else None
    return derive(memory.facts, answers, seen, time.time(), interrupted=memory.interrupted)


async def _subscription(target: Target, memory: Memory, at: float) -> Subscription:
    if isinstance(memory.session, Subscription) and memory.session.alive:
        return memory.session
    await memory.release()
    subscription = await Subscription(target.endpoint("zmq").url, at).open()
    memory.session = subscription
    return subscription


def _restarted(memory: Memory, answers: Answers) -> bool:
    return not memory.facts or answers.uptime_s < float(value(memory.facts, "uptime", 0.0))


def derive(
    earlier: Sequence[Fact], answers: Answers, seen: Seen | None, at: float, *, interrupted: bool = False
) -> tuple[Fact, ...]:
    """Facts from answers, the previous facts and what arrived over ZMQ. Pure; `at` in unix seconds."""
    chain, mempool, tip = answers.chain, answers.mempool, str(answers.chain["bestblockhash"])
    before, moved_at = value(earlier, "tip_hash"), zero_time(earlier, "since_tip_moved")
    moving = bool(value(earlier, "tip_seen_moving", False)) or before not in (None, tip)
    still_s = at - moved_at if moved_at is not None and before == tip else 0.0
    block_at = float(chain.get("time", chain["mediantime"]))  # `time` since Core 23
    facts = (
        Fact("height", int(chain["blocks"]), at),
        Fact("header_height", int(chain["headers"]), at),
        Fact("tip_age", round(max(0.0, at - block_at), 3), at, AGE),
        Fact("since_tip_moved", round(still_s, 3), at, AGE),
        Fact("tip_seen_moving", moving, at),
        Fact("tip_hash", tip, at),
        Fact("peers", int(answers.network["connections"]), at),
        Fact("ibd", bool(chain["initialblockdownload"]), at),
        Fact("verified_percent", round(100 * float(chain["verificationprogress"]), 2), at, "%"),
        Fact("mempool_txs", int(mempool["size"]), at),
        Fact("mempool_bytes", int(mempool["bytes"]), at, "bytes"),
        Fact("mempool_loaded", bool(mempool.get("loaded", True)), at),
        Fact("chain", str(chain["chain"]), at),
        Fact("version", str(answers.network.get("subversion", "")).strip("/"), at),
        Fact("uptime", answers.uptime_s, at, "s"),
        *clock.ahead(
            earlier,
            block_at=block_at,
            median_at=float(chain["mediantime"]),
            arrived=before not in (None, tip)
            and not chain["initialblockdownload"]
            and int(chain["headers"]) - int(chain["blocks"]) <= SYNCED_WITHIN,
            same_tip=before == tip,
            at=at,
        ),
    )
    if seen is None:
        return facts
    topics = Fact("zmq_topics", list(answers.topics), at)
    return (*facts, topics, *proof(earlier, tip, seen, at, interrupted=interrupted))


def judge(target: Target, facts: tuple[Fact, ...], engine: EngineState, now: float) -> Judgement:
    """Loading, syncing, then peers, ZMQ and tip age. The ZMQ checks hold until something contradicts them."""
    warming = value(facts, "warming")
    if warming is not None:
        return Judgement("starting", str(warming), headline="is loading")
    syncing = _lagging(facts) or bool(value(facts, "ibd") and target.thresholds["ibd_is_fault"])
    silent = _zmq_silent(target, facts, now)
    topics = value(facts, "zmq_topics", [])
    checks = {
        "rpc": True,
        "synced": not syncing,
        "mempool": bool(value(facts, "mempool_loaded")),
        "zmq": set(TOPICS) <= set(topics) and not silent,
        **{f"zmq_{topic}": topic in topics and not silent for topic in TOPICS},
    }
    fresh = in_startup(target, engine, now)
    judged = (
        _by_chain(target, facts, fresh, syncing)
        or _by_zmq(target, facts, silent, now)
        or _by_tip(target, facts, fresh, now)
    )
    return replace(judged, checks=checks)


def _by_chain(target: Target, facts: tuple[Fact, ...], fresh: bool, syncing: bool) -> Judgement | None:
    chain, wanted = value(facts, "chain"), BITCOIN[target.network].chain
    if chain != wanted:
        return Judgement("degraded", f"it is on the chain {chain}, not on {wanted}", headline="is on another chain")
    peers = int(value(facts, "peers"))
    if syncing:
        height, headers = words.number(value(facts, "height")), words.number(value(facts, "header_height"))
        if not peers and not fresh:
            return Judgement(
                "degraded",
                f"{height} of {headers} blocks and no peer to get the rest from",
                headline="cannot sync without peers",
            )
        percent = words.percent(min(99.9, value(facts, "verified_percent")))
        return Judgement(
            "syncing", f"{percent}, block {height} of {headers}, {words.plural(peers, 'peer')}", headline="is syncing"
        )
    if not value(facts, "mempool_loaded"):
        return Judgement("starting", "the mempool is still loading", headline="is loading its mempool")
    if peers < target.thresholds["min_peers"]:
        if fresh:
            return Judgement("starting", f"looking for peers, {_height(facts)}", headline="looks for peers")
        return Judgement("degraded", f"{words.plural(peers, 'peer')}, {_height(facts)}", headline="has too few peers")
    return None


def _by_zmq(target: Target, facts: tuple[Fact, ...], silent: bool, now: float) -> Judgement | None:
    if value(facts, "zmq_proven") is None:
        return None
    missing = [topic for topic in TOPICS if topic not in value(facts, "zmq_topics")]
    if missing:
        flags = words.listing([f"-zmqpub{topic}" for topic in missing])
        return Judgement(
            "degraded",
            f"ZMQ does not publish {words.listing(missing)}; bitcoind needs {flags}",
            headline="does not publish all ZMQ topics",
        )
    if silent:
        frame_s, block_s = current_age(facts, "zmq_silent", now) or 0.0, current_age(facts, "zmq_block_age", now) or 0.0
        quiet = "ZMQ silent" if frame_s >= (current_age(facts, "zmq_behind", now) or 0.0) else "no block on ZMQ"
        silence = words.duration(frame_s if quiet == "ZMQ silent" else block_s)
        return Judgement(
            "degraded",
            f"{quiet} for {silence} while the RPC tip is {words.duration(_tip_age(facts, now))} old",
            headline="'s ZMQ is silent",
        )
    gap_s = current_age(facts, "zmq_gap", now)
    if gap_s is not None and gap_s <= target.thresholds["zmq_gap_s"]:
        missed = words.plural(value(facts, "zmq_missed"), "message")
        return Judgement(
            "degraded",
            f"ZMQ lost {missed}, the last of {value(facts, 'zmq_gap_topic')} {words.duration(gap_s)} ago",
            headline="'s ZMQ lost messages",
        )
    return None


def _by_tip(target: Target, facts: tuple[Fact, ...], fresh: bool, now: float) -> Judgement:
    age, peers = _tip_age(facts, now), words.plural(int(value(facts, "peers")), "peer")
    tip = f"tip {words.duration(age)} old, {peers}, {_height(facts)}"
    limit = target.thresholds["max_tip_age_s"]
    if limit and age > limit:
        return (
            Judgement("starting", tip, headline="is starting")
            if fresh
            else Judgement("degraded", tip, headline="'s tip does not move")
        )
    proven = value(facts, "zmq_proven")
    zmq = "" if proven is None else ", ZMQ proven" if proven else ", ZMQ not proven yet"
    return Judgement("healthy", ("no block yet, " + peers if value(facts, "height") == 0 else tip) + zmq)


def _zmq_silent(target: Target, facts: tuple[Fact, ...], now: float) -> bool:
    behind_s = current_age(facts, "zmq_behind", now)
    return behind_s is not None and behind_s > target.thresholds["zmq_lag_s"]


def _lagging(facts: tuple[Fact, ...]) -> bool:
    return int(value(facts, "header_height")) - int(value(facts, "height")) > SYNCED_WITHIN


def _tip_age(facts: tuple[Fact, ...], now: float) -> float:
    """Seconds since watch saw the tip move; until then by the block's own time, which may be off by hours."""
    name = "since_tip_moved" if value(facts, "tip_seen_moving") else "tip_age"
    return current_age(facts, name, now) or 0.0


def _height(facts: tuple[Fact, ...]) -> str:
    return f"height {words.number(int(value(facts, 'height')))}"
