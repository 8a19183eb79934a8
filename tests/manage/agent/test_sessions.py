"""When a session ends: logout, a changed password, a removed user, time."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import pytest

from manage.access import keys, revocations, tokens, users
from manage.access.sessions import SESSION_S, TOKEN_S
from manage.access.throttle import FREE_TRIES
from manage.agent.dispatch import Peer
from tests.manage.agent.conftest import refusal
from tests.stage.agents import PASSWORD, Agent, Clock


def test_a_session_is_over_after_logout_in_all_its_tokens(agent: Agent) -> None:
    token = agent.signed_in("vera")
    renewed = agent.client.call("refresh", token=token)["token"]
    agent.client.call("logout", token=token)
    for dead in (token, renewed):
        assert refusal(agent, "whoami", token=dead).kind == "session"
        assert refusal(agent, "refresh", token=dead).kind == "session"


def test_a_logout_outlives_the_agent(agent: Agent, start_agent: Callable[[Mapping[int, Peer]], Agent]) -> None:
    token = agent.signed_in("vera")
    agent.client.call("logout", token=token)
    successor = start_agent({os.getuid(): Peer("dashboard")})
    assert refusal(successor, "whoami", token=token).kind == "session"
    assert successor.client.call("whoami", token=successor.signed_in("vera"))["name"] == "vera"


def test_logging_out_twice_is_no_fault(agent: Agent) -> None:
    token = agent.signed_in("vera")
    assert agent.client.call("logout", token=token) == agent.client.call("logout", token=token) == {}


def test_a_reset_on_the_host_ends_the_sessions_at_once(agent: Agent) -> None:
    token = agent.signed_in("vera")
    users.reset(agent.layout, "vera")
    assert refusal(agent, "whoami", token=token).kind == "session"


def test_a_removed_user_is_gone_for_the_dashboard_too(agent: Agent) -> None:
    public = keys.read_public(agent.layout.session_public_file)
    assert public is not None
    claims = tokens.verify(agent.signed_in("vera"), public)
    users.remove(agent.layout, "vera")
    agent.sessions.follow_users()
    assert not revocations.read(agent.layout.revocations_file).allows(claims)


def test_a_changed_password_ends_all_sessions_but_the_new_one(agent: Agent) -> None:
    mine, elsewhere = agent.signed_in("vera"), agent.signed_in("vera")
    fresh = agent.client.call("change_password", token=mine, old=PASSWORD, new="green apples grow")["token"]
    assert refusal(agent, "whoami", token=mine).kind == "session"
    assert refusal(agent, "whoami", token=elsewhere).kind == "session"
    assert agent.client.call("whoami", token=fresh)["name"] == "vera"
    assert agent.signed_in("vera", "green apples grow")


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("wrong", "green apples grow", "The current password is wrong."),
        (PASSWORD, PASSWORD, "The new password is the same as the old one."),
        (PASSWORD, "short", "The password has 5 characters; it needs at least 10."),
    ],
)
def test_a_password_change_is_refused_in_a_sentence(agent: Agent, old: str, new: str, sentence: str) -> None:
    token = agent.signed_in("vera")
    assert refusal(agent, "change_password", token=token, old=old, new=new).message == sentence
    assert agent.client.call("whoami", token=token)["name"] == "vera"


def test_the_old_password_cannot_be_guessed_with_a_stolen_session(agent: Agent) -> None:
    token = agent.signed_in("vera")
    for _ in range(FREE_TRIES):
        refusal(agent, "change_password", token=token, old="wrong", new="green apples grow")
    assert refusal(agent, "change_password", token=token, old=PASSWORD, new="green apples grow").kind == "throttled"


def test_an_expired_token_can_be_renewed_but_does_nothing_else(agent: Agent, clock: Clock) -> None:
    token = agent.signed_in("otto")
    clock.now += TOKEN_S
    assert refusal(agent, "restart", token=token, services=["kaspad"]).kind == "session"
    renewed = agent.client.call("refresh", token=token)["token"]
    assert agent.change(renewed, "restart", services=["kaspad"])["summary"] == "restarted"


def test_a_session_ends_however_often_it_is_renewed(agent: Agent, clock: Clock) -> None:
    token = agent.signed_in("otto")
    for _ in range(int(SESSION_S / TOKEN_S) - 1):
        clock.now += TOKEN_S
        token = agent.client.call("refresh", token=token)["token"]
    clock.now += TOKEN_S
    assert refusal(agent, "refresh", token=token).kind == "session"


def test_a_renewed_token_has_the_role_of_today(agent: Agent) -> None:
    token = agent.signed_in("otto")
    text = agent.layout.users_file.read_text().replace('"operator"', '"viewer"')
    agent.layout.users_file.write_text(text)
    assert refusal(agent, "restart", token=token, services=["kaspad"]).kind == "role"
    public = keys.read_public(agent.layout.session_public_file)
    assert public is not None
    assert tokens.verify(agent.client.call("refresh", token=token)["token"], public).role == "viewer"
