"""The second factor: what a stolen password and a compromised dashboard cannot do once it is set up."""

from __future__ import annotations

import json
import stat

import pytest

from manage.access import users
from manage.access.throttle import FREE_TRIES
from tests.security.access.conftest import Start, code, enrol, refusal
from tests.stage.agents import PASSWORD, Agent, Clock

NEW = "green apples grow"


@pytest.mark.promise("With a second factor, the password confirms no change", runs="ci")
def test_a_password_confirms_nothing_where_there_is_a_second_factor(agent: Agent, clock: Clock) -> None:
    token = agent.signed_in("ada")
    secret = enrol(agent, token)
    clock.now += 30
    issued = agent.client.call("challenge", token=token, verb="down", plan="0" * 64)
    assert issued["answer"] == "code"
    assert refusal(agent, "down", token=token, **agent.confirm(token, "down", answer=PASSWORD)).kind == "answer"
    assert agent.stack.calls == []
    assert agent.client.call("down", token=token, **agent.confirm(token, "down", answer=code(agent, secret)))


@pytest.mark.promise("A code of the authenticator app is accepted once", runs="ci")
def test_a_code_is_accepted_once_and_no_older_one_after_it(agent: Agent, start: Start, clock: Clock) -> None:
    token = agent.signed_in("ada")
    secret = enrol(agent, token)
    used = code(agent, secret)
    assert refusal(agent, "down", token=token, **agent.confirm(token, "down", answer=used)).kind == "answer"
    ahead = code(agent, secret, steps=1)
    assert agent.client.call("down", token=token, **agent.confirm(token, "down", answer=ahead))
    clock.now += 30
    successor = start()
    for old in (used, ahead):
        assert refusal(successor, "down", token=token, **successor.confirm(token, "down", answer=old)).kind == "answer"
    assert len(agent.stack.calls) == 1 and successor.stack.calls == []


@pytest.mark.parametrize(("steps", "right"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_the_clock_of_a_phone_may_differ_by_half_a_minute(
    agent: Agent, clock: Clock, steps: int, *, right: bool
) -> None:
    token = agent.signed_in("ada")
    secret = enrol(agent, token)
    clock.now += 120
    args = agent.confirm(token, "down", answer=code(agent, secret, steps=steps))
    if right:
        assert agent.client.call("down", token=token, **args)
    else:
        assert refusal(agent, "down", token=token, **args).kind == "answer"


def test_codes_cannot_be_guessed_not_even_with_the_password(agent: Agent, clock: Clock) -> None:
    """A right password must not forgive wrong codes: `change_password` asks for both."""
    token = agent.signed_in("ada")
    enrol(agent, token)
    clock.now += 120
    kinds = [
        refusal(agent, "change_password", token=token, old=PASSWORD, new=NEW, answer=f"{guess:06}").kind
        for guess in range(FREE_TRIES + 1)
    ]
    assert kinds == ["answer"] * FREE_TRIES + ["throttled"]
    for _ in range(20):
        refused = refusal(agent, "down", token=token, **agent.confirm(token, "down", answer="000000"))
        clock.now += refused.detail.get("retry_s", 0)
        token = agent.client.call("refresh", token=token)["token"]
    refusal(agent, "down", token=token, **agent.confirm(token, "down", answer="000000"))
    refused = refusal(agent, "down", token=token, **agent.confirm(token, "down", answer="000000"))
    assert refused.detail["retry_s"] > 500, "at most about a hundred guesses a day"


@pytest.mark.promise("A password change needs the second factor, too", runs="ci")
def test_a_password_change_needs_the_code(agent: Agent, clock: Clock) -> None:
    token = agent.signed_in("ada")
    secret = enrol(agent, token)
    clock.now += 30
    assert refusal(agent, "change_password", token=token, old=PASSWORD, new=NEW).kind == "answer"
    answer = code(agent, secret)
    assert agent.client.call("change_password", token=token, old=PASSWORD, new=NEW, answer=answer)["enrolled"]
    assert agent.signed_in("ada", NEW)


@pytest.mark.promise("A stolen session can neither set up nor replace a second factor", runs="ci")
def test_a_stolen_session_neither_sets_one_up_nor_replaces_it(agent: Agent, clock: Clock) -> None:
    token = agent.signed_in("ada")
    assert refusal(agent, "start_enrolment", token=token, password="wrong").kind == "answer"
    assert refusal(agent, "finish_enrolment", token=token, answer="123456").kind == "challenge"
    secret = enrol(agent, token)
    clock.now += 30
    refused = refusal(agent, "start_enrolment", token=token, password=PASSWORD)
    assert refused.message == "ada has a second factor already."
    assert refusal(agent, "finish_enrolment", token=token, answer=code(agent, secret)).kind == "usage"
    assert [line["result"] for line in agent.audit() if line["verb"] == "finish_enrolment"] == [
        "refused",
        "ok",
        "refused",
    ]


def test_of_two_sessions_that_set_one_up_the_first_wins(agent: Agent) -> None:
    one, two = agent.signed_in("ada"), agent.signed_in("ada")
    first = agent.client.call("start_enrolment", token=one, password=PASSWORD)["secret"]
    second = agent.client.call("start_enrolment", token=two, password=PASSWORD)["secret"]
    agent.client.call("finish_enrolment", token=one, answer=code(agent, str(first)))
    assert refusal(agent, "finish_enrolment", token=two, answer=code(agent, str(second))).kind == "usage"


@pytest.mark.promise("On an address that other machines reach, a change needs a second factor", runs="ci")
def test_on_an_address_that_others_reach_it_is_required(start: Start) -> None:
    agent = start(required=True)
    answer = agent.client.call("login", name="ada", password=PASSWORD)
    token = str(answer["token"])
    assert answer["must_enrol"]
    assert refusal(agent, "challenge", token=token, verb="down", plan="0" * 64).kind == "second_factor"
    secret = enrol(agent, token)
    assert not agent.client.call("login", name="ada", password=PASSWORD)["must_enrol"]
    confirmed = agent.confirm(token, "down", answer=code(agent, secret, steps=1))
    assert agent.client.call("down", token=token, **confirmed)
    assert not agent.client.call("login", name="vera", password=PASSWORD)["must_enrol"], "a viewer changes nothing"


def test_a_challenge_from_before_it_was_required_is_worth_nothing(agent: Agent, start: Start) -> None:
    token = agent.signed_in("ada")
    issued = agent.confirm(token, "down")
    assert refusal(start(required=True), "down", token=token, **issued).kind == "challenge"


def test_a_reset_on_the_host_removes_it_and_the_secret_is_roots_alone(agent: Agent) -> None:
    secret = enrol(agent, agent.signed_in("ada"))
    path = agent.layout.second_factors_file
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret in path.read_text()
    for other in (agent.layout.users_file, agent.layout.audit_file, *agent.layout.agent_socket_dir.glob("*.json")):
        assert secret not in other.read_text()
    password = users.reset(agent.layout, "ada")
    assert json.loads(path.read_text())["users"] == {}
    answer = agent.client.call("login", name="ada", password=password)
    assert agent.client.call("second_factor", token=str(answer["token"])) == {"enrolled": False, "required": False}


def test_somebody_who_is_added_again_does_not_get_the_old_one(agent: Agent) -> None:
    enrol(agent, agent.signed_in("vera"))
    users.remove(agent.layout, "vera")
    users.add(agent.layout, "vera", "admin", PASSWORD)
    assert not agent.client.call("second_factor", token=agent.signed_in("vera"))["enrolled"]
