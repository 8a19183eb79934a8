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
