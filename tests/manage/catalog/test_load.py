"""Loading `profiles/`: what is shipped is whole, and whoever adds a service is told in sentences what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from manage.catalog import check
from manage.catalog.load import load, resolve, start_order
from manage.catalog.model import NETWORKS
from manage.errors import NodeyardError
from manage.installation.layout import CHECKOUT

Spoil = Callable[[str, str, str], Path]


def test_the_shipped_catalog_loads_and_nothing_of_a_service_is_missing_in_the_tree() -> None:
    catalog = load()
    assert {"sandbox", "bitcoin", "core"} <= set(catalog.profiles)
    assert check.missing_parts(catalog, CHECKOUT) == ()


def test_services_stand_in_start_order_data_before_chains_before_services_before_the_manager() -> None:
    order = list(load().entries)
    assert order.index("timescaledb") < order.index("bitcoind") < order.index("tracker") < order.index("agent")


def test_every_service_resolves_on_every_network_with_values_of_that_network() -> None:
    catalog = load()
    for name in catalog.entries:
        for network in NETWORKS:
            assert resolve(catalog, name, network).name == name
    assert resolve(catalog, "kaspad", "mainnet").port("wrpc_json").number == 18110
    assert resolve(catalog, "kaspad", "testnet").port("wrpc_json").number == 18210
    assert resolve(catalog, "bitcoind", "private").port("rpc").number == 18443


def test_on_the_sandbox_network_every_chain_node_is_a_simulator_and_elsewhere_none_is() -> None:
    catalog = load()
    chains = [name for name in catalog.entries if catalog.entries[name]["group"] == "chains"]
    for name in chains:
        assert resolve(catalog, name, "sandbox").simulated
        assert resolve(catalog, name, "sandbox").image == "sandbox"
        assert not resolve(catalog, name, "private").simulated


def test_a_service_that_is_not_there_is_refused_with_the_list_of_those_that_are() -> None:
    with pytest.raises(NodeyardError) as caught:
        resolve(load(), "kaspd", "mainnet")
    assert "kaspad" in caught.value.hint


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("services/proxy", "resources: {memory: 96m, pids: 64, disk: 10m}\n", "", "it has no resources: without a"),
        ("services/proxy", "memory: 96m, ", "", "it has no memory: a resource limit"),
        ("services/proxy", "memory: 96m", "memory: lots", "'lots' is not a size like 512m"),
        ("services/proxy", "backup: none, it holds no data\n", "", "it has no backup: what happens to its data"),
        ("services/proxy", "  driver: http\n", "", "it has no driver: no health driver means"),
        ("services/proxy", "startup_s: 20", "start_up_s: 20", "start_up_s is not a key; did you mean startup_s?"),
        ("services/proxy", "uid: 10011", "uid: 10012", "uid 10012 is"),
        ("services/proxy", "uid: 10011", "uid: 33", "uid 33 is below 10000"),
        ("services/proxy", "offset: 1", "offset: 0", "port offset 0 is dashboard's"),
        ("services/proxy", "rollback: safe", "rollback: maybe", "rollback is 'maybe', expected is one of safe"),
        ("services/proxy", "group: services", "group: servces", "group is 'servces'"),
        ("services/proxy", "name: proxy", "name: door", "calls itself door"),
        ("services/proxy", "default: 20", "default: twenty", "the default is no integer"),
        ("services/kaspad", "sandbox: 18510", "moonnet: 18510", "number is a mapping, expected is integer"),
        ("services/kaspad", ", sandbox: 18510", "", "ports.wrpc_json.number says nothing for network sandbox"),
        ("services/kaspad", '"public:listen"', '"public:lisen"', "published by the setting lisen"),
        ("services/kaspad", '"(?i)panic"', '"(?i"', "is no regular expression"),
        ("services/tracker", "service: kaspad", "service: kaspd", "it needs kaspd, which is no service"),
        ("services/tracker", "  - {name: tracker_db_password}\n", "", "lacks the secret tracker_db_password"),
        ("services/tracker", "  http: {number", "  web: {number", "has no port named http"),
        ("services/watch", "  - {name: bitcoind_rpc_watch, with_service: bitcoind}\n", "", "lacks the secret bitc"),
        ("core.yml", "default_network: mainnet", "default_network: moon", "'moon' is no network"),
        ("core.yml", "services: [kaspad]", "services: [kaspad, redis]", "redis is no service"),
        ("rules.yml", "bitcoind.txindex=true", "bitcoind.txindx=true", "names no setting of bitcoind"),
        ("rules.yml", "bitcoind.txindex=true", "bitcoin core", "names no service"),
        ("services/proxy", "uid: 10011", "uid: 10011\nuid: 10011", "uid is given twice"),
        ("services/proxy", "uid: 10011", "uid: [", "is no valid YAML"),
    ],
)
def test_what_an_author_forgot_is_said_in_a_sentence(spoil: Spoil, file: str, old: str, new: str, words: str) -> None:
    with pytest.raises(NodeyardError) as caught:
        load(spoil(file, old, new))
    assert words in caught.value.message


def test_all_faults_of_a_file_are_named_at_once(spoil: Spoil) -> None:
    tree = spoil("services/proxy", "backup: none, it holds no data\n", "")
    spoil("services/proxy", "stop_grace_s: 10\n", "")
    with pytest.raises(NodeyardError) as caught:
        load(tree)
    assert "profiles/services/proxy/service.yml has 2 faults" in caught.value.message
    assert "it has no backup" in caught.value.message
    assert "it has no stop_grace_s" in caught.value.message


def test_services_that_need_each_other_in_a_circle_are_refused(spoil: Spoil) -> None:
    tree = spoil("services/kaspad", "needs: []", "needs: [{service: tracker, check: ready}]")
    with pytest.raises(NodeyardError, match="circle: kaspad -> tracker -> kaspad"):
        load(tree)


def test_a_service_starts_after_what_it_needs_whatever_its_name() -> None:
    catalog = load()
    services = [resolve(catalog, name, "sandbox") for name in sorted(catalog.entries, reverse=True)]
    assert start_order(services) == tuple(catalog.entries)


def test_missing_template_and_driver_of_a_new_service_are_named(tree: Path) -> None:
    (tree / "profiles/services/kaspad/compose.yml.j2").unlink()
    sentences = check.missing_parts(load(tree), tree)
    assert any(s.startswith("kaspad has no profiles/services/kaspad/compose.yml.j2, the fragment") for s in sentences)
    assert any(s.startswith("tracker has no manage/health/probes/tracker.py") for s in sentences)


def test_every_exception_from_the_hardening_preset_has_a_reason() -> None:
    catalog = load()
    for name in catalog.entries:
        for what, reason in resolve(catalog, name, "mainnet").exceptions.items():
            assert len(reason) > 20, f"{name}: {what}"
