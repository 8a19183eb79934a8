"""Two recorded syncs of real kaspads, row by row: the judgement of each row, and what it must never be."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from manage.health.drivers import Target
from manage.health.facts import value
from manage.health.model import EngineState, Fact, Judgement
from manage.health.probes.kaspad import driver as kaspad
from manage.health.probes.kaspad.driver import Answers

DATA = Path(__file__).parents[2] / "data" / "kaspad"
VERSIONS = ("0.15.0", "2.0.1")


class Replay:
    """A recording as the driver would have seen it: facts and judgement of each row, with the log up to then."""

    def __init__(self, version: str, target: Target) -> None:
        lines = [json.loads(line) for line in (DATA / f"ibd-{version}.jsonl").read_text().splitlines()]
        self.rows = [line for line in lines if "log" not in line]
        log = [(_logged_at(line["log"]), line["log"]) for line in lines if "log" in line]
        self.facts: list[tuple[Fact, ...]] = []
        self.judged: list[Judgement] = []
        earlier: tuple[Fact, ...] = ()
        for row in self.rows:
            at = row["getMetrics"]["serverTime"] / 1000
            written = tuple(entry for entry in log if entry[0] <= at)
            earlier = kaspad.derive(earlier, _answers(row), written, at)
            engine = EngineState("running", at=at, started_at=at - 5, log=written)
            self.facts.append(earlier)
            self.judged.append(kaspad.judge(target, earlier, engine, at))

    @property
    def first_with_a_peer(self) -> int:
        return next(i for i, row in enumerate(self.rows) if row["getConnectedPeerInfo"]["peerInfo"])

    @property
    def first_whole(self) -> int:
        return next(i for i, row in enumerate(self.rows) if row["getBlockDagInfo"]["blockCount"] >= 20_000)


def _answers(row: dict[str, Any]) -> Answers:
    sink_at = row["getBlockDagInfo"]["pastMedianTime"] / 1000
    return Answers(row["getServerInfo"], row["getBlockDagInfo"], row["getConnectedPeerInfo"]["peerInfo"], sink_at)


def _logged_at(line: str) -> float:
    return datetime.datetime.fromisoformat(line[:29]).timestamp()


@pytest.fixture(params=VERSIONS)
def replay(request: pytest.FixtureRequest, target: Callable[..., Target]) -> Replay:
    return Replay(request.param, target("kaspad", "private"))


def test_the_recordings_contain_the_misleading_is_synced(replay: Replay) -> None:
    """isSynced turns true long before the last block: a driver that believes it fails the tests below."""
    early = [
        row for row in replay.rows if row["getServerInfo"]["isSynced"] and row["getBlockDagInfo"]["blockCount"] < 19_000
    ]
    assert len(early) > 20


@pytest.mark.promise("In the recorded syncs a node is never healthy before its last block", runs="ci")
def test_it_is_never_healthy_before_the_last_block(replay: Replay) -> None:
    between = replay.judged[replay.first_with_a_peer : replay.first_whole]
    assert {judgement.verdict for judgement in between} == {"syncing"}


def test_it_is_healthy_soon_after_the_last_block(replay: Replay) -> None:
    assert replay.judged[-1].verdict == "healthy"
    assert replay.judged[-1].checks == {"rpc": True, "synced": True, "utxoindex": True}
    healthy = next(i for i, judgement in enumerate(replay.judged) if i > 0 and judgement.verdict == "healthy")
    assert healthy - replay.first_whole < 10, "a second after it at most"


@pytest.mark.promise("In the recorded syncs progress never decreases", runs="ci")
def test_progress_never_runs_backwards_and_covers_both_phases(replay: Replay) -> None:
    percents = [value(facts, "sync_percent") for facts in replay.facts[replay.first_with_a_peer : replay.first_whole]]
    assert percents == sorted(percents)
    assert percents[0] < 5
    assert percents[-1] > 95
    assert sum(0 < percent < 25 for percent in percents) > 10, "the header phase is told from the log"


def test_a_syncing_node_does_not_offer_balances(replay: Replay) -> None:
    for judgement in replay.judged[replay.first_with_a_peer : replay.first_whole]:
        assert judgement.checks["rpc"]
        assert not judgement.checks["utxoindex"]
        assert not judgement.checks["synced"]


def test_the_reason_names_the_phase(replay: Replay) -> None:
    reasons = [judgement.reason for judgement in replay.judged]
    assert any("no blocks yet" in reason and "headers" in reason for reason in reasons)
    assert any("of 19\u202f999 blocks, 1 peer" in reason for reason in reasons)
