"""Recorded states of real kaspads that answer every call, and that a naive probe takes for healthy."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from manage.health.drivers import Target
from manage.health.model import EngineState
from manage.health.probes.kaspad import driver as kaspad
from manage.health.probes.kaspad.driver import Answers

DATA = Path(__file__).parents[2] / "data" / "kaspad"


@dataclass(frozen=True)
class State:
    """A row of a recording, the network that the operator wants, and what is wrong with the node."""

    recording: str
    is_row: Callable[[dict[str, Any]], bool]
    network: str
    verdict: str
    reason: str
    is_synced: bool


def named(state: str) -> Callable[[dict[str, Any]], bool]:
    return lambda row: row.get("state") == state


def counts(*, least_blocks: int, most_blocks: int, least_headers: int) -> Callable[[dict[str, Any]], bool]:
    def found(row: dict[str, Any]) -> bool:
        dag = row.get("getBlockDagInfo", {"blockCount": -1, "headerCount": -1})
        blocks, headers = int(dag["blockCount"]), int(dag["headerCount"])
        return least_blocks <= blocks <= most_blocks and headers >= least_headers

    return found


HEADERS_ONLY = counts(least_blocks=0, most_blocks=0, least_headers=5000)
A_FIFTH = counts(least_blocks=4500, most_blocks=7000, least_headers=15_000)
NO_INDEX, OTHER, ALONE, OLD = (
    named(state)
    for state in (
        "mined, without --utxoindex",
        "testnet-10 in place of another network",
        "mainnet, just started, no peer",
        "mined, and nothing for 65 seconds",
    )
)
STATES = {
    "no UTXO index": State("states-2.1.0", NO_INDEX, "private", "degraded", "without the UTXO index", True),
    "another network": State("states-2.1.0", OTHER, "mainnet", "degraded", "on the network testnet-10", False),
    "a simnet in place of mainnet": State("states-2.1.0", OLD, "mainnet", "degraded", "on the network simnet", True),
    "no peers": State("states-2.1.0", ALONE, "mainnet", "degraded", "0 peers", False),
    "an old tip": State("states-2.1.0", OLD, "sandbox", "degraded", "old and not moving", True),
    "headers only, 0.15.0": State("ibd-0.15.0", HEADERS_ONLY, "private", "syncing", "no blocks yet", False),
    "headers only, 2.0.1": State("ibd-2.0.1", HEADERS_ONLY, "private", "syncing", "no blocks yet", False),
    "a fifth of the blocks, 0.15.0": State("ibd-0.15.0", A_FIFTH, "private", "syncing", "blocks, 1 peer", True),
    "a fifth of the blocks, 2.0.1": State("ibd-2.0.1", A_FIFTH, "private", "syncing", "blocks, 1 peer", True),
}


def row_of(state: State) -> dict[str, Any]:
    rows = map(json.loads, (DATA / f"{state.recording}.jsonl").read_text().splitlines())
    found: dict[str, Any] = next(
        row for row in rows if state.is_row(row) and row["getServerInfo"]["isSynced"] is state.is_synced
    )
    return found


def judged(state: State, target: Target, *, up_s: float) -> tuple[str, str]:
    row = row_of(state)
    dag = row["getBlockDagInfo"]
    at = row["at"] if "at" in row else row["getMetrics"]["serverTime"] / 1000
    sink_at = row.get("sinkTimestamp", dag["pastMedianTime"]) / 1000
    answers = Answers(row["getServerInfo"], dag, row["getConnectedPeerInfo"]["peerInfo"], sink_at)
    facts = kaspad.derive((), answers, (), at)
    judgement = kaspad.judge(target, facts, EngineState("running", at=at, started_at=at - up_s), at)
    return judgement.verdict, judgement.reason


@pytest.mark.promise("Recorded states of a kaspad that answers but cannot be used are never healthy", runs="ci")
@pytest.mark.parametrize("name", STATES)
def test_a_state_that_fools_a_naive_probe_is_named(name: str, target: Callable[..., Target]) -> None:
    state = STATES[name]
    verdict, reason = judged(state, target("kaspad", state.network), up_s=3600)
    assert verdict == state.verdict
    assert state.reason in reason


@pytest.mark.parametrize("name", STATES)
def test_it_is_not_healthy_while_it_starts_either(name: str, target: Callable[..., Target]) -> None:
    state = STATES[name]
    assert judged(state, target("kaspad", state.network), up_s=1)[0] in ("starting", "syncing", "degraded")


@pytest.mark.parametrize("name", ["no UTXO index", "an old tip"])
def test_a_single_node_is_healthy_where_nothing_of_this_is_a_fault(name: str, target: Callable[..., Target]) -> None:
    """The same answers, with what was wrong put right: the verdict hangs on that alone."""
    state = STATES[name]
    row = row_of(state)
    row["getServerInfo"]["hasUtxoIndex"] = True
    answers = Answers(row["getServerInfo"], row["getBlockDagInfo"], (), row["at"])
    facts = kaspad.derive((), answers, (), row["at"])
    wanted = replace(target("kaspad", "private"), thresholds=target("kaspad", "sandbox").thresholds)
    engine = EngineState("running", at=row["at"], started_at=row["at"] - 3600)
    assert kaspad.judge(wanted, facts, engine, row["at"]).verdict == "healthy"
