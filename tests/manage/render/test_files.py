"""What the services receive: argv, environment and configuration files, the contract with their programs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from manage.render import environment
from tests.manage.render.conftest import MAINNET, NODES, SANDBOX, Render

HELP = Path(__file__).parents[2] / "data" / "kaspad" / "help-2.1.0.txt"
KASPAD_FLAGS = set(re.findall(r"(?m)^ +(?:-\w, )?(--[a-z-]+)", HELP.read_text()))
"""All that the recorded `kaspad --help` names."""
TESTNET = MAINNET.replace("mainnet", "testnet")


def argv(render: Render, text: str, service: str) -> list[str]:
    compose = render(text)[0].service(service).compose
    return [*compose.get("entrypoint", []), *compose.get("command", [])]


def file(render: Render, text: str, service: str, name: str) -> str:
    stack, manager = render(text)
    owner = stack if service in {spec.name for spec in stack.services} else manager
    return owner.service(service).files[name].decode()


def test_kaspad_on_a_private_network_is_a_simnet_that_mines_unsynced_and_asks_no_seeds(render: Render) -> None:
    found = argv(render, NODES, "kaspad")
    assert found[:2] == ["kaspad", "--appdir=/var/lib/kaspad"]
    assert {"--simnet", "--enable-unsynced-mining", "--nodnsseed", "--utxoindex", "--nogrpc"} <= set(found)
    assert "--rpclisten-json=0.0.0.0:18510" in found


def test_kaspad_on_mainnet_takes_no_network_flag_and_on_testnet_one(render: Render) -> None:
    assert not {"--simnet", "--testnet"} & set(argv(render, MAINNET, "kaspad"))
    assert "--testnet" in argv(render, TESTNET, "kaspad")
    assert "--rpclisten-json=0.0.0.0:18210" in argv(render, TESTNET, "kaspad")


def test_kaspad_is_only_given_flags_that_its_help_names_and_never_yes(render: Render) -> None:
    settings = "services: {kaspad: {archival: true, peers: [a.example, b.example:16111], listen: true}}\n"
    found = {part.partition("=")[0] for part in argv(render, NODES + settings, "kaspad") if part.startswith("-")}
    assert len(found) > 10
    assert found <= KASPAD_FLAGS
    assert "--yes" not in found


def test_the_simulators_are_started_under_the_nodes_names_with_the_nodes_arguments(render: Render) -> None:
    assert argv(render, SANDBOX, "kaspad")[0] == "kaspad"
    assert argv(render, SANDBOX, "kaspad")[1:] == argv(render, NODES, "kaspad")[1:]
    assert argv(render, SANDBOX, "bitcoind") == argv(render, NODES, "bitcoind")
    compose = render(SANDBOX)[0].service("kaspad").compose
    assert compose["environment"] == {"SANDBOX_CONTROL": "/run/control/control.sock"}
    assert any(m["source"] == "/srv/yard/sandbox/kaspad" and m["target"] == "/run/control" for m in compose["volumes"])


def test_extra_arguments_come_last_and_a_dollar_reaches_the_program_as_one(render: Render) -> None:
    text = NODES + "services: {bitcoind: {extra_args: ['-uacomment=$x']}}\n"
    assert argv(render, text, "bitcoind")[-1] == "-uacomment=$$x"  # compose makes one of two


@pytest.mark.parametrize(
    ("text", "chain", "rpc"),
    [
        (SANDBOX, "regtest", 18443),
        (NODES, "regtest", 18443),
        (MAINNET, "main", 8332),
        (TESTNET, "testnet4", 48332),
    ],
)
def test_bitcoin_conf_names_the_chain_and_binds_rpc_in_that_chains_section(
    text: str, chain: str, rpc: int, render: Render
) -> None:
    conf = file(render, text, "bitcoind", "bitcoin.conf")
    everywhere, _, section = conf.partition(f"\n[{chain}]\n")
    assert f"chain={chain}\n" in everywhere
    assert f"rpcbind=0.0.0.0:{rpc}\n" in section
    assert "rpcallowip=0.0.0.0/0" not in conf
    assert "includeconf=/run/secrets/bitcoind_rpcauth\n" in everywhere


def test_every_zmq_topic_has_one_address_and_a_high_water_mark_of_its_own(render: Render) -> None:
    conf = file(render, NODES + "services: {bitcoind: {zmq_hwm: 5000}}\n", "bitcoind", "bitcoin.conf")
    for topic in ("rawtx", "rawblock", "sequence"):
        assert f"zmqpub{topic}=tcp://0.0.0.0:28332\n" in conf
        assert f"zmqpub{topic}hwm=5000\n" in conf


def test_watch_may_call_what_its_catalog_entry_names_and_the_host_everything(render: Render) -> None:
    conf = file(render, NODES, "bitcoind", "bitcoin.conf")
    whitelist = re.findall(r"^rpcwhitelist=(\w+):(\S+)$", conf, re.MULTILINE)
    assert [user for user, _ in whitelist] == ["watch"]
    assert "getblockchaininfo" in whitelist[0][1].split(",")
    assert "stop" not in whitelist[0][1].split(",")
    assert "rpcwhitelistdefault=0\n" in conf


def test_the_node_of_a_public_chain_holds_no_keys(render: Render) -> None:
    assert "disablewallet=1" in file(render, MAINNET, "bitcoind", "bitcoin.conf")
    assert "disablewallet" not in file(render, NODES, "bitcoind", "bitcoin.conf")


def test_the_tracker_finds_its_node_its_database_and_its_secrets(render: Render) -> None:
    assert render(SANDBOX)[0].service("tracker").compose["environment"] == {
        "NETWORK": "sandbox",
        "LISTEN": "http.tracker:8000",
        "ROOT_PATH": "/tracker",
        "KASPAD_URL": "ws://wrpc-json.kaspad:18510",
        "DATABASE_URL": "postgresql://tracker@sql.timescaledb:5432/tracker_sandbox",
        "DATABASE_PASSWORD_FILE": "/run/secrets/tracker_db_password",
        "TOKEN_FILE": "/run/secrets/tracker_token",
        "LOG_LEVEL": "info",
    }


def test_the_proxy_asks_dockers_dns_while_running_and_strips_the_path(render: Render) -> None:
    conf = file(render, SANDBOX, "proxy", "nginx.conf")
    assert "resolver 127.0.0.11" in conf
    assert "set $backend http://http.tracker:8000;" in conf
    assert "rewrite ^/tracker/(.*)$ /$1 break;" in conf
    assert "upstream " not in conf
    assert "rate=20r/s;" in conf


def test_the_database_makes_a_role_and_a_database_for_each_owner(render: Render) -> None:
    lines = file(render, SANDBOX, "timescaledb", "roles.txt").splitlines()
    memberships = "pg_monitor pg_use_reserved_connections"
    assert lines == ["oracle oracle_sandbox 31", "tracker tracker_sandbox 31", f"watch watch_sandbox 31 {memberships}"]
    assert "shared_buffers = '131072kB'" in file(render, SANDBOX, "timescaledb", "postgresql.conf")


def test_watch_json_lists_every_service_of_both_projects(render: Render) -> None:
    stack, manager = render(SANDBOX)
    document = json.loads(manager.service("watch").live_file)
    services = {entry["name"]: entry for entry in document["services"]}
    assert (document["version"], document["network"]) == (1, "sandbox")
    assert set(services) == {spec.name for part in (stack, manager) for spec in part.services}
    assert services["kaspad"]["ports"]["wrpc_json"] == {"host": "wrpc-json.kaspad", "port": 18510, "scheme": "ws"}
    assert services["kaspad"]["simulated"] is True
    assert services["kaspad"]["thresholds"]["max_tip_age_s"] == 10
    assert services["tracker"]["needs"] == [
        {"service": "timescaledb", "check": "ready"},
        {"service": "kaspad", "check": "utxoindex"},
    ]
    assert services["tracker"]["database"] == "tracker_sandbox"
    assert services["agent"]["project"] == "manager"
    assert services["agent"]["ports"] == {}


def test_a_value_never_becomes_two_lines_of_a_configuration_file() -> None:
    with pytest.raises(ValueError, match="control character"):
        environment.plain("a\nrpcallowip=0.0.0.0/0")
    assert environment.plain(environment.as_json({"a": 1})) == '{\n "a": 1\n}'


def test_a_compose_value_is_quoted_and_its_dollars_doubled() -> None:
    assert environment.quoted("a: $b #c") == '"a: $$b #c"'
    assert environment.quoted(["x", True, 3]) == '["x", true, 3]'
