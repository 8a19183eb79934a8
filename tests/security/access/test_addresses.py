"""Whose address counts: X-Forwarded-For only from proxies that the operator trusts."""

from __future__ import annotations

import pytest

from manage.catalog import load_catalog
from manage.config import parse
from manage.config.problems import InvalidConfig
from manage.web.addresses import TrustedProxies
from manage.web.addresses import parse as proxies

ONE, TWO = proxies("192.0.2.7"), proxies("192.0.2.7 10.0.0.0/8 2001:db8::/64")


@pytest.mark.promise("X-Forwarded-For counts only from a trusted proxy, and only its last untrusted hop", runs="ci")
@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "person"),
    [
        (TrustedProxies(), "192.0.2.7", "203.0.113.9", "192.0.2.7"),
        (ONE, "192.0.2.7", "203.0.113.9", "203.0.113.9"),
        (ONE, "192.0.2.8", "203.0.113.9", "192.0.2.8"),
        (ONE, "192.0.2.7", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (TWO, "192.0.2.7", "198.51.100.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        (TWO, "10.9.9.9", "203.0.113.9,192.0.2.7", "203.0.113.9"),
        (TWO, "2001:db8::5", "203.0.113.9", "203.0.113.9"),
        (TWO, "192.0.2.7", "10.1.1.1, 10.2.2.2", "10.1.1.1"),
        (ONE, "192.0.2.7", "", "192.0.2.7"),
        (ONE, "192.0.2.7", "nonsense", "192.0.2.7"),
        (ONE, "192.0.2.7", "203.0.113.9, nonsense", "192.0.2.7"),
        (ONE, "", "203.0.113.9", ""),
    ],
)
def test_the_person_is_the_last_hop_that_is_no_trusted_proxy(
    trusted: TrustedProxies, peer: str, forwarded: str, person: str
) -> None:
    assert trusted.person(peer, forwarded) == person


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ('["proxy.example"]', "'proxy.example' is not an IP address or network like 192.0.2.7 or 192.0.2.0/24"),
        ('["192.0.2.7/24"]', "'192.0.2.7/24' is not an IP address or network like 192.0.2.7 or 192.0.2.0/24"),
        ('["0.0.0.0/0"]', "'0.0.0.0/0' would trust everybody"),
        ('["192.0.2.7", "::/0"]', "'::/0' would trust everybody"),
        ("192.0.2.7", "'192.0.2.7' is not a list of texts like [a, b]"),
    ],
)
def test_a_wrong_proxy_is_refused_in_a_sentence(value: str, said: str) -> None:
    text = f"version: 1\nprofiles: [sandbox]\nservices:\n  dashboard:\n    trusted_proxies: {value}\n"
    with pytest.raises(InvalidConfig) as caught:
        parse(text, "stack.yml", load_catalog())
    (problem,) = caught.value.problems
    assert (problem.path, problem.line) == ("services.dashboard.trusted_proxies", 5)
    assert said in problem.message


@pytest.mark.promise("An address beyond loopback, or a trusted proxy, makes the second factor a must", runs="ci")
@pytest.mark.parametrize(
    ("more", "exposed"),
    [
        ("", False),
        ("ports: {bind: 127.0.0.2}\n", False),
        ("ports: {bind: 192.0.2.10}\n", True),
        ("ports: {bind: 0.0.0.0}\n", True),
        ("services:\n  dashboard:\n    trusted_proxies: [192.0.2.7]\n", True),
    ],
)
def test_where_others_reach_the_dashboard_it_is_exposed(more: str, *, exposed: bool) -> None:
    config = parse(f"version: 1\nprofiles: [sandbox]\n{more}", "stack.yml", load_catalog())
    assert config.exposed is exposed
