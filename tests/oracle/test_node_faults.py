"""What the oracle says about a node that it cannot use."""

from __future__ import annotations

import socket
import threading
from functools import partial
from pathlib import Path

import pytest

from tests.oracle.bitcoind import Bitcoind
from tests.oracle.conftest import Start
from tests.oracle.process import Oracle, environment
from tests.stage.ports import free_port
from tests.stage.waiting import until


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
