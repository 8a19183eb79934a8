"""The oracle in the stack: its market by network, its local or remote node."""

from __future__ import annotations

import json
from typing import Any

import pytest

from manage.errors import NodeyardError
from manage.render.model import Stack
from tests.manage.render.conftest import Render

REMOTE = "oracle: {remote_bitcoind: 'node.example.org:8332,node.example.org:28332'}"
ALONE = f"profiles: [oracle]\nnetwork: private\nservices: {{bitcoind: {{enabled: false}}, {REMOTE}}}\n"


def environment(stack: Stack) -> dict[str, Any]:
    compose = next(spec.compose for spec in stack.services if spec.name == "oracle")
    found: dict[str, Any] = compose["environment"]
    return found


@pytest.mark.promise("Only a chain of one's own can have a synthetic market, only mainnet a real one", runs="ci")
@pytest.mark.parametrize(
    ("text", "market"),
    [
        ("network: sandbox", "synthetic"),
        ("network: private", "none"),
        ("network: private\nservices: {oracle: {synthetic_market: true}}", "synthetic"),
        ("network: mainnet\nimages: {source: upstream}\nservices: {oracle: {synthetic_market: true}}", "real"),
        ("network: testnet\nimages: {source: upstream}", "none"),
    ],
)
def test_only_mainnet_has_a_market_and_only_private_chains_a_synthetic_one(
    render: Render, text: str, market: str
) -> None:
    stack, _ = render(f"profiles: [oracle]\n{text}\n")
    assert environment(stack)["MARKET"] == market


@pytest.mark.promise("bitcoind lets the oracle call the methods it needs and no others", runs="ci")
def test_the_oracle_may_call_exactly_the_methods_that_it_calls(render: Render) -> None:
    from oracle.live.node import CALLED

    stack, _ = render("profiles: [oracle]\nnetwork: private\n")
    conf = next(spec.files["bitcoin.conf"].decode() for spec in stack.services if spec.name == "bitcoind")
    assert f"rpcwhitelist=oracle:{','.join(sorted(CALLED))}\n" in conf


@pytest.mark.promise("A named remote bitcoind takes the place of ours", runs="ci")
def test_a_remote_bitcoind_replaces_ours(render: Render) -> None:
    stack, manager = render(ALONE)
    assert "bitcoind" not in {spec.name for spec in stack.services}
    assert environment(stack)["BITCOIND_RPC_URL"] == "http://node.example.org:8332"
    assert environment(stack)["BITCOIND_ZMQ"] == "tcp://node.example.org:28332"
    watched = json.loads(manager.service("watch").live_file)
    needs = next(service["needs"] for service in watched["services"] if service["name"] == "oracle")
    assert needs == [{"service": "timescaledb", "check": "ready"}]


@pytest.mark.promise("An oracle without a local or remote bitcoind is a fault", runs="ci")
def test_an_oracle_without_a_bitcoind_is_a_problem(render: Render) -> None:
    with pytest.raises(NodeyardError, match="oracle needs bitcoind"):
        render("profiles: [oracle]\nnetwork: private\nservices: {bitcoind: {enabled: false}}\n")
