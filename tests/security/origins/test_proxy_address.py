"""nginx with our configuration: its names, and that no cookie passes but a service's own at its own address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from manage.apply import certificate
from tests.stage.proxies import Recorder, ask, configured, our_proxy

OWN = "nodeyard-0123abcd.localhost"
STOLEN = "nodeyard_session_8600=a; __Host-nodeyard_session=b"


@dataclass
class Proxy:
    port: int
    oracle: Recorder
    tracker: Recorder


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    oracle, tracker = Recorder(), Recorder()
    public = "services: {proxy: {public_url: 'https://services.example'}}"
    backends = {"oracle": oracle.port, "tracker": tracker.port}
    with our_proxy(configured(public), backends, tmp_path) as port:
        yield Proxy(port, oracle, tracker)
    oracle.close()
    tracker.close()


@pytest.mark.promise("The proxy passes no cookie, in either direction", runs="ci")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "services.example"])
def test_no_cookie_passes_at_the_shared_address(proxy: Proxy, host: str) -> None:
    for service, recorder in (("oracle", proxy.oracle), ("tracker", proxy.tracker)):
        recorder.answers = [("Set-Cookie", "shop=1; Path=/"), ("Set-Cookie", "nodeyard_session_8600=x; Path=/")]
        for method in ("GET", "HEAD", "POST"):
            headers = {"Cookie": f"{STOLEN}; shop=1", "Authorization": "Bearer t"}
            answer = ask(proxy.port, f"/{service}/x", f"{host}:{proxy.port}", method=method, headers=headers)
            assert answer.status == 200
            assert "Set-Cookie" not in answer.headers
            assert "cookie" not in recorder.seen[-1]
            assert recorder.seen[-1]["authorization"] == "Bearer t"


@pytest.mark.promise("A service that signs people in gets its own cookie at its own address, and no other", runs="ci")
@pytest.mark.parametrize("host", [f"tracker.{OWN}", "tracker.services.example"])
def test_only_its_cookie_passes_at_a_services_own_address(proxy: Proxy, host: str) -> None:
    sent = f"{STOLEN}; shop=mine; shops=2; xshop=3; a=shop=4"
    proxy.tracker.answers = [("Set-Cookie", f"shop=1; Path=/; Domain={OWN}"), ("Set-Cookie", "shop=2; HttpOnly")]
    answer = ask(proxy.port, "/tracker/x", host, headers={"Cookie": sent})
    assert proxy.tracker.seen[-1]["cookie"] == "shop=mine"
    first, second = answer.headers.get_all("Set-Cookie") or []
    assert f"Domain={host}" in first, "the service cannot plant a cookie at the dashboard's name above it"
    assert "Domain" not in second
    ask(proxy.port, "/tracker/x", host, headers={"Cookie": "a=1; __Host-shop=mine"})
    assert proxy.tracker.seen[-1]["cookie"] == "__Host-shop=mine"
    ask(proxy.port, "/tracker/x", host, headers={"Cookie": STOLEN})
    assert "cookie" not in proxy.tracker.seen[-1]


def test_no_other_service_is_at_its_address(proxy: Proxy) -> None:
    assert ask(proxy.port, "/oracle/x", f"tracker.{OWN}", headers={"Cookie": "shop=1"}).status == 404
    assert proxy.oracle.seen == []
    assert ask(proxy.port, "/", f"tracker.{OWN}").headers["Location"] == "/tracker/"


@pytest.mark.promise("The proxy answers under its own names only", runs="ci")
@pytest.mark.parametrize("host", ["evil.example", OWN, f"oracle.{OWN}", "10.0.0.1", "[::1]", "x.services.example"])
def test_another_name_is_refused(proxy: Proxy, host: str) -> None:
    for path in ("/", "/health", "/oracle/", "/tracker/x", "/oracle"):
        for method in ("GET", "POST", "HEAD"):
            answer = ask(proxy.port, path, host, method=method)
            assert (answer.status, answer.headers["Location"]) == (421, None), (method, path)
    assert "https://services.example" in ask(proxy.port, "/", host).text
    assert proxy.oracle.seen == proxy.tracker.seen == []


def test_services_hear_how_the_browser_reached_them(proxy: Proxy) -> None:
    for host, scheme in (("127.0.0.1", "http"), ("services.example", "https")):
        ask(proxy.port, "/oracle/x", host, headers={"X-Forwarded-Proto": "gopher", "X-Forwarded-For": "9.9.9.9"})
        seen = proxy.oracle.seen[-1]
        assert (seen["x-forwarded-proto"], seen["x-forwarded-for"]) == (scheme, "127.0.0.1")


@pytest.mark.promise("The proxy answers HEAD wherever it answers GET", runs="ci")
def test_head_and_redirects(proxy: Proxy) -> None:
    for path in ("/", "/health", "/oracle/x", "/nothing"):
        get, head = (ask(proxy.port, path, "localhost", method=method) for method in ("GET", "HEAD"))
        assert (head.status, head.text) == (get.status, "")
    assert ask(proxy.port, "/oracle", "localhost").headers["Location"] == "/oracle/"


def test_only_the_peers_that_the_start_script_names_come_in(tmp_path: Path) -> None:
    recorder = Recorder()
    with our_proxy(configured(), {"oracle": recorder.port}, tmp_path, peers="allow 172.18.0.1;\ndeny all;\n") as port:
        answer = ask(port, "/oracle/x", "localhost")
        assert (answer.status, recorder.seen) == (403, [])
        assert "through its own port" in answer.json()["error"]
        assert ask(port, "/health", "localhost").status == 200
    recorder.close()


@pytest.mark.promise("The proxy speaks TLS on every address but loopback", runs="ci")
def test_on_another_address_it_speaks_tls(tmp_path: Path) -> None:
    recorder = Recorder()
    pem = certificate.create(("192.0.2.7",), 1.8e9)
    with our_proxy(configured("ports: {bind: 192.0.2.7}"), {"oracle": recorder.port}, tmp_path, pem=pem) as port:
        assert ask(port, "/oracle/x", "192.0.2.7:8601", tls=True).status == 200
        assert recorder.seen[-1]["x-forwarded-proto"] == "https"
        assert ask(port, "/oracle/x", "192.0.2.7:8601").status == 400
    recorder.close()


def test_published_on_every_address_it_answers_under_each(tmp_path: Path) -> None:
    pem = certificate.create(("localhost",), 1.8e9)
    with our_proxy(configured("ports: {bind: 0.0.0.0}"), {}, tmp_path, pem=pem) as port:
        hosts = ("192.0.2.9", "[2001:db8::1]:1", "evil.example")
        assert [ask(port, "/", host, tls=True).status for host in hosts] == [404, 404, 421]
