"""kaspad: DAA score, tip age, peers, UTXO index, and a sync that is judged by the blocks that are there.

`isSynced` is kept as a fact but proves nothing (see `manage.health.probes.kaspad.sync`).
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from typing import Any

from nodeclients.errors import NodeError, NodeFault
from nodeclients.kaspad import KaspadClient
from nodeclients.networks import KASPA

from manage import words
from manage.health import fetch
from manage.health.clock import AHEAD
from manage.health.drivers import DEADLINE_S, Memory, Target, in_startup
from manage.health.facts import AGE, current_age, value, zero_time
from manage.health.model import EngineState, Fact, Judgement
from manage.health.probes.kaspad import clock, sync
from manage.health.probes.kaspad.sync import Position
from manage.immutable import dataclass


@dataclass(frozen=True)
class Answers:
    """What kaspad answered in one probe, in its own words; `sink_at` is the sink's timestamp in unix seconds."""

    server: Mapping[str, Any]
    dag: Mapping[str, Any]
    peers: Sequence[Mapping[str, Any]]
    sink_at: float | None = None


@dataclasses.dataclass
class Session:
    """The open connection and the sink whose timestamp is known."""

    client: KaspadClient
    sink: str = ""
    sink_at: float | None = None

    async def close(self) -> None:
        await self.client.close()


async def probe(target: Target, memory: Memory) -> tuple[Fact, ...]:
    """A few calls over an open connection, which is closed at the first failure."""
    try:
        session = memory.session if isinstance(memory.session, Session) else await _connect(target, memory)
        answers = await _ask(session)
    except NodeFault as fault:
        await memory.release()
        raise fetch.node_fault(target.endpoint("wrpc_json"), fault) from fault
    except BaseException:
        await memory.release()
        raise
    return derive(memory.facts, answers, memory.engine.log, time.time())


async def _connect(target: Target, memory: Memory) -> Session:
    client = KaspadClient(target.endpoint("wrpc_json").url, timeout_s=DEADLINE_S)
    await client.__aenter__()
    session = Session(client)
    memory.session = session
    return session


async def _ask(session: Session) -> Answers:
    server = await session.client.call("getServerInfo")
    dag = await session.client.call("getBlockDagInfo")
    peers = await session.client.call("getConnectedPeerInfo")
    if dag["sink"] != session.sink:
        session.sink, session.sink_at = dag["sink"], None
        try:
            answer = await session.client.call("getBlock", {"hash": dag["sink"], "includeTransactions": False})
            session.sink_at = float(answer["block"]["header"]["timestamp"]) / 1000
        except NodeError:  # the sink was pruned or reorganised away: the next probe has another one
            session.sink = ""
    return Answers(server, dag, peers["peerInfo"], session.sink_at)


def derive(earlier: Sequence[Fact], answers: Answers, log: Sequence[tuple[float, str]], at: float) -> tuple[Fact, ...]:
    """Facts from answers, the previous facts and the log. Pure; `at` in unix seconds."""
    daa_score = int(answers.server["virtualDaaScore"])
    ibd = [peer for peer in answers.peers if peer.get("is_ibd_peer")]
    position = Position(
        blocks=int(answers.dag["blockCount"]),
        headers=int(answers.dag["headerCount"]),
        ibd_peer=_address(ibd[0]) if ibd else "",
    )
    before, moved_at = value(earlier, "daa_score"), zero_time(earlier, "since_tip_moved")
    moving = bool(value(earlier, "tip_seen_moving", False)) or before not in (None, daa_score)
    still_s = at - moved_at if moved_at is not None and before == daa_score else 0.0
    facts = [
        Fact("daa_score", daa_score, at),
        Fact("since_tip_moved", round(still_s, 3), at, AGE),
        Fact("tip_seen_moving", moving, at),
        Fact("peers", len(answers.peers), at),
        Fact("utxoindex", bool(answers.server["hasUtxoIndex"]), at),
        Fact("block_count", position.blocks, at),
        Fact("header_count", position.headers, at),
        Fact("ibd_peer", position.ibd_peer, at),
        Fact("is_synced", bool(answers.server["isSynced"]), at),
        Fact("network_id", str(answers.server["networkId"]), at),
        Fact("version", str(answers.server["serverVersion"]), at),
    ]
    if answers.sink_at is not None:
        facts.insert(1, Fact("tip_age", round(max(0.0, at - answers.sink_at), 3), at, AGE))
        late = position.syncing or still_s > clock.STEADY_S or not moving
        facts += clock.ahead(earlier, sink_at=answers.sink_at, may_be_late=late, at=at)
    return (*facts, *sync.progress(earlier, position, log, at))


def judge(target: Target, facts: tuple[Fact, ...], engine: EngineState, now: float) -> Judgement:
    """Syncing is decided by counts and the syncing peer, health by peers and by how long the tip has not moved."""
    position = Position(value(facts, "block_count"), value(facts, "header_count"), value(facts, "ibd_peer"))
    index = bool(value(facts, "utxoindex"))
    checks = {"rpc": True, "synced": not position.syncing, "utxoindex": index and not position.syncing}
    return dataclasses.replace(_judge(target, facts, position, engine, now), checks=checks)


def _judge(target: Target, facts: tuple[Fact, ...], position: Position, engine: EngineState, now: float) -> Judgement:
    network_id, wanted = value(facts, "network_id"), KASPA[target.network].network_id
    if network_id != wanted:
        return Judgement(
            "degraded", f"it is on the network {network_id}, not on {wanted}", headline="is on another network"
        )
    peers = int(value(facts, "peers"))
    if position.syncing:
        return _syncing(target, facts, position, peers, now)
    if not value(facts, "utxoindex"):
        return Judgement(
            "degraded", "it runs without the UTXO index; kaspad needs --utxoindex", headline="lacks its UTXO index"
        )
    fresh = in_startup(target, engine, now)
    if peers < target.thresholds["min_peers"]:
        if fresh:
            return Judgement("starting", f"looking for peers, {_height(facts)}", headline="looks for peers")
        return Judgement("degraded", f"{words.plural(peers, 'peer')}, {_height(facts)}", headline="has too few peers")
    return _tip(target, facts, peers, fresh, now)


def _syncing(target: Target, facts: tuple[Fact, ...], position: Position, peers: int, now: float) -> Judgement:
    percent = words.percent(value(facts, "sync_percent", 0.0))
    blocks = f"{words.number(position.blocks)} of {words.plural(position.headers, 'block')}"
    if not peers:
        return Judgement("degraded", f"{blocks} and no peer to get the rest from", headline="cannot sync without peers")
    still_s = current_age(facts, "since_sync_moved", now) or 0.0
    if still_s > target.thresholds["max_sync_stall_s"]:
        still = words.duration(still_s)
        return Judgement(
            "degraded", f"no sync progress for {still} at {percent}, {blocks}", headline="'s sync makes no progress"
        )
    headers = value(facts, "header_percent")
    if position.blocks == 0:
        step = f"headers {headers} %, no blocks yet" if headers is not None else "headers first, no blocks yet"
        return Judgement("syncing", f"{percent}, {step}, {words.plural(peers, 'peer')}", headline="is syncing")
    return Judgement("syncing", f"{percent}, {blocks}, {words.plural(peers, 'peer')}", headline="is syncing")


def _tip(target: Target, facts: tuple[Fact, ...], peers: int, fresh: bool, now: float) -> Judgement:
    limit = target.thresholds["max_tip_age_s"]
    still_s = current_age(facts, "since_tip_moved", now) or 0.0
    tip_age = current_age(facts, "tip_age", now)
    age = still_s if tip_age is None else tip_age
    seen = words.plural(peers, "peer")
    if limit and max(age, still_s) > limit:
        what = f"tip {words.duration(max(age, still_s))} old"
        if fresh:
            return Judgement("starting", f"{what}, {seen}", headline="is starting")
        if still_s > limit or not value(facts, "tip_seen_moving"):
            return Judgement("degraded", f"{what} and not moving, {seen}", headline="'s tip does not move")
        if not value(facts, "is_synced") and value(facts, AHEAD) is None:
            return Judgement("syncing", f"{what} and moving, {seen}", headline="is catching up")
        return Judgement("degraded", f"{what} although it moves; check the host's clock", headline="'s tip is old")
    if not value(facts, "daa_score"):
        return Judgement("healthy", f"no block yet, {seen}, UTXO index ready")
    return Judgement("healthy", f"tip {words.duration(age)} old, {seen}, {_height(facts)}, UTXO index ready")


def _height(facts: tuple[Fact, ...]) -> str:
    return f"DAA score {words.number(int(value(facts, 'daa_score')))}"


def _address(peer: Mapping[str, Any]) -> str:
    address = peer.get("address") or {}
    return f"{address.get('ip', '?')}:{address.get('port', '?')}"
