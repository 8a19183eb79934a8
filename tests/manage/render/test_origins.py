"""The names of dashboard and proxy, for every kind of address they are published on."""

from __future__ import annotations

import json

import pytest

from manage import config as configuration
from manage.catalog import Catalog
from manage.errors import NodeyardError
from manage.render import wiring
from manage.render.origins import Door
from tests.manage.render.conftest import Render

OWN = "nodeyard-0123abcd.localhost"
PUBLIC = """services:
  dashboard: {public_url: "https://yard.example:443"}
  proxy: {public_url: "https://services.example"}
"""


def door(catalog: Catalog, service: str, text: str = "") -> Door:
    config = configuration.parse(f"version: 1\n{text}", "stack.yml", catalog)
    graph = wiring.service_graph(catalog, config, "0123abcd")
    found = wiring.door(graph, graph.all[service])
    assert found
    return found


def test_on_loopback_the_dashboard_has_only_its_own_name(catalog: Catalog) -> None:
    dashboard, proxy = door(catalog, "dashboard"), door(catalog, "proxy")
    assert (dashboard.main.names, dashboard.main.url) == ((OWN,), f"http://{OWN}:8600")
    assert (proxy.main.names, proxy.main.url) == (("127.0.0.1", "localhost"), "http://127.0.0.1:8601")
    assert dashboard.local and proxy.local and not (dashboard.main.tls or proxy.main.tls)
    assert not set(dashboard.main.names) & set(proxy.main.names)


def test_with_a_public_url_the_dashboard_has_that_name_too(catalog: Catalog) -> None:
    dashboard, proxy = door(catalog, "dashboard", PUBLIC), door(catalog, "proxy", PUBLIC)
    assert (dashboard.main.names, dashboard.main.url) == ((OWN, "yard.example"), "https://yard.example")
    assert dashboard.main.local_url == f"http://{OWN}:8600"
    assert proxy.main.names == ("127.0.0.1", "localhost", "services.example")


def test_a_public_address_may_have_a_port(render: Render) -> None:
    stack, manager = render(PUBLIC.replace("example:443", "example:8443").replace("services.example", "a.example:8444"))
    assert manager.service("dashboard").compose["environment"]["NODEYARD_PUBLIC_URL"] == "https://yard.example:8443"
    assert b"a.example https;" in stack.service("proxy").files["nginx.conf"]


@pytest.mark.parametrize("bind", ["192.0.2.7", "0.0.0.0"])
def test_on_another_address_they_speak_tls_to_any_peer(catalog: Catalog, bind: str) -> None:
    for name in ("dashboard", "proxy"):
        found = door(catalog, name, f"ports: {{bind: {bind}}}")
        assert (found.main.tls, found.local, found.any_address) == (True, False, bind == "0.0.0.0")
        assert (bind in found.main.names) == (bind != "0.0.0.0")


def test_on_another_address_a_public_name_replaces_the_address(catalog: Catalog) -> None:
    assert door(catalog, "dashboard", f"ports: {{bind: 192.0.2.7}}\n{PUBLIC}").main.names == (OWN, "yard.example")
    assert not door(catalog, "dashboard", f"ports: {{bind: 0.0.0.0}}\n{PUBLIC}").any_address


def test_an_ipv6_address_is_in_brackets_where_a_browser_names_it(catalog: Catalog) -> None:
    found = door(catalog, "proxy", "ports: {bind: '2001:db8::7'}")
    assert (found.main.names[0], found.names[0]) == ("[2001:db8::7]", "2001:db8::7")
    assert door(catalog, "dashboard", "ports: {bind: '::1'}").local
    assert door(catalog, "dashboard", "ports: {bind: '::'}").any_address


@pytest.mark.promise("Dashboard and proxy get a certificate each on every address but loopback", runs="ci")
def test_the_rendered_services_get_a_certificate_of_their_own(render: Render) -> None:
    for bind, tls in (("127.0.0.1", False), ("127.0.0.9", False), ("192.0.2.7", True)):
        stack, manager = render(f"ports: {{bind: {bind}}}\n")
        for part, name in ((stack, "proxy"), (manager, "dashboard")):
            assert (f"{name}_tls" in part.service(name).secrets) == tls
        assert (b"8080 ssl" in stack.service("proxy").files["nginx.conf"]) == tls
        assert ("NODEYARD_TLS_FILE" in manager.service("dashboard").compose["environment"]) == tls
        assert manager.service("dashboard").compose["environment"]["NODEYARD_PEERS"] == ("any" if tls else "gateway")
        assert stack.service("proxy").compose["entrypoint"][-1] == ("any" if tls else "gateway")


def test_watch_asks_each_door_under_its_name(render: Render) -> None:
    _, manager = render("")
    services = json.loads(manager.service("watch").live_file)["services"]
    ports = {service["name"]: service["ports"].get("http", {}) for service in services}
    assert ports["dashboard"]["authority"] == f"{OWN}:8600"
    assert ports["proxy"]["authority"] == "127.0.0.1:8601"
    assert "authority" not in ports["tracker"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ports: {bind: localhost}", "is not an IP address"),
        ("services: {proxy: {public_url: 'http://a.example'}}", "does not match"),
        ("services: {proxy: {public_url: 'https://a.example/x'}}", "does not match"),
        ("services: {proxy: {public_url: 'https://a.example:99999'}}", "no valid port"),
        ("services: {dashboard: {public_url: 'https://x.localhost'}}", "always the machine of the browser"),
        (
            "services: {dashboard: {public_url: 'https://a.example'}, proxy: {public_url: 'https://a.example:8443'}}",
            "can share cookies",
        ),
        (
            "services: {dashboard: {public_url: 'https://b.a.example'}, proxy: {public_url: 'https://a.example'}}",
            "can share cookies",
        ),
    ],
)
def test_an_address_that_cannot_work_or_shares_cookies_is_refused(catalog: Catalog, text: str, sentence: str) -> None:
    with pytest.raises(NodeyardError) as refused:
        configuration.parse(f"version: 1\n{text}\n", "stack.yml", catalog)
    assert sentence in str(refused.value)
