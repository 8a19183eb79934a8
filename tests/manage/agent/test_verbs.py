"""What each role may do, and what a change reports."""

from __future__ import annotations

import threading

import pytest

from manage.access import users
from manage.agent.client import AgentRefused
from tests.manage.agent.conftest import refusal
from tests.stage.agents import Agent


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("vera", {"logs", "plan"}),
        ("otto", {"logs", "plan", "up", "restart"}),
        ("ada", {"logs", "plan", "up", "restart", "down"}),
    ],
)
def test_each_role_may_what_it_may(agent: Agent, name: str, allowed: set[str]) -> None:
    args: dict[str, dict[str, object]] = {
        "logs": {"service": "kaspad", "lines": 2},
        "restart": {"services": ["kaspad"]},
        "plan": {"verb": "up"},
    }
    token = agent.signed_in(name)
    done = set()
    for verb, entry in agent.stack.verbs().items():
        try:
            if entry.changes:
                agent.change(token, verb, **args.get(verb, {}))  # type: ignore[arg-type]
            else:
                agent.client.call(verb, token=token, **args.get(verb, {}))  # type: ignore[arg-type]
            done.add(verb)
        except AgentRefused as error:
            assert error.kind == "role"
    assert done == allowed
    assert {verb for verb, _, _ in agent.stack.calls} <= allowed


def test_without_a_token_the_dashboard_gets_nothing(agent: Agent) -> None:
    for verb in (*agent.stack.verbs(), "whoami", "progress", "refresh", "change_password"):
        assert refusal(agent, verb).kind == "session"
    assert agent.client.call("ping") == {}
    assert agent.stack.calls == []


def test_before_the_first_password_is_changed_nothing_else_works(agent: Agent) -> None:
    password = users.reset(agent.layout, "ada")
    token = agent.signed_in("ada", password)
    assert refusal(agent, "logs", token=token, service="kaspad", lines=1).message == "Change your password first."
    fresh = agent.client.call("change_password", token=token, old=password, new="green apples grow")["token"]
    assert agent.client.call("logs", token=fresh, service="kaspad", lines=1)["lines"] == ["kaspad line 0"]


@pytest.mark.parametrize(
    ("verb", "args", "sentence"),
    [
        ("exec", {}, "The agent has no verb 'exec'."),
        ("restart", {"services": "kaspad"}, "restart: services must be a list of service names."),
        ("restart", {"services": ["../etc"]}, "restart: services must be a list of service names."),
        ("restart", {"services": ["--all"]}, "restart: services must be a list of service names."),
        ("down", {"everything": True}, "down has no argument 'everything'."),
        ("logs", {"service": "kaspad", "lines": 10**9}, "logs: lines must be a number from 1 to 2000."),
        ("logs", {"service": "kaspad", "lines": True}, "logs: lines must be a number from 1 to 2000."),
    ],
)
def test_what_is_not_on_the_list_is_refused_and_written_down(
    agent: Agent, verb: str, args: dict[str, object], sentence: str
) -> None:
    error = refusal(agent, verb, token=agent.signed_in("ada"), **args)
    assert (error.kind, error.message) == ("usage", sentence)
    last = agent.audit()[-1]
    assert (last["who"], last["verb"], last["result"], last["reason"]) == ("ada", verb, "refused", sentence)
    assert agent.stack.calls == []


def test_a_change_tells_its_progress_and_then_its_result(agent: Agent) -> None:
    token = agent.signed_in("otto")
    confirmed = agent.confirm(token, "restart", services=["kaspad", "tracker"])
    messages = list(agent.client.stream("restart", token=token, **confirmed))
    kinds = [(m["event"]["kind"], m["event"]["service"]) for m in messages if "event" in m]
    assert kinds == [("accepted", ""), ("done", "kaspad"), ("done", "tracker")]
    assert messages[-1]["result"]["summary"] == "restarted"


def test_a_second_change_is_refused_with_the_holders_name_while_readers_see_the_first(agent: Agent) -> None:
    agent.stack.hold.clear()
    otto = agent.signed_in("otto")
    first = agent.client.stream("up", token=otto, **agent.confirm(otto, "up"))
    id = next(first)["event"]["id"]
    ada = agent.signed_in("ada")
    busy = refusal(agent, "down", token=ada, **agent.confirm(ada, "down"))
    assert (busy.kind, busy.message, busy.detail) == ("busy", "up by otto is running.", {"holder": "up by otto"})
    assert agent.operations.current() == {"kind": "up", "by": "otto", "since": agent.clock()}
    assert agent.client.call("progress", token=agent.signed_in("vera"), id=id)["state"] == "running"
    agent.stack.hold.set()
    assert [m for m in first if "result" in m]
    assert agent.operations.current() is None
    assert agent.change(ada, "down")


def test_a_change_goes_on_when_the_one_who_asked_has_gone(agent: Agent) -> None:
    agent.stack.hold.clear()
    token = agent.signed_in("otto")
    asking = agent.client.stream("up", token=token, **agent.confirm(token, "up"))
    id = next(asking)["event"]["id"]
    asking.close()  # type: ignore[attr-defined]
    agent.stack.hold.set()
    deadline = threading.Event()
    for _ in range(500):
        progress = agent.client.call("progress", token=token, id=id)
        if progress["state"] != "running":
            break
        deadline.wait(0.01)
    assert (progress["state"], progress["result"]) == ("done", {"summary": "1 operation done"})
    assert [event["kind"] for event in progress["events"]] == ["accepted", "step"]


def test_a_failed_change_says_why_and_leaves_the_agent_free(agent: Agent) -> None:
    token = agent.signed_in("otto")
    error = refusal(agent, "restart", token=token, **agent.confirm(token, "restart", services=["broken"]))
    assert (error.kind, error.message) == ("failed", "broken did not become healthy.")
    assert error.hint == "See its log: manage logs broken"
    last = agent.audit()[-1]
    assert (last["result"], last["reason"]) == ("failed", "broken did not become healthy.")
    assert agent.change(token, "restart", services=["kaspad"])
