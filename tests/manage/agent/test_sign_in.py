"""Signing in over the socket: passwords, the throttle, and what a session says."""

from __future__ import annotations

import stat

from manage.access import keys, revocations, tokens
from manage.access.throttle import FREE_TRIES
from tests.manage.agent.conftest import refusal
from tests.stage.agents import PASSWORD, Agent, Clock


def test_the_right_password_opens_a_session(agent: Agent) -> None:
    token = agent.signed_in("otto")
    assert agent.client.call("whoami", token=token) == {"name": "otto", "role": "operator", "must_change": False}


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(agent: Agent) -> None:
    wrong = refusal(agent, "login", name="otto", password="wrong")
    unknown = refusal(agent, "login", name="nobody", password="wrong")
    assert (wrong.kind, wrong.message) == (unknown.kind, unknown.message) == ("password", "Name or password is wrong.")


def test_too_many_wrong_passwords_cost_a_wait_that_even_the_right_one_keeps(agent: Agent, clock: Clock) -> None:
    for _ in range(FREE_TRIES):
        refusal(agent, "login", name="otto", password="wrong", address="1.2.3.4")
    told = refusal(agent, "login", name="otto", password=PASSWORD, address="1.2.3.4")
    assert told.kind == "throttled"
    assert told.detail == {"retry_s": 1, "needs_code": True}
    assert told.hint.endswith("manage user code NAME")
    clock.now += 1
    assert agent.signed_in("otto")


def test_the_dashboard_can_check_a_session_by_itself(agent: Agent) -> None:
    public = keys.read_public(agent.layout.session_public_file)
    assert public is not None
    claims = tokens.verify(agent.signed_in("vera"), public)
    assert (claims.name, claims.role) == ("vera", "viewer")
    assert revocations.read(agent.layout.revocations_file).allows(claims)
    assert stat.S_IMODE(agent.layout.session_public_file.stat().st_mode) == 0o640


def test_the_first_login_removes_the_file_with_the_first_password(agent: Agent) -> None:
    agent.layout.first_password_file.write_text("x")
    agent.signed_in("ada")
    assert not agent.layout.first_password_file.exists()
