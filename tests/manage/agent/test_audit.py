"""The audit log: who did what from where, without secrets."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping

import pytest

from manage.access.throttle import FREE_TRIES
from manage.agent.dispatch import Peer
from tests.manage.agent.conftest import refusal
from tests.stage.agents import PASSWORD, Agent


def test_the_audit_log_says_who_did_what_from_where(agent: Agent) -> None:
    refusal(agent, "login", name="otto", password="wrong", address="10.0.0.9")
    token = agent.signed_in("otto")
    agent.change(token, "restart", address="10.0.0.7", services=["kaspad"])
    refusal(agent, "down", token=token, address="10.0.0.7")
    agent.client.call("logout", token=token, address="10.0.0.7")
    lines = [(line["who"], line["address"], line["verb"], line["result"]) for line in agent.audit()]
    assert lines == [
        ("otto", "10.0.0.9", "login", "refused"),
        ("otto", "10.0.0.7", "login", "ok"),
        ("otto", "10.0.0.7", "restart", "started"),
        ("otto", "10.0.0.7", "restart", "ok"),
        ("otto", "10.0.0.7", "down", "refused"),
        ("otto", "10.0.0.7", "logout", "ok"),
    ]
    assert agent.audit()[2]["args"].keys() == {"services", "plan"}


@pytest.mark.promise("No password and no token reaches the audit log", runs="ci")
def test_no_password_and_no_token_ever_reaches_the_audit_log(agent: Agent) -> None:
    token = agent.signed_in("ada")
    agent.client.call("change_password", token=token, old=PASSWORD, new="green apples grow")
    refusal(agent, "login", name="ada", password="a wrong secret")
    token = agent.signed_in("ada", "green apples grow")
    refusal(agent, "up", token=token, password="green apples grow")
    refusal(agent, "up", token=token, **agent.confirm(token, "up", answer="a wrong answer"))
    text = agent.layout.audit_file.read_text()
    assert token not in text
    for secret in (PASSWORD, "green apples grow", "a wrong secret", "a wrong answer"):
        assert secret not in text


def test_the_audit_log_is_appended_to_by_the_next_agent_and_is_for_root_alone(
    agent: Agent, start_agent: Callable[[Mapping[int, Peer]], Agent]
) -> None:
    agent.signed_in("ada")
    before = agent.layout.audit_file.read_bytes()
    start_agent({os.getuid(): Peer("dashboard")}).signed_in("vera")
    after = agent.layout.audit_file.read_bytes()
    assert after.startswith(before) and after.count(b"\n") == before.count(b"\n") + 1
    assert stat.S_IMODE(agent.layout.audit_file.stat().st_mode) == 0o600


def test_a_flood_of_throttled_tries_does_not_fill_the_log(agent: Agent) -> None:
    for _ in range(FREE_TRIES + 20):
        refusal(agent, "login", name="otto", password="wrong")
    assert len(agent.audit()) == FREE_TRIES


@pytest.mark.promise("A change that cannot be recorded is not made, and the agent makes the next one", runs="ci")
def test_an_audit_log_that_cannot_be_written_refuses_a_change_and_blocks_none(agent: Agent) -> None:
    token = agent.signed_in("otto")
    confirmed = agent.confirm(token, "restart", services=["kaspad"])
    aside = agent.layout.audit_file.rename(agent.layout.audit_file.with_suffix(".aside"))
    agent.layout.audit_file.mkdir()
    assert refusal(agent, "restart", token=token, **confirmed).kind == "failed"
    assert "restart" not in {verb for verb, _, _ in agent.stack.calls}
    agent.layout.audit_file.rmdir()
    aside.rename(agent.layout.audit_file)
    assert agent.change(token, "restart", services=["kaspad"])["summary"] == "restarted"
