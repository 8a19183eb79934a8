"""A clock that is behind, ahead or set while services run. Clocks are injected; nothing sets the machine's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from manage.health import clock, machine
from manage.health import snapshot as snapshots
from manage.health.facts import value
from manage.health.model import Fact, ServiceStatus, Snapshot
from manage.health.probes.bitcoind import clock as bitcoin_clock
from manage.health.probes.kaspad import clock as kaspa_clock
from manage.health.root_cause import explain
from manage.health.summary import sentence
from manage.health.watch import config
from manage.health.watch.loop import Watch
from manage.installation.layout import Layout
from manage.web import freshness

NOW = 1_795_300_000.0
HOUR = 3600.0
TEN_MINUTES = 600.0


def status(name: str, title: str, ahead_s: float | None, *, answered_at: float = NOW) -> ServiceStatus:
    facts = () if ahead_s is None else (Fact(clock.AHEAD, ahead_s, answered_at, "s"),)
    return ServiceStatus(name, title, "chains", "healthy", "well", NOW, (), facts, {}, answered_at=answered_at)


def host(*services: ServiceStatus, kept: bool | None = None, step: clock.Step | None = None) -> dict[str, Any]:
    return {"clock": clock.as_host(services, step, kept, NOW)}


@pytest.mark.parametrize(
    ("ahead_s", "words"),
    [(-3 * HOUR - TEN_MINUTES, "3 h 10 min behind the chain's"), (2.5 * HOUR, "2 h 30 min ahead of the chain's")],
)
@pytest.mark.promise("A clock that is behind or ahead is named, with direction and amount", runs="ci")
def test_a_clock_that_is_off_is_named_with_direction_and_amount(ahead_s: float, words: str) -> None:
    found = host(status("bitcoind", "Bitcoin node", ahead_s), kept=False)
    line, detail = sentence([status("bitcoind", "Bitcoin node", ahead_s)], machine.troubles(found))
    way = words.partition("min ")[2]
    assert line.startswith(f"The clock of this machine is {way}. ")
    assert detail.startswith(f"The clock of this machine is {words}, by the blocks of the Bitcoin node.")
    assert "No time service synchronises it." in detail
    answer = explain(Snapshot(1, 1, NOW, "home", "mainnet", "", "", (), found), "clock")
    assert (answer["verdict"], answer["roots"]) == ("degraded", ["clock"])
    assert words in answer["reason"]


@pytest.mark.parametrize(
    "services",
    [
        [status("bitcoind", "Bitcoin node", None)],
        [status("bitcoind", "Bitcoin node", HOUR), status("kaspad", "Kaspa node", -HOUR)],
        [status("bitcoind", "Bitcoin node", HOUR, answered_at=NOW - 100)],
    ],
    ids=["no contradiction", "chains contradict each other", "a node that no longer answers"],
)
def test_without_proof_the_clock_is_not_blamed(services: list[ServiceStatus]) -> None:
    assert machine.troubles(host(*services, kept=False)) == ()


def bitcoin(block_s: float, median_s: float, *, arrived: bool = False, earlier: Sequence[Fact] = ()) -> float | None:
    """The seconds ahead with a tip and a median of these ages."""
    facts = bitcoin_clock.ahead(
        earlier, block_at=NOW - block_s, median_at=NOW - median_s, arrived=arrived, same_tip=not arrived, at=NOW
    )
    found: float | None = value(facts, clock.AHEAD)
    return found


@pytest.mark.parametrize(
    ("block_s", "median_s", "arrived", "found"),
    [
        (TEN_MINUTES, HOUR, True, None),
        (-3 * HOUR, -2 * HOUR, False, -3 * HOUR),
        (3 * HOUR, 4 * HOUR, True, 3 * HOUR),
        (-1.9 * HOUR, HOUR, True, None),
        (3 * HOUR, 4 * HOUR, False, None),
        (2.2 * HOUR, 2.3 * HOUR, True, None),
    ],
    ids=["right", "behind", "ahead", "a block from the future", "an old tip at the start", "an old block arrives"],
)
def test_bitcoins_blocks_show_the_clock(block_s: float, median_s: float, arrived: bool, found: float | None) -> None:
    assert bitcoin(block_s, median_s, arrived=arrived) == found


def test_what_an_arriving_block_has_shown_holds_until_the_next_one() -> None:
    earlier = (Fact(clock.AHEAD, 3 * HOUR, NOW - 60, "s"),)
    assert bitcoin(3 * HOUR + 60, 4 * HOUR, earlier=earlier) == 3 * HOUR
    assert bitcoin(TEN_MINUTES, HOUR, arrived=True, earlier=earlier) is None


def kaspa(age: Callable[[float], float], *, may_be_late: bool = False, seconds: int = 40) -> float | None:
    """The seconds ahead after probes every 2 s with a sink of these ages."""
    facts: tuple[Fact, ...] = ()
    for passed in range(0, seconds, 2):
        at = NOW + passed
        facts = kaspa_clock.ahead(facts, sink_at=at - age(passed), may_be_late=may_be_late, at=at)
    found: float | None = value(facts, clock.AHEAD)
    return found


def test_kaspas_blocks_show_the_clock_if_the_difference_lasts() -> None:
    assert kaspa(lambda _: 3.0) is None
    assert kaspa(lambda _: -2 * HOUR) == -2 * HOUR
    assert kaspa(lambda passed: -100 + passed) is not None, "the node refuses new blocks, so the sink stays"
    assert kaspa(lambda _: 3 * HOUR) == 3 * HOUR
    assert kaspa(lambda _: 3 * HOUR, may_be_late=True) is None, "it syncs"
    assert kaspa(lambda passed: 3 * HOUR - 4 * passed) is None, "it catches up"
    assert kaspa(lambda passed: -100.0 if passed == 20 else 3.0) is None, "one block with an odd time"
    assert kaspa(lambda _: -2 * HOUR, seconds=10) is None, "not yet"


def test_a_set_clock_is_noticed_and_a_slewed_one_is_not() -> None:
    steps, steady = clock.Steps(), 1000.0
    for second in range(10):
        steps.see(NOW + second * 1.05, steady + second)
    assert steps.last is None
    steps.see(NOW + 10.5 - 3 * HOUR, steady + 10)
    assert steps.last is not None
    assert steps.last.by_s == pytest.approx(-3 * HOUR, abs=0.1)
    assert steps.settling(steady + 12)
    assert not steps.settling(steady + 10 + clock.SETTLE_S)
    assert (
        "It was set back by 3 h."
        in explain(Snapshot(1, 1, NOW, "home", "mainnet", "", "", (), host(step=steps.last)), "clock")["reason"]
    )


def test_a_clock_that_no_chain_was_compared_with_is_not_called_right_to_the_second() -> None:
    answer = explain(Snapshot(1, 1, NOW, "home", "mainnet", "", "", (), host(kept=True)), "clock")
    assert answer["reason"] == "The clock of this machine is not known to be wrong."
    assert {item["fact"]: item["value"] for item in answer["evidence"]} == {
        "ahead of the chain": "not compared: no chain tells the time yet",
        "synchronised by a time service": True,
    }


def test_the_kernel_says_whether_something_keeps_the_clock() -> None:
    assert clock.synchronised() in {True, False, None}


class Machine:
    """A watch whose clocks and probes the test moves; the service that it watches answers always."""

    def __init__(self, folder: Path, port: int) -> None:
        self.now, self.steady = NOW, 1000.0
        self.started_at = NOW - 60
        self.layout = Layout(folder)
        self.layout.watch_dir.mkdir()
        self.layout.engine_file.parent.mkdir()
        own = {"host": "127.0.0.1", "port": port, "scheme": "tcp"}
        service = {"name": "own", "title": "Own", "group": "services", "driver": "tcp", "startup_s": 1}
        listed = {**service, "options": {"port": "own"}, "ports": {"own": own}}
        document = {"name": "home", "network": "private", "services": [listed]}
        parsed = config.parse(document, folder, folder)
        self.watch = Watch(parsed, self.layout, clock=lambda: self.now, steady=lambda: self.steady)

    async def second(self, *, probes: bool) -> Snapshot:
        """One second: the agent and the service are asked if `probes`, and a snapshot is written."""
        self.now, self.steady = self.now + 1, self.steady + 1
        if probes:
            state = {"state": "running", "at": self.now, "started_at": self.started_at}
            report = {"version": 1, "as_of": self.now, "services": {"own": state}}
            self.layout.engine_file.write_text(json.dumps(report))
            await self.watch._probers[0].probe()
        await self.watch._make_snapshot()
        assert self.watch.snapshot is not None
        return self.watch.snapshot


@pytest.mark.parametrize("by_s", [3 * HOUR, -3 * HOUR], ids=["forward", "back"])
@pytest.mark.promise("A clock that is set while services run causes no false verdict", runs="ci")
def test_setting_the_clock_changes_no_verdict(tmp_path: Path, by_s: float) -> None:
    """The engine remembers the start by the earlier clock, and the last answers are three hours off until the next."""

    async def scene() -> list[Snapshot]:
        async with await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0) as server:
            machine = Machine(tmp_path, server.sockets[0].getsockname()[1])
            before = [await machine.second(probes=True) for _ in range(3)]
            machine.now += by_s
            during = [await machine.second(probes=False) for _ in range(4)]
            after = [await machine.second(probes=True) for _ in range(12)]
            assert after[-1].as_of == machine.now
            await machine.watch.history.close()
            return [*before, *during, *after]

    found = asyncio.run(scene())
    assert {(one.services[0].verdict, "unknown" in one.services[0].reason) for one in found} == {("healthy", False)}
    assert found[-1].services[0].answered_at == found[-1].as_of
    assert found[3].host["clock"]["set_by_s"] == pytest.approx(by_s, abs=2)


def test_a_snapshot_from_the_future_is_an_old_one() -> None:
    """The clock was set back and watch does not write any more."""
    assert snapshots.age_of(NOW + 3 * HOUR, NOW) == 3 * HOUR
    assert snapshots.age_of(NOW + 1, NOW) == 0
    assert freshness.of_snapshot(NOW + 3 * HOUR, NOW).state == "stale"
    assert freshness.of_snapshot(NOW + 1, NOW).state == "fresh"
