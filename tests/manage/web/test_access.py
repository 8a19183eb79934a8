"""Who gets to see and do what, held against every route there is."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from manage.access import tokens, users
from manage.access.sessions import SESSION_S, TOKEN_S
from manage.installation.layout import Layout
from manage.web.guard import HEADERS, require_role
from tests.manage.web.conftest import csrf, log_in, sources
from tests.stage.agents import PASSWORD, Agent, Clock

Browser = Callable[[str], FlaskClient]

VALUES = {"name": "kaspad", "id": "0" * 16, "filename": "nodeyard.css"}
OPEN = {"/login", "/health", "/session", "/static/<path:filename>"}
OWN_ACCOUNT = {"/logout", "/password", "/second-factor", "/second-factor/confirm"}
"""What every signed-in person may do to the own session, viewers too."""


def routes(app: Flask, method: str) -> list[tuple[str, str]]:
    """(rule, a path of it) for every route that takes `method`."""
    found = [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]
    return [(rule.rule, re.sub(r"<(?:\w+:)?(\w+)>", lambda match: VALUES[match[1]], rule.rule)) for rule in found]


def changing(app: Flask) -> list[tuple[str, str]]:
    """Every route that takes anything but reading."""
    return [route for method in ("POST", "PUT", "PATCH", "DELETE") for route in routes(app, method)]


def test_there_are_changing_routes_to_hold_to_account(app: Flask) -> None:
    assert {rule for rule, _ in changing(app)} == OWN_ACCOUNT | {"/login", "/act"}


def test_without_a_session_every_page_leads_to_the_login(app: Flask) -> None:
    for rule, path in routes(app, "GET"):
        with app.test_client().get(path) as answer:
            if rule in OPEN:
                assert answer.status_code == 200, rule
            else:
                assert answer.status_code == 302, rule
                assert str(answer.location).startswith("/login?next="), rule


def test_without_a_session_no_changing_route_does_anything(app: Flask, agent: Agent) -> None:
    for rule, path in changing(app):
        answer = app.test_client().post(path, data={"verb": "up", "csrf": "x"})
        assert answer.status_code in (400, 403), rule
    assert agent.stack.calls == []


@pytest.mark.promise("Every mutating route refuses without the CSRF token", runs="ci")
def test_without_the_csrf_token_every_changing_route_refuses(app: Flask, agent: Agent, browser: Browser) -> None:
    client = browser("ada")
    for rule, path in changing(app):
        for form in ({}, {"csrf": ""}, {"csrf": "x" * 32}):
            answer = client.post(path, data={"verb": "up", "old": PASSWORD, "new": "a" * 12, **form})
            assert answer.status_code in (400, 403), rule
    assert agent.stack.calls == []
    assert client.get("/").status_code == 200  # nobody signed out either


@pytest.mark.promise("Every mutating route refuses a viewer", runs="ci")
def test_a_viewer_is_refused_on_every_changing_route_but_the_own_account(
    app: Flask, agent: Agent, browser: Browser
) -> None:
    client = browser("vera")
    token = csrf(client)
    for rule, path in changing(app):
        if rule not in OPEN | OWN_ACCOUNT:
            answer = client.post(path, data={"csrf": token, "verb": "restart", "service": "kaspad"})
            assert answer.status_code == 403, rule
            assert "vera is viewer" in answer.text
    assert agent.stack.calls == []


def test_every_changing_route_names_the_role_it_needs(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and rule.rule not in OPEN | OWN_ACCOUNT:
            assert getattr(app.view_functions[rule.endpoint], "access", "viewer") in ("operator", "admin"), rule.rule


def test_the_guard_itself_holds_a_page_to_the_role_it_needs(app: Flask, browser: Browser) -> None:
    app.view_functions["overview.page"] = require_role("admin")(lambda: "for admins")
    assert browser("ada").get("/").text == "for admins"
    assert browser("otto").get("/").status_code == 403


def test_a_form_of_another_session_does_not_pass(browser: Browser, agent: Agent) -> None:
    mine, other = browser("ada"), browser("otto")
    answer = mine.post("/act", data={"csrf": csrf(other), "verb": "up"})
    assert answer.status_code == 403
    assert agent.stack.calls == []


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:1"])
def test_a_form_of_another_site_does_not_pass(browser: Browser, agent: Agent, origin: str) -> None:
    client = browser("ada")
    answer = client.post("/act", data={"csrf": csrf(client), "verb": "up"}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert agent.stack.calls == []


def test_every_answer_carries_the_headers(app: Flask, browser: Browser) -> None:
    client = browser("ada")
    for _, path in [*routes(app, "GET"), ("", "/nothing")]:
        with client.get(path) as answer:
            assert HEADERS.items() <= dict(answer.headers).items(), path
            policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';") and "unsafe" not in policy


def test_no_page_has_inline_script_or_style(app: Flask, browser: Browser) -> None:
    client = browser("ada")
    for rule, path in routes(app, "GET"):
        if rule.startswith("/static"):
            continue
        text = client.get(path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", text), path


def test_pages_are_not_kept_by_browsers_and_assets_are(app: Flask, browser: Browser) -> None:
    client = browser("ada")
    page = client.get("/")
    assert page.headers["Cache-Control"] == "no-store"
    for asset in re.findall(r'"(/static/[^"]+)"', page.text):
        with client.get(asset) as answer:
            assert answer.status_code == 200 and "?v=" in asset
            assert answer.cache_control.max_age == 365 * 24 * 3600


# Signing in


def test_the_session_cookie_is_out_of_reach(app: Flask) -> None:
    answer = log_in(app.test_client(), "ada", PASSWORD)
    (cookie,) = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("nodeyard_session")]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie


def test_two_installations_on_one_address_do_not_share_the_cookie(app: Flask) -> None:
    client = app.test_client()
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/login", base_url="http://localhost:8600").text)
    assert found
    form = {"csrf": found[1], "name": "ada", "password": PASSWORD}
    client.post("/login", data=form, base_url="http://localhost:8600")
    assert client.get("/", base_url="http://localhost:8600").status_code == 200
    assert client.get("/", base_url="http://localhost:8700").status_code == 302


def test_a_wrong_password_keeps_the_form_and_says_so(app: Flask) -> None:
    answer = log_in(app.test_client(), "ada", "wrong")
    assert answer.status_code == 403
    assert "Name or password is wrong." in answer.text
    assert "wrong&#39;" not in answer.text and 'value="wrong"' not in answer.text


def test_too_many_tries_say_how_long_to_wait(app: Flask) -> None:
    client = app.test_client()
    for _ in range(5):
        log_in(client, "ada", "wrong")
    answer = log_in(client, "ada", PASSWORD)
    assert answer.status_code == 429
    assert "Wait 1 s." in answer.text and " user code NAME" in answer.text and 'name="code"' in answer.text


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/services/kaspad", "/services/kaspad"),
        ("/logs/kaspad?lines=500", "/logs/kaspad?lines=500"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("", "/"),
    ],
)
def test_after_the_login_one_is_where_one_wanted_to_be_on_this_site(app: Flask, wanted: str, target: str) -> None:
    answer = log_in(app.test_client(), "ada", PASSWORD, next=wanted)
    assert answer.location == target


@pytest.mark.promise("The first password must be changed before anything else", runs="ci")
def test_the_first_password_must_be_changed_before_anything_else(app: Flask, layout: Layout) -> None:
    password = users.reset(layout, "ada")
    client = app.test_client()
    assert log_in(client, "ada", password).location == "/password"
    for path in ("/", "/services/kaspad", "/logs/kaspad", "/plan?verb=up"):
        assert client.get(path).location == "/password"
    token = csrf(client)
    unequal = client.post("/password", data={"csrf": token, "old": password, "new": "green apples", "again": "x"})
    assert "The two new passwords differ." in unequal.text
    weak = client.post("/password", data={"csrf": token, "old": password, "new": "short", "again": "short"})
    assert "needs at least 10" in weak.text
    good = {"csrf": token, "old": password, "new": "green apples grow", "again": "green apples grow"}
    assert client.post("/password", data=good).location == "/second-factor"
    assert client.get("/").status_code == 200


def test_signing_out_ends_the_session_for_a_copied_cookie_too(app: Flask, browser: Browser) -> None:
    client = browser("ada")
    cookie = client.get_cookie("nodeyard_session")
    assert cookie
    assert client.post("/logout", data={"csrf": csrf(client)}).location == "/login"
    thief = app.test_client()
    thief.set_cookie("nodeyard_session", cookie.value)
    assert thief.get("/").status_code == 302


def test_the_login_page_knows_somebody_who_is_signed_in(app: Flask, browser: Browser) -> None:
    assert browser("ada").get("/session").json == {"signed_in": True}
    assert app.test_client().get("/session").json == {"signed_in": False}


# The session goes on


def test_a_session_is_renewed_when_half_its_time_is_over(app: Flask, browser: Browser, clock: Clock) -> None:
    client = browser("ada")
    before = client.get_cookie("nodeyard_session")
    client.get("/")
    assert client.get_cookie("nodeyard_session") == before
    clock.now += TOKEN_S * 0.6
    client.get("/")
    after = client.get_cookie("nodeyard_session")
    assert before and after and after.value != before.value
    key = sources(app).public_key()
    assert key and tokens.verify(after.value, key).fresh(clock.now + TOKEN_S * 0.9)


@pytest.mark.promise("While the agent is down, signed-in users can still read", runs="ci")
def test_while_the_agent_is_away_readers_stay_signed_in_and_nothing_can_be_done(
    app: Flask, browser: Browser, agent: Agent, clock: Clock
) -> None:
    client = browser("ada")
    agent.server.close()
    sources(app).refresh()
    clock.now += 2 * TOKEN_S
    page = client.get("/")
    assert page.status_code == 200
    assert "The agent does not answer, so this page cannot start, stop or restart anything." in page.text
    assert "/plan?" not in page.text
    assert client.post("/act", data={"csrf": csrf(client), "verb": "up"}).status_code == 503
    clock.now += SESSION_S
    assert client.get("/").status_code == 302


def test_nobody_signs_in_while_the_agent_is_away_and_the_page_says_why(app: Flask, agent: Agent) -> None:
    agent.server.close()
    answer = log_in(app.test_client(), "ada", PASSWORD)
    assert answer.status_code == 503
    assert "The agent does not answer, so nobody can sign in." in answer.text


def test_a_reset_on_the_host_ends_the_session_at_the_next_look_of_the_agent(
    browser: Browser, layout: Layout, agent: Agent
) -> None:
    client = browser("ada")
    users.reset(layout, "ada")
    agent.sessions.follow_users()
    assert client.get("/").status_code == 302


def test_a_lost_session_tells_the_script_instead_of_sending_it_a_login_page(app: Flask) -> None:
    assert app.test_client().get("/overview/rows", headers={"X-Partial": "1"}).status_code == 401
