"""Reading stack.yml: a complete configuration, or all problems at once with line and suggestion."""

from __future__ import annotations

from pathlib import Path

import pytest

from manage import config
from manage.catalog import Catalog
from manage.config import InvalidConfig
from manage.config.model import Config, Problem
from manage.errors import NodeyardError


def parse(text: str, catalog: Catalog) -> Config:
    return config.parse(f"version: 1\n{text}", "stack.yml", catalog)


def problems(text: str, catalog: Catalog) -> dict[str, Problem]:
    with pytest.raises(InvalidConfig) as caught:
        parse(text, catalog)
    return {problem.path: problem for problem in caught.value.problems}


def test_an_empty_configuration_is_the_sandbox_with_every_default_filled_in(catalog: Catalog) -> None:
    found = parse("", catalog)
    assert (found.network, found.profiles, found.port_base, found.bind) == ("sandbox", ("sandbox",), 8600, "127.0.0.1")
    assert found.services[0] == "timescaledb"
    assert set(found.services) >= {"timescaledb", "kaspad", "bitcoind", "tracker", "proxy"}
    assert found.settings["proxy"] == {"public_url": "", "rate_limit": 20, "sockets_per_client": 500}
    assert found.memory["kaspad"] == catalog.service("kaspad", "sandbox").resources.memory
    assert {"agent", "watch", "dashboard"} <= set(found.settings)
    assert not {"agent", "watch", "dashboard"} & set(found.services)


@pytest.mark.promise("All problems of stack.yml are reported at once, each with its line and a suggestion", runs="ci")
def test_all_problems_are_reported_at_once_with_line_and_suggestion(catalog: Catalog) -> None:
    text = """\
network: sandbx
profile: [core]
profiles: [core]
ports: 8600
services:
  kaspad:
    ram_scal: 2
    outbound_peers: 200
    archival: 'yes'
  tracker: {enabled: true}
"""
    found = problems(text, catalog)
    assert {path: problem.line for path, problem in found.items()} == {
        "network": 2,
        "profile": 3,
        "ports": 5,
        "services.kaspad.ram_scal": 8,
        "services.kaspad.outbound_peers": 9,
        "services.kaspad.archival": 10,
        "services.tracker": 11,
    }
    assert found["services.kaspad.ram_scal"].hint == "did you mean ram_scale?"
    assert found["profile"].hint == "did you mean profiles?"
    assert found["services.kaspad.outbound_peers"].message == "200 is more than 64"
    assert found["services.tracker"].message == "tracker is not part of the chosen profiles (core)"


def test_the_error_has_a_count_and_one_line_per_problem(catalog: Catalog) -> None:
    with pytest.raises(InvalidConfig) as caught:
        parse("netwrk: x\nports: {base: 10}\n", catalog)
    assert caught.value.message.splitlines() == [
        "stack.yml has 2 problems:",
        "  line 2: netwrk: unknown key; did you mean network?",
        "  line 3: ports.base: 10 is less than 1024",
    ]


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("name: ''", "name", "does not match"),
        ("profiles: sandbox", "profiles", "is not a list of texts"),
        ("profiles: [sandbx]", "profiles", "is not one of"),
        ("ports: {base: true}", "ports.base", "true is not a whole number"),
        ("ports: {base: 8600.5}", "ports.base", "is not a whole number"),
        ("ports: {bind: localhost}", "ports.bind", "is not an IP address"),
        ("services: {kaspad: {ram_scale: fast}}", "services.kaspad.ram_scale", "is not a number"),
        ("services: {kaspad: {memory: 4}}", "services.kaspad.memory", "is not a size"),
        ("services: {kaspad: {memory: 4q}}", "services.kaspad.memory", "'4q' is not a size"),
        ("services: {kaspad: {memory: 1m}}", "services.kaspad.memory", "is less than 16m"),
        ('services: {kaspad: {peers: ["a\\nb"]}}', "services.kaspad.peers", "contains a control character"),
        ("services: {kaspad: {peers: [a b]}}", "services.kaspad.peers", "does not match"),
        ("storage: {chain_dirs: {kaspad: relative}}", "storage.chain_dirs.kaspad", "is not an absolute path"),
        ("storage: {chain_dirs: {kaspad: /}}", "storage.chain_dirs.kaspad", "is not an absolute path"),
        ("storage: {chain_dirs: {kaspad: /a/../b}}", "storage.chain_dirs.kaspad", "is not an absolute path"),
        ("storage: {chain_dirs: {bitcoind: /a, kaspad: /a}}", "storage.chain_dirs.kaspad", "is not separate from"),
        ("storage: {chain_dirs: {bitcoind: /a/b, kaspad: /a}}", "storage.chain_dirs.kaspad", "is not separate from"),
        ("services: {proxy: {rate_limit: 1, rate_limit: 2}}", "services.proxy.rate_limit", "given twice"),
        ("services: {proxy: 3}", "services.proxy", "this is a section"),
        ("services: {dashboard: {enabled: false}}", "services.dashboard.enabled", "unknown key"),
        ("services: {bitcoind: {prune: 100}}", "services.bitcoind.prune", "at least 550 MiB"),
        ("services: {kaspad: {enabled: false}}", "services.kaspad.enabled", "tracker needs kaspad (kaspa_wrpc)"),
        ("name: 2026-11-21", "name", "is not text"),
    ],
)
def test_a_value_that_does_not_fit_is_a_problem_at_its_key(text: str, path: str, words: str, catalog: Catalog) -> None:
    assert words in problems(text, catalog)[path].message


def test_a_broken_rule_is_reported_with_the_sentence_of_the_rule(catalog: Catalog) -> None:
    found = problems("services:\n  bitcoind:\n    txindex: true\n    prune: 1000\n", catalog)
    problem = found["services.bitcoind.txindex"]
    assert problem.line == 4
    assert "only if it keeps all blocks" in problem.message


def test_a_profile_is_refused_on_a_network_it_does_not_run_on(catalog: Catalog) -> None:
    problem = problems("profiles: [sandbox]\nnetwork: private\n", catalog)["network"]
    assert problem.message == "profile sandbox does not run on private"
    assert problem.hint == "it runs on sandbox"


@pytest.mark.promise("A locally built bitcoind is refused on mainnet and testnet, with the reason", runs="ci")
@pytest.mark.parametrize("network", ["mainnet", "testnet"])
def test_a_locally_built_bitcoind_is_refused_on_public_networks_with_the_reason(network: str, catalog: Catalog) -> None:
    text = f"profiles: [bitcoin]\nnetwork: {network}\nimages: {{source: local}}\n"
    problem = problems(text, catalog)["images.source"]
    assert problem.line == 4
    assert "Core development tree" in problem.message
    assert "upstream" in problem.hint


@pytest.mark.promise("A locally built kaspad may run on mainnet and testnet", runs="ci")
@pytest.mark.parametrize("network", ["mainnet", "testnet"])
def test_a_locally_built_kaspad_is_a_release_and_may_follow_public_networks(network: str, catalog: Catalog) -> None:
    found = parse(f"profiles: [core]\nnetwork: {network}\nimages: {{source: local}}\n", catalog)
    assert found.services == ("kaspad",)


@pytest.mark.parametrize(
    "text", ["network: private\nimages: {source: local}", "network: mainnet\nimages: {source: upstream}"]
)
def test_real_nodes_run_locally_built_on_a_private_network_and_from_upstream_anywhere(
    text: str, catalog: Catalog
) -> None:
    found = parse(f"profiles: [bitcoin, core]\n{text}\n", catalog)
    assert found.services == ("bitcoind", "kaspad")


def test_two_services_cannot_publish_the_same_port(catalog: Catalog) -> None:
    text = "profiles: [sandbox]\nports: {base: 18443}\nservices: {bitcoind: {listen: true}}\n"
    assert "2 services would use port 18444 of this host" in problems(text, catalog)["ports.base"].message


@pytest.mark.promise("A stack.yml of a newer version is refused", runs="ci")
def test_a_newer_version_is_refused(catalog: Catalog) -> None:
    with pytest.raises(NodeyardError, match="written by a newer manage"):
        config.parse("version: 2\nname: x\n", "stack.yml", catalog)


def test_a_file_without_a_version_is_refused(catalog: Catalog) -> None:
    with pytest.raises(InvalidConfig, match="version: this key is missing"):
        config.parse("name: x\n", "stack.yml", catalog)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the file is empty"),
        ("- a", "the file has no keys"),
        ("a: [", "not valid YAML"),
        ("a: \x07", "not valid YAML"),
    ],
)
def test_a_file_without_a_mapping_or_valid_yaml_is_one_problem(text: str, words: str, catalog: Catalog) -> None:
    with pytest.raises(InvalidConfig, match=words):
        config.parse(text, "stack.yml", catalog)


def test_the_error_for_a_missing_file_says_how_to_create_it(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(NodeyardError) as caught:
        config.load(tmp_path / "stack.yml", catalog)
    assert caught.value.hint == "Create it: manage init"


def test_a_disabled_service_is_listed_apart_and_its_settings_are_still_checked(catalog: Catalog) -> None:
    found = parse("services:\n  proxy:\n    enabled: false\n    rate_limit: 5\n", catalog)
    assert "proxy" not in found.services
    assert found.disabled == ("proxy",)
    assert "proxy" not in found.settings


def test_an_empty_section_equals_a_missing_one(catalog: Catalog) -> None:
    assert parse("services:\nports: {}\n", catalog) == parse("", catalog)


def test_one_and_one_point_zero_are_the_same_number(catalog: Catalog) -> None:
    one, other = (parse(f"services: {{kaspad: {{ram_scale: {text}}}}}", catalog) for text in ("2", "2.0"))
    assert one == other


def test_the_configuration_in_force_is_shown_with_its_defaults(catalog: Catalog) -> None:
    flat = config.flatten(parse("services: {proxy: {rate_limit: 5}}\n", catalog))
    assert flat["services.proxy.rate_limit"] == 5
    assert flat["services.kaspad.outbound_peers"] == 8
    assert flat["ports.base"] == 8600
