"""nginx with our configuration: one client's WebSockets leave room for requests, for other clients and for watch."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tests.stage.proxies import ask, configured, our_proxy
from tests.stage.waiting import until

EACH = 5


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[int]:
    """The port of a proxy in front of an oracle and a tracker that accept every WebSocket."""

    def hold(connection: ServerConnection) -> None:
        for _ in connection:
            pass

    def plain(connection: ServerConnection, request: Any) -> Any:
        return None if "Upgrade" in request.headers else connection.respond(200, "here")

    with ExitStack() as held:
        ports = {}
        for name in ("oracle", "tracker"):
            server = held.enter_context(serve(hold, "127.0.0.1", 0, process_request=plain))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            ports[name] = server.socket.getsockname()[1]
        settings = f"services: {{proxy: {{sockets_per_client: {EACH}}}}}"
        yield held.enter_context(our_proxy(configured(settings), ports, tmp_path))


def listen(port: int, service: str, source: str = "127.0.0.1") -> Any:
    return connect(f"ws://127.0.0.1:{port}/{service}/ws", source_address=(source, 0), proxy=None)


@pytest.mark.promise("One client's WebSockets at the proxy leave room for requests, other clients and watch", runs="ci")
@pytest.mark.parametrize("service", ["tracker", "oracle"])
def test_one_client_cannot_take_the_proxy(proxy: int, service: str) -> None:
    with ExitStack() as held:
        for _ in range(EACH):
            held.enter_context(listen(proxy, service))
        for other in ("tracker", "oracle"):
            with pytest.raises(InvalidStatus) as refused, listen(proxy, other):
                pass
            response = refused.value.response
            assert (response.status_code, b"5 WebSockets" in (response.body or b"")) == (429, True)
            assert ask(proxy, f"/{other}/x", f"127.0.0.1:{proxy}").status == 200
            assert ask(proxy, f"/door/{other}", f"127.0.0.1:{proxy}").status == 200
        held.enter_context(listen(proxy, service, source="127.0.0.2"))
    assert until(lambda: is_served(proxy, service), 10), "a closed one makes room"


def is_served(proxy: int, service: str) -> bool:
    try:
        with listen(proxy, service):
            return True
    except InvalidStatus:
        return False
