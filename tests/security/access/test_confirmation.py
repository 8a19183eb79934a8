"""A compromised dashboard, which has the sessions of its users, changes nothing by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from manage.access.challenges import LIFETIME_S
from manage.access.throttle import FREE_TRIES
from manage.agent.client import AgentRefused
from tests.security.access.conftest import Start, refusal
from tests.stage.agents import PASSWORD, Agent, Clock

CHANGES: dict[str, dict[str, Any]] = {"up": {"services": []}, "restart": {"services": ["kaspad"]}, "down": {}}


def plan(agent: Agent, token: str, verb: str) -> str:
    services = CHANGES[verb].get("services", [])
    return str(agent.client.call("plan", token=token, verb=verb, services=services)["digest"])


def test_every_change_is_tried_here(agent: Agent) -> None:
    assert CHANGES.keys() == {verb for verb, entry in agent.stack.verbs().items() if entry.changes}


@pytest.mark.promise("A session alone changes nothing: the person must answer a challenge for every change", runs="ci")
@pytest.mark.parametrize("verb", CHANGES)
def test_a_session_alone_changes_nothing(agent: Agent, verb: str) -> None:
    token = agent.signed_in("ada")
    digest = plan(agent, token, verb)
    assert refusal(agent, verb, token=token, **CHANGES[verb]).kind == "challenge"
    assert refusal(agent, verb, token=token, plan=digest, answer=PASSWORD, **CHANGES[verb]).kind == "challenge"
    issued = agent.client.call("challenge", token=token, verb=verb, plan=digest, **CHANGES[verb])
    assert issued["answer"] == "password"
    for answer in ("", "wrong", issued["id"]):
        args = {"plan": digest, "challenge": issued["id"], "answer": answer, **CHANGES[verb]}
        assert refusal(agent, verb, token=token, **args).kind == "answer"
    assert agent.stack.calls == []
    last = agent.audit()[-1]
    assert (last["who"], last["verb"], last["result"], last["reason"]) == (
        "ada",
        verb,
        "refused",
        "The password is wrong.",
    )


def other_verb(args: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "up", args


def other_service(args: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "restart", {**args, "services": ["kaspad", "tracker"]}


def other_plan(args: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "restart", {**args, "plan": "0" * 64}


def no_plan(args: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "restart", {name: value for name, value in args.items() if name != "plan"}


@pytest.mark.promise("A confirmation is for one verb, its services and one plan", runs="ci")
@pytest.mark.parametrize("altered", [other_verb, other_service, other_plan, no_plan])
def test_an_answered_challenge_is_for_nothing_else(
    agent: Agent, altered: Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]
) -> None:
    token = agent.signed_in("ada")
    verb, args = altered(agent.confirm(token, "restart", services=["kaspad"]))
    assert refusal(agent, verb, token=token, **args).kind == "challenge"
    assert agent.stack.calls == []


def test_a_challenge_is_for_one_session(agent: Agent) -> None:
    mine, other = agent.signed_in("ada"), agent.signed_in("ada")
    assert refusal(agent, "down", token=other, **agent.confirm(mine, "down")).kind == "challenge"
    assert refusal(agent, "down", token=agent.signed_in("otto"), **agent.confirm(mine, "down")).kind == "role"
    assert agent.stack.calls == []


@pytest.mark.promise("A confirmation is valid once, and for ten minutes", runs="ci")
def test_a_challenge_is_used_up_and_expires(agent: Agent, clock: Clock) -> None:
    token = agent.signed_in("ada")
    args = agent.confirm(token, "restart", services=["kaspad"])
    assert agent.client.call("restart", token=token, **args)
    assert refusal(agent, "restart", token=token, **args).kind == "challenge"
    late = agent.confirm(token, "restart", services=["kaspad"])
    clock.now += LIFETIME_S
    assert refusal(agent, "restart", token=token, **late).kind == "challenge"
    assert len(agent.stack.calls) == 1


def test_of_two_requests_at_once_one_uses_the_challenge(agent: Agent) -> None:
    token = agent.signed_in("ada")
    args = agent.confirm(token, "restart", services=["kaspad"])
    outcomes: list[str] = []

    def ask() -> None:
        try:
            agent.client.call("restart", token=token, **args)
            outcomes.append("done")
        except AgentRefused as refused:
            outcomes.append(refused.kind)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["challenge", "done"]
    assert len(agent.stack.calls) == 1


def test_a_restart_of_the_agent_keeps_no_challenge(agent: Agent, start: Start) -> None:
    token = agent.signed_in("ada")
    args = agent.confirm(token, "down")
    assert refusal(start(), "down", token=token, **args).kind == "challenge"


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({"verb": "logs"}, "logs changes nothing, so it needs no confirmation."),
        ({"verb": "down"}, "The digest of the plan is missing."),
        ({"verb": "exec", "plan": "0" * 64}, "The agent has no verb 'exec'."),
    ],
)
def test_a_challenge_for_nothing_is_refused(agent: Agent, args: dict[str, Any], sentence: str) -> None:
    assert refusal(agent, "challenge", token=agent.signed_in("ada"), **args).message == sentence


def test_a_viewer_gets_no_challenge(agent: Agent) -> None:
    refused = refusal(agent, "challenge", token=agent.signed_in("vera"), verb="down", plan="0" * 64)
    assert refused.kind == "role"


def test_the_password_cannot_be_guessed_with_a_stolen_session(agent: Agent, start: Start, clock: Clock) -> None:
    token = agent.signed_in("ada")
    for _ in range(FREE_TRIES):
        refusal(agent, "down", token=token, **agent.confirm(token, "down", answer="wrong"))
    right = agent.confirm(token, "down")
    assert refusal(agent, "down", token=token, **right).kind == "throttled"
    successor = start()
    assert refusal(successor, "down", token=token, **successor.confirm(token, "down")).kind == "throttled"
    assert refusal(successor, "change_password", token=token, old=PASSWORD, new="green apples").kind == "throttled"
    clock.now += 1
    assert successor.change(token, "down")


def test_strangers_at_the_sign_in_form_do_not_keep_the_owner_from_confirming(agent: Agent) -> None:
    token = agent.signed_in("ada")
    for _ in range(FREE_TRIES + 3):
        refusal(agent, "login", name="ada", password="wrong")
    assert agent.change(token, "down") is not None
