"""Networks follow from relations: who is on which network, who gets out, and what a service listens on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from manage import config as configuration
from manage.catalog import Catalog, load_catalog
from manage.errors import NodeyardError
from manage.installation.layout import Layout
from manage.render import image_names, matrix, networks, render_manager, render_stack, wiring
from manage.render.model import Image, Installation, Stack
from tests.manage.cli.conftest import Manage, layout, manage

__all__ = ["layout", "manage"]

CATALOG = load_catalog()
NODES = "profiles: [bitcoin, core]\nnetwork: private\n"
MAINNET = "profiles: [bitcoin, core]\nnetwork: mainnet\nimages: {source: upstream}\n"
ORACLE_ALONE = (
    "profiles: [oracle]\nnetwork: private\nservices:\n  bitcoind: {enabled: false}\n"
    '  oracle: {remote_bitcoind: "192.0.2.10:18443,192.0.2.10:28332"}\n'
)


def graph(text: str = "", catalog: Catalog = CATALOG) -> wiring.ServiceGraph:
    return wiring.service_graph(catalog, configuration.parse(f"version: 1\n{text}", "stack.yml", catalog))


def rendered(text: str = "", catalog: Catalog = CATALOG) -> tuple[Stack, Stack]:
    config = configuration.parse(f"version: 1\n{text}", "stack.yml", catalog)
    images = {name: Image(name, name, name) for name in image_names(catalog, config)}
    installation, folder = Installation("0123abcd", "yard"), Path("/srv/yard")
    stack = render_stack(catalog, config, installation, images, {}, folder)
    return stack, render_manager(catalog, config, installation, images, {}, folder, stack)


def members(text: str = "", catalog: Catalog = CATALOG) -> Mapping[str, tuple[str, ...]]:
    return {network.key: network.members for network in networks.derived(graph(text, catalog))}


def own_service(folder: Path, name: str, **changed: object) -> Catalog:
    """The catalog with a service of the operator's own."""
    document = {
        "version": 1,
        "name": name,
        "title": name,
        "summary": "A service for a test.",
        "group": "services",
        "image": "manager",
        "uid": 10150 + len(list((folder / "services").glob("*"))),
        "resources": {"memory": "32m", "pids": 16, "disk": "1m"},
        **dict.fromkeys(("stop_grace_s", "startup_s", "downtime_s"), 5),
        "rollback": "safe",
        "backup": "none",
        "ports": {"http": {"number": 9000, "scheme": "http"}},
        "health": {"driver": "http"},
        **changed,
    }
    target = folder / "services" / name
    target.mkdir(parents=True)
    (target / "service.yml").write_text(yaml.safe_dump(document))
    (target / "compose.yml.j2").write_text(
        '{% extends "service.yml.j2" %}\n{% block environment %}\n'
        "  LISTEN: {{ listen.http | join(' ') }}\n{% endblock %}\n"
    )
    return load_catalog(Layout(folder))


@pytest.mark.promise("Each port that a relation uses has a network of its own, for its two sides and watch", runs="ci")
def test_a_network_holds_a_server_its_users_and_watch() -> None:
    assert members() == {
        "timescaledb-sql": ("timescaledb", "oracle", "tracker", "watch"),
        "bitcoind-rpc": ("bitcoind", "oracle", "watch"),
        "bitcoind-zmq": ("bitcoind", "oracle", "watch"),
        "kaspad-wrpc-json": ("kaspad", "tracker", "watch"),
        "tracker-http": ("tracker", "proxy", "watch"),
        "oracle-http": ("oracle", "proxy", "watch"),
        "proxy-http": ("proxy", "watch"),
        "proxy-door": ("proxy",),
        "dashboard-http": ("dashboard", "watch"),
        "dashboard-door": ("dashboard",),
        "watch-metrics": ("watch",),
    }


def test_an_own_service_joins_the_networks_of_what_it_uses_and_no_other(tmp_path: Path) -> None:
    catalog = own_service(tmp_path, "shop", uses={"kaspa_wrpc": {}, "route": {"path": "/shop/"}})
    found = members("", catalog)
    assert {key for key, names in found.items() if "shop" in names} == {"kaspad-wrpc-json", "shop-http"}
    assert found["shop-http"] == ("shop", "proxy", "watch")
    assert found["kaspad-wrpc-json"] == ("kaspad", "shop", "tracker", "watch")


@pytest.mark.promise("Only published ports and allowed ways out have a network that is not internal", runs="ci")
@pytest.mark.parametrize("text", ["", NODES, MAINNET, ORACLE_ALONE])
def test_a_network_with_two_members_is_internal_and_a_door_has_no_masquerade(text: str) -> None:
    for network in networks.derived(graph(text)):
        assert network.internal or len(network.members) == 1
        assert network.masquerade == (network.key == f"{network.server}-out")


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("", set()),
        (NODES, set()),
        (f"{NODES}services: {{kaspad: {{peers: [203.0.113.7]}}}}\n", {"kaspad"}),
        (f"{NODES}services: {{bitcoind: {{outbound: true}}}}\n", {"bitcoind"}),
        (MAINNET, {"bitcoind", "kaspad"}),
        (f"{MAINNET}services: {{bitcoind: {{outbound: false}}}}\n", {"kaspad"}),
        (ORACLE_ALONE, {"oracle"}),
    ],
)
def test_only_nodes_with_peers_and_what_the_operator_allows_get_out(text: str, out: set[str]) -> None:
    assert set(matrix.table(graph(text), "yard")["outbound"]) == out
    for spec in (spec for stack in rendered(text) for spec in stack.services if "networks" in spec.compose):
        assert (spec.compose.get("dns") == ["127.0.0.1"]) == (spec.name not in out), spec.name


def test_a_node_that_listens_for_peers_is_published_without_a_way_out_of_its_own() -> None:
    found = members(f"{NODES}services: {{kaspad: {{listen: true}}}}\n")
    assert found["kaspad-door"] == ("kaspad",)
    assert "kaspad-out" not in found


def test_a_service_with_a_port_for_peers_alone_is_still_watched(tmp_path: Path) -> None:
    catalog = own_service(
        tmp_path,
        "game",
        ports={"http": {"number": 9000, "scheme": "http", "publish": "public:open"}},
        settings={"open": {"type": "boolean", "default": False, "example": True, "help": "Open it."}},
    )
    assert members("", catalog)["game-http"] == ("game", "watch")


@pytest.mark.promise("A service that uses others listens on its own network alone", runs="ci")
def test_a_service_listens_on_the_address_meant(tmp_path: Path) -> None:
    stack, _manager = rendered()
    assert stack.service("tracker").compose["environment"]["LISTEN"] == "http.tracker:8000"
    assert stack.service("oracle").compose["environment"]["LISTEN"] == "http.oracle:8000"
    conf = stack.service("proxy").files["nginx.conf"].decode()
    listening = {line.strip() for line in conf.splitlines() if "listen " in line}
    assert {line.removesuffix(";").removesuffix(" default_server") for line in listening} == {
        "listen http.proxy:8080",
        "listen door.proxy:8080",
    }
    ports = {"http": {"number": 9000, "scheme": "http", "publish": "loopback", "offset": 12}}
    own, _manager = rendered("", own_service(tmp_path, "shop", ports=ports))
    assert own.service("shop").compose["environment"]["LISTEN"] == "http.shop:9000 door.shop:9000"


def test_the_name_of_a_port_leads_to_one_address() -> None:
    """Only the server has the alias, and only on the network of the port."""
    for stack in rendered():
        for spec in stack.services:
            for key, options in spec.compose.get("networks", {}).items():
                server, _, part = key.partition("-")
                assert options.get("aliases", []) == ([f"{part}.{server}"] if server == spec.name else [])


@pytest.mark.promise("bitcoind's list of RPC networks is the real subnet of its RPC network", runs="ci")
def test_the_rpc_allow_list_holds_no_guess() -> None:
    spec = rendered()[0].service("bitcoind")
    assert "rpcallowip=127.0.0.1\nincludeconf=/run/nodeyard/allowed.conf" in spec.files["bitcoin.conf"].decode()
    assert spec.files["bitcoin.conf"].decode().count("rpcallowip") == 1
    assert spec.start_files == {"allowed.conf": b"rpcallowip=<subnet of yard_bitcoind-rpc>\n"}
    mounts = [mount for mount in spec.compose["volumes"] if mount["target"] == "/run/nodeyard"]
    assert [(mount["source"], mount["read_only"]) for mount in mounts] == [("/srv/yard/run/start/bitcoind", True)]


def test_two_networks_never_share_a_name(tmp_path: Path) -> None:
    ports = {"http": {"number": 9000, "scheme": "http"}, "door": {"number": 9001, "scheme": "tcp"}}
    catalog = own_service(tmp_path, "shop", ports=ports)
    with pytest.raises(NodeyardError, match=r"ports\.door: its network shop-door would be that of shop \(door\)"):
        catalog.services("sandbox")


def test_an_own_file_of_an_earlier_version_still_loads(tmp_path: Path) -> None:
    assert "shop" in members("", own_service(tmp_path, "shop", networks=["front", "data"]))["shop-http"]


@pytest.mark.parametrize(
    ("pool", "words"),
    [
        ("10.213.0.0/20", ""),
        ("100.64.0.0/16", ""),
        ("203.0.113.0/24", ""),
        ("10.213.0.1/20", "is not a range of IPv4 addresses"),
        ("fd00::/64", "is not a range of IPv4 addresses"),
        ("10.213.0.0/28", "must have a prefix from /8 to /24"),
        ("127.0.0.0/16", "is reserved"),
        ("224.0.0.0/16", "is reserved"),
        ("0.0.0.0/8", "is reserved"),
    ],
)
def test_a_pool_that_docker_cannot_use_is_refused_with_the_reason(pool: str, words: str) -> None:
    if words:
        with pytest.raises(NodeyardError, match=words):
            graph(f"networks: {{pool: '{pool}'}}\n")
    else:
        assert graph(f"networks: {{pool: '{pool}'}}\n").config.pool == pool


@pytest.mark.promise("`manage why --network` shows every connection that the networks allow", runs="ci")
def test_the_matrix_is_shown_for_all_and_for_one(manage: Manage, layout: Layout) -> None:
    whole = manage("why", "--network", "--dir", str(layout.dir)).out
    assert "bitcoind-rpc" in whole
    assert "Published on this host: proxy (http) and dashboard (http)." in whole
    assert "May connect to addresses outside of the stack: none." in whole
    one = manage("why", "tracker", "--network", "--dir", str(layout.dir)).out
    assert "kaspad-wrpc-json" in one
    assert "bitcoind" not in one
    assert manage("why", "trackr", "--network", "--dir", str(layout.dir)).code == 64
    assert "why --network" in manage("why", "--dir", str(layout.dir)).err
