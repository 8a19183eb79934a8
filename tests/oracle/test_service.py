"""The service as its users see it: the price, its state and what it is based on."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandbox.bitcoind.flow import price_at

from tests.nodes.programs import simulated_bitcoind
from tests.oracle.conftest import Start
from tests.oracle.generator import Generator
from tests.oracle.process import Oracle, environment
from tests.stage.ports import free_port
from tests.stage.waiting import until

PRICE = {"price", "low", "high", "confidence", "state", "reason", "market", "n_points", "as_of", "age_s", "timestamp"}


@pytest.mark.promise("`events_missed` and `resyncs` are metrics", runs="ci")
@pytest.mark.promise('`"market": "synthetic"` in every answer where the stack says so', runs="ci")
@pytest.mark.promise("`/health`, `/ready`, `/metrics` and `/api/v1/price` answer", runs="ci")
def test_it_has_a_price_at_once_and_says_that_it_is_synthetic(start: Start, generator: Generator) -> None:
    oracle = start()
    price = oracle.wait_state("ok", "wide")
    assert set(price) >= PRICE
    assert price["market"] == "synthetic"
    assert price["low"] < price["price"] < price["high"]
    assert price["price"] == pytest.approx(generator.price, rel=0.01)
    ready = oracle.get("/ready")
    assert (ready.status, ready.body["ready"]) == (200, True)
    assert oracle.get("/health") == (200, {"status": "ok"}, oracle.get("/health").headers)
    assert oracle.metric("oracle_price_usd") == pytest.approx(price["price"], rel=0.01)
    assert oracle.metric("oracle_resyncs_total") == 1
    assert oracle.metric("oracle_events_missed_total") == 0
    assert oracle.metric('oracle_state{state="ok"') + oracle.metric('oracle_state{state="wide"') == 1


@pytest.mark.promise(
    "In the sandbox the oracle shows its error against the simulator's own price, and it is below 1 %",
    runs="ci",
)
def test_it_shows_its_error_where_the_simulator_tells_the_flows_price(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    folder.mkdir()
    with (
        simulated_bitcoind(folder, block_s=30, tx_per_s=20) as node,
        Oracle(tmp_path, free_port(), environment(node, NETWORK="sandbox")) as oracle,
    ):
        oracle.wait_state("ok", "wide")
        until(lambda: "flow" in oracle.price())
        told = oracle.price()
        assert told["flow"]["error"] == pytest.approx(told["price"] / told["flow"]["price"] - 1, abs=1e-6)
        assert abs(told["flow"]["error"]) < 0.01
        assert told["flow"]["price"] == pytest.approx(price_at(told["as_of"]), rel=0.0001)
        assert abs(oracle.get("/ready").body["flow"]["error"]) < 0.01
        assert 0 < abs(oracle.metric("oracle_flow_error_ratio ")) < 0.01


@pytest.mark.promise("`/api/v1/explain` and `/api/v1/histogram` show filter counts, peaks and points", runs="ci")
def test_explain_says_why(start: Start, generator: Generator) -> None:
    oracle = start()
    until(lambda: oracle.mempool()["exact"] and not oracle.mempool()["bytes_unknown"])
    price = oracle.wait_state("ok", "wide")
    why = oracle.get("/api/v1/explain").body
    assert why["filter"]["kept"] > 1000
    assert why["peaks"][0]["price"] == pytest.approx(price["price"], rel=0.02)
    assert why["mempool"]["exact"]
    histogram = oracle.get("/api/v1/histogram").body
    assert len(histogram["sats"]) == len(histogram["count"])
    assert sum(histogram["count"]) == pytest.approx(why["window"]["different_amounts"], rel=0.05)
    dollars = {mark["usd"]: mark["sats"] for mark in histogram["usd"]}
    assert dollars[100] == pytest.approx(100 / price["price"] * 1e8, rel=0.01)


@pytest.mark.promise("A test network never has a price (`no_market`)", runs="ci")
@pytest.mark.parametrize(("network", "market"), [("private", ""), ("sandbox", "none")])
def test_a_chain_without_a_market_never_shows_a_number(
    start: Start, generator: Generator, network: str, market: str
) -> None:
    oracle = start(NETWORK=network, MARKET=market)
    price = oracle.wait_state("no_market")
    assert [price[key] for key in ("price", "low", "high", "as_of", "market")] == [None, None, None, None, "none"]
    assert oracle.get("/ready").status == 200
    until(lambda: oracle.mempool()["exact"] and oracle.mempool()["transactions"] > 0)
    assert oracle.get("/api/v1/explain").body["peaks"] == []
    assert oracle.get("/api/v1/histogram").body["usd"] == []
    assert oracle.metric("oracle_price_usd ") == 0
