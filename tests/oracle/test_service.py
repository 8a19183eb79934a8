"""The service as its users see it: routes, states, errors, history."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sandbox.bitcoind.flow import price_at

from tests.nodes.programs import simulated_bitcoind
from tests.oracle.bitcoind import Bitcoind
from tests.oracle.generator import Generator
from tests.oracle.process import Oracle, environment
from tests.stage.ports import free_port
from tests.stage.waiting import until

Start = Callable[..., Oracle]
PRICE = {"price", "low", "high", "confidence", "state", "reason", "market", "n_points", "as_of", "age_s", "timestamp"}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bitcoind]:
    """One node for all tests, which change it only by new payments."""
    with Bitcoind(tmp_path_factory.mktemp("bitcoind"), None) as node:
        yield node


@pytest.fixture(scope="module")
def generator(simulated: Bitcoind) -> Generator:
    found = Generator(simulated)
    found.pay(1500)
    return found


@pytest.fixture
def start(simulated: Bitcoind, tmp_path: Path) -> Iterator[Start]:
    """Starts oracles on the node: `start(**environment)`."""
    with ExitStack() as running:

        def begin(**env: str) -> Oracle:
            given = {**environment(simulated.running), **env}
            oracle = Oracle(tmp_path, free_port(), {key: value for key, value in given.items() if value})
            return running.enter_context(oracle)

        yield begin


@pytest.mark.promise("`events_missed` and `resyncs` are metrics", runs="ci")
@pytest.mark.promise('`"market": "synthetic"` in every answer where the stack says so', runs="ci")
@pytest.mark.promise("`/health`, `/ready`, `/metrics` and `/api/v1/price` answer", runs="ci")
def test_it_has_a_price_at_once_and_says_that_it_is_synthetic(start: Start, generator: Generator) -> None:
    oracle = start()
    price = oracle.wait_state("ok", "wide", deadline_s=10)
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


@pytest.mark.promise("A node of the wrong chain is named", runs="ci")
def test_the_wrong_chain_is_named(start: Start) -> None:
    oracle = start(NETWORK="mainnet", MARKET="real")
    until(lambda: oracle.price()["reason"] == "bitcoind is on chain regtest, but main is required")
    ready = oracle.get("/ready")
    assert (ready.status, ready.body["state"], ready.body["waits_for"]) == (503, "not_ready", ["bitcoind"])
    assert ready.body["price"] is None


@pytest.mark.promise("A missing ZMQ topic is reported with the bitcoind flag that adds it", runs="ci")
def test_a_missing_topic_names_the_flag_of_bitcoind(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    folder.mkdir()
    node = Bitcoind(folder, None)
    conf = folder / "bitcoin.conf"
    lines = conf.read_text().splitlines(keepends=True)
    conf.write_text("".join(line for line in lines if "sequence" not in line and "rawblock" not in line))
    with node, Oracle(tmp_path, free_port(), environment(node.running)) as oracle:
        node.mine()
        wanted = "bitcoind does not publish all required topics: start it with -zmqpubrawblock and -zmqpubsequence"
        until(lambda: oracle.price()["reason"] == wanted)


@pytest.mark.promise("A ZMQ endpoint where nothing speaks ZMQ is named", runs="ci")
def test_an_endpoint_where_nobody_speaks_zmq_is_named(start: Start, simulated: Bitcoind) -> None:
    simulated.mine()
    for address in (f"tcp://127.0.0.1:{free_port()}", f"tcp://127.0.0.1:{simulated.rpc_port}"):
        oracle = start(BITCOIND_ZMQ=address)
        until(partial(_says, oracle, f"no ZMQ publisher answers at {address}"))


def _says(oracle: Oracle, words: str) -> bool:
    return words in oracle.price()["reason"]


@pytest.mark.promise("An endpoint that is not RPC is reported", runs="ci")
def test_an_rpc_endpoint_that_is_none_is_told(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        thread = threading.Thread(target=_greet, args=(silent,), daemon=True)
        thread.start()
        port = silent.getsockname()[1]
        oracle = start(BITCOIND_RPC_URL=f"http://127.0.0.1:{port}")
        until(lambda: "no answer from bitcoind" in oracle.price()["reason"])
    oracle = start(BITCOIND_RPC_URL=f"http://127.0.0.1:{free_port()}")
    until(lambda: "Connect call failed" in oracle.price()["reason"])


def _greet(server: socket.socket) -> None:
    """Answers everything with bytes that are not HTTP."""
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        with client:
            client.recv(65536)
            client.sendall(b"220 mail.example.org\r\n\r\n")


@pytest.mark.promise("An unreadable or wrong cookie is reported, and read again", runs="ci")
def test_a_cookie_that_cannot_be_read_is_told_and_read_again(start: Start, simulated: Bitcoind, tmp_path: Path) -> None:
    simulated.mine()
    cookie = tmp_path / ".cookie"
    oracle = start(BITCOIND_COOKIE_FILE=str(cookie), BITCOIND_RPC_PASSWORD_FILE="")
    until(lambda: "cannot read the RPC credentials" in oracle.price()["reason"])
    cookie.write_text("host:wrong")
    until(lambda: "does not accept this user or password" in oracle.price()["reason"])
    cookie.write_text(f"host:{simulated.running.password_file('host').read_text()}")
    oracle.wait_state("ok", "wide", "ambiguous", "no_signal")


@pytest.mark.promise("An RPC user without permission is reported with the method it lacks", runs="ci")
def test_a_user_that_may_not_ask_is_told_what(start: Start, simulated: Bitcoind) -> None:
    password = str(simulated.running.password_file("watch"))
    oracle = start(BITCOIND_RPC_USER="watch", BITCOIND_RPC_PASSWORD_FILE=password)
    until(lambda: "does not let this user call" in oracle.price()["reason"])


@pytest.mark.promise("The service reports a fresh chain as in its initial download", runs="ci")
def test_a_fresh_chain_is_in_its_initial_download(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    folder.mkdir()
    with Bitcoind(folder, None) as node, Oracle(tmp_path, free_port(), environment(node.running)) as oracle:
        until(lambda: "initial block download" in oracle.price()["reason"])
        assert oracle.price()["state"] == "not_ready"
        node.mine()
        oracle.wait_state("no_signal")


@pytest.mark.promise("A chain without a market shows no older price in its history", runs="ci")
@pytest.mark.promise("`/api/v1/history` is kept in SQLite when the oracle runs alone", runs="ci")
def test_history_outlives_a_restart(start: Start, generator: Generator, tmp_path: Path) -> None:
    oracle = start(HISTORY_FILE=str(tmp_path / "history.db"))
    oracle.wait_state("ok", "wide")

    def prices() -> list[dict[str, Any]]:
        return [bucket for bucket in oracle.get("/api/v1/history").body["history"] if bucket["price"]]

    before = until(prices)
    assert before[0]["low"] < before[0]["price"] < before[0]["high"]
    assert before[0]["market"] == "synthetic"
    oracle.stop()
    oracle.start()
    assert prices()
    one = oracle.get(f"/api/v1/history?from={before[0]['at']}&to={before[0]['at'] + 3600}&step=3600").body
    assert one["step"] == 3600
    assert len(one["history"]) <= 2
    oracle.stop()
    oracle = start(HISTORY_FILE=str(tmp_path / "history.db"), MARKET="none")
    oracle.wait_state("no_market")
    assert prices() == [], "the same payments are worth nothing where no market is claimed"


def test_without_a_store_history_says_so(start: Start) -> None:
    oracle = start()
    answer = oracle.get("/api/v1/history")
    assert answer.status == 503
    assert "keeps no history" in answer.body["error"]


@pytest.mark.promise("An absurd range is refused in a sentence", runs="ci")
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=nonsense", "unix seconds or a time such as"),
        ("from=-1e99&to=1", "must lie between 2009-01-03"),
        ("from=inf", "unix seconds"),
        ("from=NaN", "unix seconds"),
        ("from=1700000000&to=1600000000", "must be before"),
        ("to=99999999999", "and now"),
        ("from=1500000000&step=1", "more than 5000 steps"),
        ("step=0", "Expected seconds from"),
        ("step=-5", "Expected seconds from"),
        ("step=abc", "Expected seconds from"),
        ("from=9999-99-99", "unix seconds or a time such as"),
        ("from=" + "9" * 4000, "unix seconds or a time such as"),
    ],
)
def test_an_absurd_range_is_refused_in_a_sentence(start: Start, query: str, words: str) -> None:
    oracle = start()
    answer = oracle.get(f"/api/v1/history?{query}")
    assert answer.status == 422
    assert words in answer.body["error"]


@pytest.mark.promise("The oracle's headers are strict: nothing from other origins, no inline script", runs="ci")
def test_faults_are_sentences_and_headers_are_strict(start: Start) -> None:
    oracle = start()
    missing = oracle.get("/nothing")
    assert missing.status == 404
    assert "has no such path" in missing.body["error"]
    page = oracle.get("/")
    assert page.status == 200
    for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"):
        assert part in page.headers["content-security-policy"]
    assert "<script>" not in page.body
    assert " style=" not in page.body
    assert json.loads(json.dumps(oracle.get("/openapi.json").body))["info"]["title"] == "Nodeyard oracle"


@pytest.mark.promise("A feed that fails by itself ends the process with 1 and says so", runs="ci")
def test_a_feed_that_fails_by_itself_ends_the_process(simulated: Bitcoind) -> None:
    nowhere = "tcp://*:1"  # ZMQ binds to such an address and cannot connect to it
    env = environment(simulated.running, BITCOIND_ZMQ=nowhere, LISTEN=f"127.0.0.1:{free_port()}")
    argv = [sys.executable, "-m", "oracle"]
    done = subprocess.run(argv, env=env, cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "the feed failed; the process ends" in done.stdout


@pytest.mark.parametrize("prefix", ["", "/oracle"])
def test_every_file_of_the_page_is_there_with_and_without_a_prefix(start: Start, prefix: str) -> None:
    oracle = start(ROOT_PATH=prefix)
    page = oracle.get("/").body
    scripts = {name: oracle.get(f"/page/{name}") for name in re.findall(r'"page/([^"]+)"', page)}
    assert {"main.js", "oracle.css", "icon.svg"} <= scripts.keys()
    imported = re.findall(r'from "\./([^"]+)"', scripts["main.js"].body)
    for name, answer in {**scripts, **{name: oracle.get(f"/page/{name}") for name in imported}}.items():
        assert answer.status == 200, name
    assert len(imported) > 3
    assert "http" not in page, "nothing from elsewhere"
    assert oracle.get("/api/v1/price").status == 200


@pytest.mark.promise("An impossible setting is one sentence", runs="ci")
@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"NETWORK": "moon"}, "NETWORK is 'moon'"),
        ({"MARKET": "real"}, "On private it must be synthetic or none"),
        ({"MARKET": "fake"}, "Expected one of: real, synthetic, none"),
        ({"NETWORK": "mainnet", "MARKET": "synthetic"}, "On mainnet it must be real or none"),
        ({"LISTEN": "8000"}, "Expected ADDRESS:PORT"),
        ({"BITCOIND_ZMQ": "http://x:1"}, "Expected tcp://HOST:PORT"),
        ({"BITCOIND_RPC_URL": "http://x:99999"}, "Expected http://HOST:PORT"),
        ({"BITCOIND_RPC_PASSWORD_FILE": ""}, "password is missing"),
        ({"DATABASE_URL": "mysql://x"}, "starts with postgresql://"),
        ({"DATABASE_URL": "postgresql://x@y/z"}, "DATABASE_PASSWORD_FILE is not"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL is 'loud'"),
        ({"ROOT_PATH": "oracle"}, "must start with a slash"),
    ],
)
def test_an_impossible_setting_is_one_sentence(env: dict[str, str], words: str, simulated: Bitcoind) -> None:
    from oracle.errors import OracleError
    from oracle.web.settings import from_env

    given = {**environment(simulated.running), **env}
    with pytest.raises(OracleError) as fault:
        from_env({key: value for key, value in given.items() if value})
    assert words in f"{fault.value.message} {fault.value.hint}"
