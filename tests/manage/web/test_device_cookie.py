"""A browser in which somebody has signed in is not locked out by strangers who share its address."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from manage.access import users
from manage.web import addresses
from tests.manage.web.conftest import csrf, log_in
from tests.stage.agents import PASSWORD, Agent, Clock


def attack(app: Flask, clock: Clock) -> None:
    """Wrong passwords for ada from another browser behind the same address, until the wait is long."""
    stranger = app.test_client()
    for _ in range(20):
        answer = log_in(stranger, "ada", "wrong")
        wait = int(found[1]) if (found := re.search(r"Wait (\d+) s", answer.text)) else 0
        if wait > 30:
            return
        clock.now += wait
    raise AssertionError("the attack was never slowed down")


def test_the_owner_signs_in_at_the_first_try_while_strangers_wait(app: Flask, clock: Clock) -> None:
    owner = app.test_client()
    log_in(owner, "ada", PASSWORD)
    owner.post("/logout", data={"csrf": csrf(owner)})
    attack(app, clock)
    assert log_in(app.test_client(), "ada", PASSWORD).status_code == 429
    assert log_in(owner, "ada", PASSWORD).location == "/"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(app: Flask) -> None:
    client = app.test_client()
    answer = log_in(client, "ada", PASSWORD)
    (cookie,) = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("nodeyard_device_ada=")]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Max-Age=15552000" in cookie


def test_two_people_who_share_a_browser_keep_a_device_each(app: Flask, clock: Clock) -> None:
    client = app.test_client()
    for name in ("ada", "vera"):
        log_in(client, name, PASSWORD)
        client.post("/logout", data={"csrf": csrf(client)})
    attack(app, clock)
    assert log_in(client, "ada", PASSWORD).location == "/"


def test_the_form_asks_for_the_code_of_the_host_and_takes_it(
    app: Flask, agent: Agent, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.test_client()
    assert 'name="code"' not in client.get("/login").text
    attack(app, clock)
    refused = log_in(client, "ada", PASSWORD)
    assert 'name="code"' in refused.text and " user code NAME" in refused.text
    monkeypatch.setattr("time.time", clock)
    assert log_in(client, "ada", PASSWORD, code=users.device_code(agent.layout, "ada")).location == "/"


@pytest.mark.parametrize("name", ["", "Ada", "a=b; x", "ä", "a" * 99, "ada\r\nX: y"])
def test_a_name_that_no_user_can_have_reads_no_cookie(app: Flask, name: str) -> None:
    assert log_in(app.test_client(), name, PASSWORD).status_code == 403


def test_the_audit_log_has_the_address_behind_a_trusted_proxy(app: Flask, agent: Agent) -> None:
    app.extensions["trusted_proxies"] = addresses.parse("127.0.0.1")
    client: FlaskClient = app.test_client()
    client.environ_base["HTTP_X_FORWARDED_FOR"] = "198.51.100.1, 203.0.113.9"
    log_in(client, "otto", "wrong")
    log_in(client, "otto", PASSWORD)
    client.get("/plan?verb=format")
    client.post("/second-factor", data={"csrf": csrf(client), "answer": "wrong"})
    client.post("/logout", data={"csrf": csrf(client)})
    assert [(line["verb"], line["address"]) for line in agent.audit()] == [
        ("login", "203.0.113.9"),
        ("login", "203.0.113.9"),
        ("start_enrolment", "203.0.113.9"),
        ("logout", "203.0.113.9"),
    ]


def test_without_a_trusted_proxy_nobody_can_invent_an_address(app: Flask, agent: Agent) -> None:
    client = app.test_client()
    client.environ_base["HTTP_X_FORWARDED_FOR"] = "203.0.113.9"
    log_in(client, "otto", "wrong")
    assert agent.audit()[-1]["address"] == "127.0.0.1"
