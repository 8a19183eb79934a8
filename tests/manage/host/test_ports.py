from __future__ import annotations

import os
import socket
from typing import Any

import pytest

from manage.errors import NodeyardError
from manage.host import ports
from manage.host.ports import Endpoint, Listener


@pytest.mark.parametrize(
    ("entry", "endpoint"),
    [
        ("127.0.0.1:8600:8000", Endpoint("127.0.0.1", 8600)),
        ("8333:8333", Endpoint("0.0.0.0", 8333)),
        ("[::1]:53:53/udp", Endpoint("::1", 53, "udp")),
        ({"target": 80, "published": "8601", "host_ip": "127.0.0.1"}, Endpoint("127.0.0.1", 8601)),
        ({"target": 80, "published": 8601, "protocol": "udp"}, Endpoint("0.0.0.0", 8601, "udp")),
    ],
)
def test_published_ports_are_read_from_both_syntaxes(entry: Any, endpoint: Endpoint) -> None:
    assert ports.published_by({"ports": [entry]}) == (endpoint,)


def test_a_port_without_a_place_on_the_host_takes_none() -> None:
    assert ports.published_by({"ports": ["8000", {"target": 80}]}) == ()


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (Endpoint("127.0.0.1", 80), Endpoint("127.0.0.1", 80), True),
        (Endpoint("127.0.0.1", 80), Endpoint("0.0.0.0", 80), True),
        (Endpoint("127.0.0.1", 80), Endpoint("::", 80), True),
        (Endpoint("127.0.0.1", 80), Endpoint("::ffff:127.0.0.1", 80), True),
        (Endpoint("127.0.0.1", 80), Endpoint("127.0.0.2", 80), False),
        (Endpoint("127.0.0.1", 80), Endpoint("127.0.0.1", 81), False),
        (Endpoint("127.0.0.1", 80), Endpoint("127.0.0.1", 80, "udp"), False),
    ],
)
def test_two_endpoints_meet_when_they_cannot_both_be_listened_on(one: Endpoint, other: Endpoint, meet: bool) -> None:
    assert one.conflicts_with(other) is meet
    assert other.conflicts_with(one) is meet


def test_every_taken_port_is_named_with_its_holder_and_the_way_out() -> None:
    listeners = [
        Listener(Endpoint("0.0.0.0", 8600), "the container web"),
        Listener(Endpoint("0.0.0.0", 8600), "docker-proxy (pid 5)"),
        Listener(Endpoint("127.0.0.1", 8601), "nginx (pid 7)"),
    ]
    with pytest.raises(NodeyardError) as refused:
        ports.require_free([Endpoint("127.0.0.1", 8600), Endpoint("127.0.0.1", 8601)], listeners)
    assert refused.value.message == (
        "Port 8600 on 127.0.0.1 is already used by the container web. "
        "Port 8601 on 127.0.0.1 is already used by nginx (pid 7)."
    )
    assert "--port-base" in refused.value.hint


def test_a_process_that_listens_on_this_host_is_found_with_its_pid() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = Endpoint("127.0.0.1", server.getsockname()[1])
        found = [listener for listener in ports.listening() if listener.endpoint == endpoint]
    assert len(found) == 1
    assert found[0].who.endswith(f"(pid {os.getpid()})")


ONE, TWO, THREE = (Endpoint("127.0.0.1", number) for number in (8600, 8601, 8602))


@pytest.mark.promise("A port that another service of ours still holds is refused before anything is removed", runs="ci")
def test_a_port_moves_to_a_service_only_after_its_holder_left_it() -> None:
    held = {ONE: "dashboard", TWO: "proxy"}
    with pytest.raises(NodeyardError, match="dashboard cannot take port 8601: proxy of this installation"):
        ports.require_order([("dashboard", "recreate", [TWO]), ("proxy", "recreate", [THREE])], held)
    ports.require_order([("proxy", "recreate", [THREE]), ("dashboard", "recreate", [TWO])], held)
    ports.require_order([("proxy", "remove", []), ("dashboard", "recreate", [TWO])], held)
    ports.require_order([("dashboard", "unpause", [TWO]), ("dashboard", "recreate", [ONE])], held)


def test_a_port_on_all_addresses_meets_that_of_another_service_on_one() -> None:
    with pytest.raises(NodeyardError, match="bitcoind cannot take port 8601"):
        ports.require_order([("bitcoind", "recreate", [Endpoint("0.0.0.0", 8601)])], {TWO: "proxy"})
    ports.require_order([("bitcoind", "recreate", [Endpoint("0.0.0.0", 8601, "udp")])], {TWO: "proxy"})


@pytest.mark.promise("An address that this host does not have is refused before a change", runs="ci")
def test_an_address_of_another_host_is_refused() -> None:
    ours = [Endpoint(address, 8600) for address in ("127.0.0.1", "127.0.0.2", "0.0.0.0")]
    ports.require_addresses(ours)
    with pytest.raises(NodeyardError) as refused:
        ports.require_addresses([*ours, *(Endpoint("203.0.113.5", port) for port in (8600, 8601))])
    assert refused.value.message == "203.0.113.5 is not an address of this host (ports.bind in stack.yml)."
    with pytest.raises(NodeyardError, match="2001:db8::5 is not an address of this host"):
        ports.require_addresses([Endpoint("2001:db8::5", 8600)])
