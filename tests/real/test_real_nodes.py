"""Real nodes are watched by chain facts: what watch says is held against what the nodes do."""

from __future__ import annotations

import subprocess

import pytest

from tests.journeys.installed import Installed, until


def bitcoin_cli(installed: Installed, *arguments: str) -> str:
    """bitcoin-cli inside the node's container, as its RPC user `host`."""
    password = installed.run("secrets", "show", "bitcoind_rpc_host").stdout.strip()
    argv = [
        "docker",
        "exec",
        "-i",
        installed.container("bitcoind"),
        "bitcoin-cli",
        "-regtest",
        "-rpcuser=host",
        "-stdinrpcpass",
    ]
    done = subprocess.run([*argv, *arguments], input=password + "\n", capture_output=True, text=True, check=True)
    return done.stdout.strip()


def mine(installed: Installed, blocks: int) -> None:
    """Blocks to the key-less output script OP_TRUE (no wallet needed)."""
    bitcoin_cli(installed, "generatetodescriptor", str(blocks), "raw(51)")


def reason(installed: Installed, name: str) -> str:
    return installed.verdicts()[name][1]


@pytest.mark.promise("bitcoind on regtest and kaspad on simnet, deployed by `manage setup`, are healthy", runs="real")
def test_both_nodes_are_healthy_on_a_fresh_private_chain(installed: Installed) -> None:
    verdicts = installed.verdicts()
    assert verdicts["bitcoind"][0] == "healthy", verdicts
    assert verdicts["kaspad"][0] == "healthy", verdicts


@pytest.mark.promise("On real nodes ZMQ is not proven before the chain moves, and proven after", runs="real")
def test_zmq_is_not_proven_before_the_chain_moves_and_proven_after(installed: Installed) -> None:
    assert "not proven yet" in reason(installed, "bitcoind")
    mine(installed, 3)
    until(lambda: "ZMQ proven" in reason(installed, "bitcoind"), 15, "the ZMQ proof")
    height = bitcoin_cli(installed, "getblockcount")
    facts = {e["fact"]: e["value"] for e in installed.json("why", "bitcoind")["evidence"] if "fact" in e}
    assert str(facts["height"]) == height


@pytest.mark.promise(
    "`docker pause` of a real node changes its verdict within 15 s, and unpausing changes it back",
    runs="real",
)
@pytest.mark.parametrize("node", ["bitcoind", "kaspad"])
def test_a_paused_node_is_noticed_within_15_s_and_back(installed: Installed, node: str) -> None:
    container = installed.container(node)
    subprocess.run(["docker", "pause", container], check=True, capture_output=True)
    try:
        found = until(
            lambda: next(
                (v for n, v in installed.verdicts().items() if n == node and v[0] in ("degraded", "down")), None
            ),
            15,
            f"{node} degraded or down",
        )
        assert "paused" in found[1], found
    finally:
        subprocess.run(["docker", "unpause", container], check=True, capture_output=True)
    until(lambda: installed.verdicts()[node][0] == "healthy", 30, f"{node} healthy again")


def test_a_stopped_node_comes_back_by_up(installed: Installed) -> None:
    subprocess.run(["docker", "stop", "-t", "60", installed.container("kaspad")], check=True, capture_output=True)
    operations = installed.json("plan", expect=10)["operations"]
    assert [o["service"] for o in operations] == ["kaspad"]
    installed.run("up")
    assert installed.verdicts()["kaspad"][0] == "healthy"


@pytest.mark.promise("A bitcoind built locally is refused on mainnet, with the reason", runs="real")
def test_a_locally_built_bitcoind_is_refused_on_mainnet_with_the_reason(installed: Installed) -> None:
    done = installed.run("config", "set", "network", "mainnet", expect=64)
    assert "the locally built bitcoind must not run on mainnet" in done.stderr
    assert "the locally built kaspad" not in done.stderr
