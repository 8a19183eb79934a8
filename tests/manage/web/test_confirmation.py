"""The page of a plan asks the person to confirm the change; the page of the second factor sets one up."""

from __future__ import annotations

import os
import re

import pytest
from flask import Flask

from manage.access import users
from manage.access.challenges import LIFETIME_S
from manage.agent.dispatch import Peer
from manage.installation.layout import Layout
from tests.manage.web.conftest import Browser, change, confirm, csrf, log_in
from tests.security.access.conftest import code
from tests.stage import agents
from tests.stage.agents import PASSWORD, Agent, Clock

RESTART = "verb=restart&service=kaspad"


@pytest.mark.promise("The page of a plan asks for the password, or for a code if there is a second factor", runs="ci")
def test_a_wrong_password_keeps_the_plan_and_asks_again(browser: Browser, agent: Agent) -> None:
    client = browser("ada")
    refused = change(client, RESTART, "wrong")
    assert refused.status_code == 403
    assert "The password is wrong." in refused.text and "Restart kaspad?" in refused.text
    assert "wrong&" not in refused.text and 'value="wrong"' not in refused.text
    assert agent.stack.calls == []
    assert str(confirm(client, refused.text).location).startswith("/acts/")
    agent.operations.wait_idle(10)
    assert len(agent.stack.calls) == 1


def test_many_wrong_passwords_say_how_long_to_wait(browser: Browser, agent: Agent) -> None:
    client = browser("ada")
    page = client.get(f"/plan?{RESTART}").text
    for _ in range(5):
        confirm(client, page, "wrong")
    refused = confirm(client, page)
    assert refused.status_code == 429
    assert "Too many wrong answers. Wait 1 s." in refused.text
    assert agent.stack.calls == []


def test_a_form_that_was_open_for_too_long_or_is_sent_twice_shows_the_plan_again(
    browser: Browser, agent: Agent, clock: Clock
) -> None:
    client = browser("ada")
    page = client.get(f"/plan?{RESTART}").text
    assert str(confirm(client, page).location).startswith("/acts/")
    agent.operations.wait_idle(10)
    again = client.get(confirm(client, page).location)
    assert "Your confirmation came too late or was used before, so nothing was done." in again.text
    clock.now += LIFETIME_S
    assert "note=expired" in str(confirm(client, again.text).location)
    assert len(agent.stack.calls) == 1


def test_who_may_not_change_anything_is_asked_for_nothing(browser: Browser) -> None:
    assert 'name="answer"' not in browser("vera").get("/plan?verb=up").text
    assert 'name="answer"' not in browser("otto").get("/plan?verb=down").text


def test_a_note_is_one_of_ours(browser: Browser) -> None:
    assert "Send money" not in browser("ada").get(f"/plan?{RESTART}&note=Send+money").text


def test_the_second_factor_is_set_up_on_the_page_and_then_asked_for(
    browser: Browser, agent: Agent, clock: Clock
) -> None:
    client = browser("ada")
    assert 'href="/second-factor"' in client.get("/").text
    assert "Set up a second factor" in client.get("/second-factor").text
    wrong = client.post("/second-factor", data={"csrf": csrf(client), "answer": "wrong"})
    assert wrong.status_code == 400 and "The password is wrong." in wrong.text
    shown = client.post("/second-factor", data={"csrf": csrf(client), "answer": PASSWORD})
    found = re.search(r'<code id="secret">([A-Z2-7 ]+)</code>', shown.text)
    assert found and "<svg" in shown.text and "<script" not in shown.text.partition("<main")[2]
    assert " style=" not in shown.text, "the Content-Security-Policy allows no inline style"
    secret = found[1].replace(" ", "")
    typo = client.post("/second-factor/confirm", data={"csrf": csrf(client), "answer": "000000"})
    assert typo.status_code == 400 and "The code is wrong." in typo.text and secret not in typo.text
    done = client.post("/second-factor/confirm", data={"csrf": csrf(client), "answer": code(agent, secret)})
    assert done.location == "/second-factor"
    assert "Your second factor is set up" in client.get("/second-factor").text
    clock.now += 30
    page = client.get(f"/plan?{RESTART}").text
    assert "Code from your authenticator app" in page and 'type="password"' not in page
    assert "The code is wrong or was used before." in confirm(client, page, PASSWORD).text
    assert str(confirm(client, page, code(agent, secret)).location).startswith("/acts/")
    agent.operations.wait_idle(10)
    assert "Code from your authenticator app" in client.get("/password").text


def test_it_is_offered_after_the_first_password_and_need_not_be_taken(app: Flask, layout: Layout) -> None:
    password = users.reset(layout, "ada")
    client = app.test_client()
    log_in(client, "ada", password)
    form = {"csrf": csrf(client), "old": password, "new": "green apples grow", "again": "green apples grow"}
    offer = client.get(client.post("/password", data=form).location)
    assert "Set up a second factor" in offer.text and ">Not now</a>" in offer.text
    assert client.get("/").status_code == 200


def test_where_it_is_required_the_pages_lead_to_it(app: Flask, layout: Layout, agent: Agent, clock: Clock) -> None:
    agent.server.close()
    strict = agents.start(layout, {os.getuid(): Peer("dashboard")}, clock, required=True)
    try:
        client = app.test_client()
        assert log_in(client, "otto", PASSWORD, next="/logs/kaspad").location == "/second-factor"
        assert "you cannot change anything without a second factor" in client.get("/second-factor").text
        plan = client.get(f"/plan?{RESTART}").text
        assert "so a change needs a second factor" in plan and 'action="/act"' not in plan
        assert log_in(app.test_client(), "vera", PASSWORD).location == "/"
    finally:
        strict.close()
