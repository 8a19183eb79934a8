"""The dashboard's port holds clients off that begin requests and do not finish them."""

from __future__ import annotations

import http.client
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from manage.installation.layout import Layout
from tests.stage import agents, dashboards, scenery
from tests.stage.half_open import FORM, HEAD, half_open


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    layout = agents.folders(Layout(tmp_path_factory.mktemp("yard")))
    scenery.put(layout, scenery.healthy(time.time()))
    with dashboards.serve(layout) as url:
        yield url


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port, url
    return port


def page_ms(url: str, count: int = 40) -> list[float]:
    """How long the sign-in page takes each time, over new connections."""
    taken = []
    for _ in range(count):
        began = time.perf_counter()
        client = http.client.HTTPConnection("127.0.0.1", port_of(url), timeout=5)
        client.request("GET", "/login", headers={"Host": urlsplit(url).netloc})
        assert client.getresponse().status == 200
        client.close()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


@pytest.mark.promise("Unfinished requests do not delay the dashboard's pages: 2,000 of them hold no thread", runs="ci")
@pytest.mark.parametrize("part", [HEAD, FORM, b""], ids=["half a head", "half a form", "nothing"])
def test_pages_come_while_unfinished_requests_are_open(url: str, part: bytes) -> None:
    with half_open(url, 700, (part,)):
        taken = page_ms(url)
    assert statistics.median(taken) < 100


def test_clients_that_do_not_read_their_answers_hold_no_thread(url: str) -> None:
    with ExitStack() as held:
        for _ in range(32):
            client = held.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            client.connect(("127.0.0.1", port_of(url)))
            client.sendall(f"GET /login HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n\r\n".encode() * 50)
        assert statistics.median(page_ms(url, 10)) < 500


def test_a_form_that_is_too_large_is_refused(url: str) -> None:
    client = http.client.HTTPConnection("127.0.0.1", port_of(url), timeout=5)
    client.request("POST", "/login", body=b"x" * 70_000)
    answer = client.getresponse()
    assert (answer.status, answer.read()) == (413, b"The form is too large.")


def test_a_stopped_dashboard_has_ended_well(tmp_path: Path) -> None:
    layout = agents.folders(Layout(tmp_path))
    with dashboards.serve(layout) as url, half_open(url, 20):
        pass  # `serve` waits for the end
