"""The chain constants of `nodeclients.networks` and what the catalog and the templates say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from nodeclients.networks import BITCOIN, KASPA, ZMQ_PORT

from manage.catalog.model import NETWORKS

SERVICES = Path(__file__).parents[3] / "profiles" / "services"
SOURCES = Path(__file__).parents[3]
FLAGS = {"mainnet": "[]", "testnet-10": '["--testnet"]', "simnet": '["--simnet", '}
"""kaspad's flag for a network id (rusty-kaspa v2.0.1 kaspad/src/args.rs)."""


def ports(service: str) -> dict[str, dict[str, int]]:
    """Port name -> network -> number, as the service's catalog file says."""
    catalog: dict[str, Any] = yaml.safe_load((SERVICES / service / "service.yml").read_text())
    return {
        name: {network: port["number"][network] for network in NETWORKS}
        if isinstance(port["number"], dict)
        else dict.fromkeys(NETWORKS, port["number"])
        for name, port in catalog["ports"].items()
    }


def test_every_network_of_an_installation_is_described() -> None:
    assert tuple(KASPA) == NETWORKS
    assert tuple(BITCOIN) == NETWORKS


@pytest.mark.parametrize("network", NETWORKS)
def test_the_catalog_has_the_same_ports(network: str) -> None:
    kaspad, bitcoind = ports("kaspad"), ports("bitcoind")
    assert kaspad["wrpc_json"][network] == KASPA[network].wrpc_json_port
    assert kaspad["p2p"][network] == KASPA[network].p2p_port
    assert bitcoind["rpc"][network] == BITCOIN[network].rpc_port
    assert bitcoind["p2p"][network] == BITCOIN[network].p2p_port
    assert bitcoind["zmq"][network] == ZMQ_PORT


@pytest.mark.parametrize("network", NETWORKS)
def test_the_templates_start_the_same_chain(network: str) -> None:
    bitcoind = (SERVICES / "bitcoind" / "files" / "bitcoin.conf.j2").read_text()
    assert set(re.findall(rf'"{network}": "(\w+)"', bitcoind)) == {BITCOIN[network].chain}
    kaspad = (SERVICES / "kaspad" / "compose.yml.j2").read_text()
    flags = re.search(rf'"{network}": (\[.*\])', kaspad)
    assert flags is not None
    assert flags[1].startswith(FLAGS[KASPA[network].network_id])


@pytest.mark.promise("Network ids, ports and prefixes of the chains stand in one module", runs="ci")
def test_no_code_of_ours_writes_them_a_second_time() -> None:
    """Chain names as keys or values by network, prefixes and ports as literals: only `networks.py` has them."""
    numbers = {n for chain in KASPA.values() for n in (chain.wrpc_json_port, chain.p2p_port)}
    numbers |= {n for chain in BITCOIN.values() for n in (chain.rpc_port, chain.p2p_port)}
    literal = re.compile(rf'"(testnet-10|testnet4|kaspasim|bcrt)"|\b({"|".join(map(str, numbers))})\b')
    found = []
    for root in ("manage", "services"):
        for path in sorted((SOURCES / root).rglob("*.py")):
            if path.name != "networks.py" or path.parent.name != "nodeclients":
                code = re.sub(r'""".*?"""|#.*', "", path.read_text(), flags=re.DOTALL)
                found += [f"{path.relative_to(SOURCES)}: {match[0]}" for match in literal.finditer(code)]
    assert found == []
