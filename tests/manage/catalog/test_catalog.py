"""Loading `profiles/`: the shipped files are valid, and errors tell the author of a service what is wrong and where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from manage.catalog import Catalog, load_catalog
from manage.catalog.catalog import start_order
from manage.catalog.model import NETWORKS
from manage.errors import NodeyardError

Spoil = Callable[[str, str, str], Path]


def loaded(root: Path) -> Catalog:
    """The catalog of `root`, checked on every network."""
    catalog = load_catalog(root=root)
    for network in NETWORKS:
        catalog.services(network)
    return catalog


def test_services_are_in_start_order_data_chains_services_manager() -> None:
    order = load_catalog().names
    assert order.index("timescaledb") < order.index("bitcoind") < order.index("tracker") < order.index("agent")


def test_every_service_resolves_on_every_network_with_values_of_that_network() -> None:
    catalog = load_catalog()
    for network in NETWORKS:
        assert tuple(catalog.services(network)) == catalog.names
    assert catalog.service("kaspad", "mainnet").port("wrpc_json").number == 18110
    assert catalog.service("kaspad", "testnet").port("wrpc_json").number == 18210
    assert catalog.service("bitcoind", "private").port("rpc").number == 18443


@pytest.mark.promise("The catalog is resolved once for each network", runs="ci")
def test_a_service_is_built_once_for_each_network() -> None:
    catalog = load_catalog()
    assert catalog.service("kaspad", "mainnet") is catalog.service("kaspad", "mainnet")


def test_on_the_sandbox_network_every_chain_node_is_a_simulator_and_elsewhere_none_is() -> None:
    catalog = load_catalog()
    for name in (name for name in catalog.names if catalog.service(name, "sandbox").group == "chains"):
        assert catalog.service(name, "sandbox").simulated
        assert catalog.service(name, "sandbox").image == "sandbox"
        assert not catalog.service(name, "private").simulated


def test_an_unknown_service_is_refused_with_the_closest_known_one() -> None:
    with pytest.raises(NodeyardError, match=r"Unknown service 'kaspd'\. Did you mean 'kaspad'\?"):
        load_catalog().service("kaspd", "mainnet")


@pytest.mark.promise(
    "An unknown key, driver, threshold, check, relation, port or setting of a service file is refused",
    runs="ci",
)
@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "services/proxy",
            "resources: {memory: 96m, pids: 64, disk: 10m}\n",
            "",
            "resources: this key is missing: a limit protects",
        ),
        ("services/proxy", "memory: 96m, ", "", "resources.memory: this key is missing: a limit protects"),
        ("services/proxy", "memory: 96m", "memory: lots", "resources.memory: 'lots' is not a size like 512m"),
        ("services/proxy", "backup: none, it holds no data\n", "", "backup: this key is missing: it says how its data"),
        ("services/proxy", "  driver: http\n", "", "health.driver: this key is missing: it decides the verdict"),
        ("services/proxy", "driver: http", "driver: htpp", "unknown health driver 'htpp'. Did you mean 'http'?"),
        ("services/proxy", "startup_s: 20", "start_up_s: 20", "unknown key 'start_up_s'. Did you mean 'startup_s'?"),
        ("services/proxy", "uid: 70011", "uid: 70012", "uid: 70012 belongs to bitcoind"),
        ("services/proxy", "uid: 70011", "uid: 33", "uid: 33 is outside 70000 to 70099"),
        ("services/proxy", "offset: 1", "offset: 0", "ports.http.offset: 0 belongs to dashboard"),
        ("services/proxy", "rollback: safe", "rollback: maybe", "rollback: unknown value 'maybe'. Known: safe"),
        (
            "services/proxy",
            "group: services",
            "group: servces",
            "group: unknown value 'servces'. Did you mean 'services'",
        ),
        ("services/proxy", "name: proxy", "name: door", "name: the folder is called 'proxy'"),
        (
            "services/proxy",
            "default: 20",
            "default: twenty",
            "settings.rate_limit.default: 'twenty' is not a whole number",
        ),
        ("services/proxy", "example: 50", "example: 0", "settings.rate_limit.example: 0 is less than 1"),
        ("services/proxy", "    example: 50\n", "", "settings.rate_limit.example: this key is missing"),
        ("services/watch", "image: manager", "image: managr", "image: unknown image 'managr'. Did you mean 'manager'"),
        (
            "services/proxy",
            "driver: http",
            "driver: http\n  options: {port: htpp}",
            "options.port: unknown port 'htpp'",
        ),
        ("services/agent", "cap_add: CHOWN", "cap_ad: CHOWN", "unknown exception 'cap_ad'. Did you mean 'cap_add'?"),
        ("services/proxy", "  route: {}", "  rout: {}", "unknown relation 'rout'. Did you mean 'route'?"),
        ("services/proxy", "image: nginx", "image: [nginx]", "image: expected text, not a list"),
        (
            "services/kaspad",
            "max_tip_age_s:",
            "max_tipage_s:",
            "unknown threshold 'max_tipage_s'. Did you mean 'max_tip_",
        ),
        ("services/kaspad", "sandbox: 18510", "moonnet: 18510", "number: expected an integer, not a mapping"),
        ("services/kaspad", ", sandbox: 18510", "", "ports.wrpc_json.number: there is no value for network sandbox"),
        ("services/kaspad", '"public:listen"', '"public:lisen"', "the service has no setting 'lisen'"),
        ("services/kaspad", '"(?i)panic"', '"(?i"', "is not a regular expression"),
        (
            "services/kaspad",
            "port: wrpc_json",
            "port: wrpc",
            "provides.kaspa_wrpc.port: unknown port 'wrpc'. Did you mean",
        ),
        (
            "services/tracker",
            "check: utxoindex",
            "check: utxoindx",
            "unknown check of kaspad 'utxoindx'. Did you mean 'utx",
        ),
        ("services/tracker", "  http: {number", "  web: {number", "uses.route.port: unknown port 'http'. Known: web"),
        (
            "services/tracker",
            "  database: {}",
            "  database: {grant: []}",
            "unknown key 'grant'. Did you mean 'grants'?",
        ),
        ("services/oracle", "unless: remote_bitcoind\n", "unless: remote\n", "unknown setting 'remote'"),
        (
            "services/bitcoind",
            "kind: rpcauth, relation: bitcoin_rpc",
            "kind: rpcauth, relation: btc",
            "relation: 'btc'",
        ),
        ("core.yml", "default_network: mainnet", "default_network: moon", "default_network: unknown value 'moon'"),
        ("core.yml", "  - kaspad", "  - kaspad\n  - redis", "services: unknown service 'redis'"),
        (
            "rules.yml",
            "bitcoind.txindex=true",
            "bitcoind.txindx=true",
            "unknown setting 'txindx'. Did you mean 'txindex'",
        ),
        ("rules.yml", "bitcoind.txindex=true", "bitcoin core", "unknown service 'bitcoin core'"),
        ("relations.yml", "copied: true", "coppied: true", "unknown key 'coppied'. Did you mean 'copied'?"),
        ("services/proxy", "uid: 70011", "uid: 70011\nuid: 70011", "the key 'uid' is given twice"),
        ("services/proxy", "uid: 70011", "uid: [", "is not valid YAML"),
    ],
)
def test_a_problem_is_reported_in_a_sentence(spoil: Spoil, file: str, old: str, new: str, words: str) -> None:
    with pytest.raises(NodeyardError) as caught:
        loaded(spoil(file, old, new))
    assert words in caught.value.message


@pytest.mark.promise("A problem of a service file is named with its file and line", runs="ci")
def test_a_problem_is_reported_with_its_file_and_line(spoil: Spoil) -> None:
    tree = spoil("services/kaspad", "max_tip_age_s:", "max_tipage_s:")
    text = (tree / "profiles/services/kaspad/service.yml").read_text()
    line = text[: text.index("max_tipage_s")].count("\n") + 1
    with pytest.raises(NodeyardError, match=rf"profiles/services/kaspad/service\.yml has .*\n  line {line}: "):
        loaded(tree)


def test_all_problems_of_a_file_are_reported_at_once(spoil: Spoil) -> None:
    tree = spoil("services/proxy", "backup: none, it holds no data\n", "")
    spoil("services/proxy", "stop_grace_s: 10\n", "")
    with pytest.raises(NodeyardError) as caught:
        loaded(tree)
    assert "profiles/services/proxy/service.yml has 2 problems" in caught.value.message
    assert "backup: this key is missing" in caught.value.message
    assert "stop_grace_s: this key is missing" in caught.value.message


@pytest.mark.promise("A service file that is nested too deeply or expands too far is refused", runs="ci")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: " + "[" * 200 + "]" * 200, "too large or nested too deeply"),
        ("&a [x, x]\n", "expected a mapping"),
        ("a: &a [x]\n" + "b: [" + "*a, " * 30000 + "]\n", "too large or nested too deeply"),
    ],
)
def test_a_hostile_document_is_refused(tree: Path, text: str, words: str) -> None:
    (tree / "profiles/services/proxy/service.yml").write_text(text)
    with pytest.raises(NodeyardError, match=words):
        loaded(tree)


def test_services_that_wait_for_each_other_in_a_circle_are_refused(spoil: Spoil) -> None:
    tree = spoil("services/kaspad", "rollback:", "needs: [{service: tracker, check: ready}]\nrollback:")
    with pytest.raises(NodeyardError, match="circle: kaspad -> tracker -> kaspad"):
        loaded(tree)


def test_a_service_starts_after_what_it_needs_whatever_its_name() -> None:
    catalog = load_catalog()
    services = [catalog.service(name, "sandbox") for name in sorted(catalog.names, reverse=True)]
    assert tuple(service.name for service in start_order(services)) == catalog.names


def test_every_exception_from_the_hardening_preset_has_a_reason() -> None:
    for name, service in load_catalog().services("mainnet").items():
        for what, reason in service.exceptions.items():
            assert len(reason) > 20, f"{name}: {what}"
