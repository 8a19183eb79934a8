"""The dashboard answers under its own name and through its own port alone: what a page or a neighbour would try."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from manage.errors import NodeyardError
from manage.installation.layout import Layout
from manage.web import door
from manage.web.app import create_app
from manage.web.door import Address
from tests.stage import scenery
from tests.stage.agents import PASSWORD, Agent, Clock

NAME = "nodeyard-0123abcd.localhost"
HERE = Address(frozenset({NAME}), f"http://{NAME}:8600")
PUBLIC = Address(frozenset({NAME, "yard.example"}), f"http://{NAME}:8600", "https://yard.example")
OTHERS = [
    "127.0.0.1:8600",
    "localhost:8600",
    "evil.example",
    f"x.{NAME}",
    "10.0.0.1",
    "[::1]:8600",
    "",
    f"{NAME}:1:1",
]
GATEWAY = "172.18.0.1"
ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010012AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000012AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth1\t000013AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""
Make = Callable[..., FlaskClient]


@pytest.fixture
def make(layout: Layout, agent: Agent, clock: Clock) -> Make:
    """A browser in front of a dashboard with this address; every service healthy."""

    def client(address: Address = HERE, peers: frozenset[str] | None = None) -> FlaskClient:
        scenery.put(layout, scenery.healthy(clock.now - 2))
        app = create_app(layout, clock, address=address, peers=None if peers is None else lambda: peers)
        app.extensions["sources"].refresh()
        return app.test_client(use_cookies=False)

    return client


@pytest.mark.promise("The dashboard answers under no other name than its own", runs="ci")
@pytest.mark.parametrize("host", OTHERS)
def test_another_name_is_refused_everywhere(make: Make, host: str) -> None:
    client = make()
    rules = [rule for rule in client.application.url_map.iter_rules() if not rule.arguments]
    paths = [*(rule.rule for rule in rules), "/nothing", "/static/nodeyard.css"]
    assert len(paths) > 5
    for path in paths:
        for method in ("GET", "POST", "OPTIONS", "HEAD"):
            answer = client.open(path, method=method, headers={"Host": host})
            assert answer.status_code == 421, (method, path)
            assert "Location" not in answer.headers
    page = client.get("/login", headers={"Host": host})
    assert f"http://{NAME}:" in page.text
    assert "csrf" not in page.text


def test_the_page_for_the_old_address_names_the_new_one_at_the_port_that_was_asked(make: Make) -> None:
    page = make().get("/", headers={"Host": "127.0.0.1:9600"})
    assert f'href="http://{NAME}:9600/"' in page.text  # ssh -L 9600:127.0.0.1:8600
    assert "/etc/hosts" in page.text


def test_what_an_earlier_version_stored_under_the_shared_name_is_removed(make: Make) -> None:
    answer = make().get("/", headers={"Host": "127.0.0.1:8600", "Cookie": "nodeyard_session_8600=abc; other=1"})
    removed = answer.headers.getlist("Set-Cookie")
    assert any(cookie.startswith("nodeyard_session_8600=; Max-Age=0; Path=/") for cookie in removed)
    assert not any("other" in cookie for cookie in removed)


def test_its_own_name_works_at_any_port(make: Make) -> None:
    client = make()
    for host in (NAME, f"{NAME}:8600", f"{NAME}:9600", f"{NAME.upper()}:8600"):
        assert client.get("/login", headers={"Host": host}).status_code == 200


def test_an_address_is_a_name_only_if_every_address_is_published(make: Make) -> None:
    everywhere = make(Address(frozenset({NAME}), HERE.url, any_address=True))
    assert everywhere.get("/login", headers={"Host": "192.0.2.7:8600"}).status_code == 200
    assert everywhere.get("/login", headers={"Host": "evil.example"}).status_code == 421


@pytest.mark.promise("The dashboard takes connections through its published port alone", runs="ci")
@pytest.mark.parametrize("peer", ["192.0.2.66", "172.18.0.5", "127.0.0.1", ""])
def test_another_peer_is_refused_before_anything_else(make: Make, peer: str) -> None:
    client = make(peers=frozenset({GATEWAY}))
    for path in ("/login", "/", "/session", "/static/nodeyard.css", "/health/"):
        answer = client.get(path, headers={"Host": NAME}, environ_base={"REMOTE_ADDR": peer})
        assert answer.status_code == 403, path
    assert client.get("/login", headers={"Host": NAME}, environ_base={"REMOTE_ADDR": GATEWAY}).status_code == 200


def test_everybody_on_its_networks_may_ask_whether_it_lives_and_learns_nothing_else(make: Make) -> None:
    client = make(peers=frozenset({GATEWAY}))
    answer = client.get("/health", headers={"Host": NAME}, environ_base={"REMOTE_ADDR": "172.18.0.5"})
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert client.get("/health", headers={"Host": "dashboard:8000"}).status_code == 421


def test_a_forged_header_makes_no_peer(make: Make) -> None:
    client = make(peers=frozenset({GATEWAY}))
    forged = {"Host": NAME, "X-Forwarded-For": GATEWAY, "X-Real-IP": GATEWAY, "X-Forwarded-Host": NAME}
    assert client.get("/login", headers=forged, environ_base={"REMOTE_ADDR": "192.0.2.66"}).status_code == 403


def test_the_gateways_are_those_of_the_default_routes() -> None:
    assert door.gateways(ROUTES) == {GATEWAY}
    assert door.gateways(ROUTES.splitlines()[0]) == frozenset(), "without a way out nobody comes in"
    assert isinstance(door.gateways(Path("/proc/net/route").read_text()), frozenset)


@pytest.mark.promise("Behind a TLS proxy cookies are Secure and bound to the host", runs="ci")
def test_behind_a_tls_proxy_everything_is_as_on_the_public_address(make: Make) -> None:
    client = make(PUBLIC)
    # The proxy connects over plain HTTP and passes the name on.
    answer = log_in_publicly(client, origin="https://yard.example")
    assert (answer.status_code, answer.location) == (303, "/")
    cookies = answer.headers.getlist("Set-Cookie")
    assert all(c.startswith("__Host-nodeyard_") and "Secure" in c and "Path=/" in c for c in cookies), cookies
    assert not any("Domain" in cookie for cookie in cookies)


@pytest.mark.parametrize("origin", ["http://yard.example", f"http://{NAME}:8600", "https://yard.example:444", "null"])
def test_behind_a_tls_proxy_a_form_of_any_other_origin_is_refused(make: Make, origin: str) -> None:
    assert log_in_publicly(make(PUBLIC), origin=origin).status_code == 403


def test_a_forwarded_scheme_is_not_believed(make: Make) -> None:
    client = make()
    answer = client.get("/login", headers={"Host": NAME, "X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on"})
    assert "Secure" not in answer.headers["Set-Cookie"]


def test_redirects_name_no_host(make: Make) -> None:
    client = make(PUBLIC)
    for path in ("/", "/services/kaspad", "/logs", "/plan", "//login", "/login/", "//evil.example/%2e%2e"):
        answer = client.get("/", headers={"Host": "yard.example"}, environ_overrides={"PATH_INFO": path})
        location = answer.headers.get("Location", "/")
        assert location.startswith("/") and not location.startswith("//"), (path, location)


@pytest.mark.promise("The dashboard answers HEAD wherever it answers GET", runs="ci")
def test_head_works_wherever_get_does(make: Make) -> None:
    client = make()
    paths = [
        rule.rule
        for rule in client.application.url_map.iter_rules()
        if not rule.arguments and "GET" in (rule.methods or ())
    ]
    for path in [*paths, "/nothing"]:
        get, head = (client.open(path, method=method, headers={"Host": NAME}) for method in ("GET", "HEAD"))
        assert (head.status_code, head.data) == (get.status_code, b""), path


def test_without_an_address_it_does_not_start() -> None:
    with pytest.raises(NodeyardError, match="does not know its address"):
        door.from_environment({})


def log_in_publicly(client: FlaskClient, origin: str) -> TestResponse:
    page = client.get("/login", headers={"Host": "yard.example"}, base_url="http://yard.example")
    token = page.text.split('name="csrf" value="')[1].split('"')[0]
    cookie = page.headers["Set-Cookie"].split(";")[0]
    form = {"csrf": token, "name": "ada", "password": PASSWORD}
    headers = {"Host": "yard.example", "Origin": origin, "Cookie": cookie}
    return client.post("/login", data=form, headers=headers)
