"""The plan that is confirmed is the plan that was shown."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest
from flask import Flask

from manage.agent.client import AgentClient, AgentRefused
from tests.manage.web.conftest import Browser, confirm
from tests.stage.agents import Agent


@pytest.mark.parametrize("query", ["verb=up", "verb=down", "verb=restart&service=kaspad", "verb=up&service=tracker"])
def test_the_plan_that_is_confirmed_is_named_by_its_digest(browser: Browser, agent: Agent, query: str) -> None:
    client = browser("ada")
    token = client.get_cookie("nodeyard_session")
    assert token
    wanted = parse_qs(query)
    shown = agent.client.call("plan", token=token.value, verb=wanted["verb"][0], services=wanted.get("service", []))
    answer = confirm(client, client.get(f"/plan?{query}").text)
    assert str(answer.location).startswith("/acts/")
    agent.operations.wait_idle(10)
    ((verb, args, _),) = agent.stack.calls
    assert (verb, args["plan"]) == (wanted["verb"][0], shown["digest"])
    assert args.get("services", []) == wanted.get("service", [])


@pytest.mark.parametrize("query", ["verb=up", "verb=down", "verb=restart&service=kaspad&service=tracker"])
def test_a_plan_that_has_changed_is_shown_and_asked_again_and_nothing_is_done(
    browser: Browser, agent: Agent, query: str
) -> None:
    client = browser("ada")
    before = client.get(f"/plan?{query}").text
    assert "changed after it was shown" not in before
    agent.stack.downtime_s = 33
    answer = confirm(client, before)
    assert answer.status_code == 303
    agent.operations.wait_idle(10)
    again = client.get(answer.location, follow_redirects=True)
    assert again.request.path == "/plan"
    assert "The plan changed after it was shown to you, so nothing was done. Review the new plan." in again.text
    assert "about 33 s" in again.text
    assert agent.stack.calls == []
    assert str(confirm(client, again.text).location).startswith("/acts/")
    agent.operations.wait_idle(10)
    ((verb, _, by),) = agent.stack.calls
    assert (verb, by) == (parse_qs(query)["verb"][0], "ada")


def test_an_agent_that_refuses_before_it_begins_leads_to_the_new_plan_too(
    app: Flask, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> Iterator[dict[str, object]]:
        raise AgentRefused({"kind": "changed", "message": "The plan has changed."})
        yield {}

    client = browser("otto")
    page = client.get("/plan?verb=restart&service=kaspad").text
    monkeypatch.setattr(AgentClient, "stream", refuse)
    answer = confirm(client, page)
    assert (answer.status_code, answer.location) == (303, "/plan?verb=restart&service=kaspad&note=changed")


def test_the_script_on_the_progress_page_goes_to_the_new_plan(browser: Browser, agent: Agent) -> None:
    client = browser("otto")
    page = client.get("/plan?verb=up").text
    agent.stack.drifted = ["proxy"]
    progress = str(confirm(client, page).location)
    agent.operations.wait_idle(10)
    part = client.get(f"{progress}/rows", headers={"X-Partial": "1"}).text
    assert "data-reload" in part
    assert "The plan has changed since it was shown." in part
