"""A flood of refused calls fills neither the disk nor the audit log."""

from __future__ import annotations

import pytest

from manage.access.audit_budget import HOUR_S, MOST_ADDRESSES, PER_HOUR
from tests.security.access.conftest import refusal
from tests.stage.agents import PASSWORD, Agent, Clock


@pytest.mark.promise("Refused calls of one source cause at most 30 audit records an hour", runs="ci")
@pytest.mark.parametrize(
    ("verb", "args"),
    [
        ("exec", {}),
        ("down", {"x" * 900: "y" * 900}),
        ("challenge", {"verb": "down", "plan": "0" * 64}),
        ("restart", {}),
    ],
)
def test_refused_calls_of_one_session_are_counted_after_the_thirtieth(
    agent: Agent, clock: Clock, verb: str, args: dict[str, str]
) -> None:
    token = agent.signed_in("vera")
    for _ in range(PER_HOUR + 50):
        refusal(agent, verb, token=token, **args)
    assert len([line for line in agent.audit() if line["result"] == "refused"]) == PER_HOUR
    clock.now += HOUR_S
    assert agent.signed_in("vera")
    (left_out,) = [line for line in agent.audit() if line["verb"] == "left_out"]
    assert left_out["args"] == {"result": "refused", "count": 50}
    assert left_out["reason"] == "50 more records of vera were left out."


def test_a_flood_of_one_user_hides_nothing_that_another_does(agent: Agent) -> None:
    vera, ada = agent.signed_in("vera"), agent.signed_in("ada")
    for _ in range(PER_HOUR + 5):
        refusal(agent, "down", token=vera)
    agent.change(ada, "restart", services=["kaspad"])
    agent.change(ada, "down")
    assert [(line["who"], line["verb"], line["result"]) for line in agent.audit()][-4:] == [
        ("ada", "restart", "started"),
        ("ada", "restart", "ok"),
        ("ada", "down", "started"),
        ("ada", "down", "ok"),
    ]


def test_sign_ins_and_outs_without_end_are_bounded_too(agent: Agent) -> None:
    for _ in range(PER_HOUR + 10):
        agent.client.call("logout", token=agent.signed_in("vera"))
    assert len(agent.audit()) == PER_HOUR


def test_invented_addresses_share_one_budget(agent: Agent, clock: Clock) -> None:
    """Each costs a wrong password, and a compromised dashboard can invent as many as it likes."""
    for number in range(2 * MOST_ADDRESSES + PER_HOUR):
        refusal(agent, "login", name=f"n{number}", password="x", address=f"10.0.{number}.1")
    assert len(agent.audit()) == MOST_ADDRESSES + PER_HOUR
    agent.log.close()
    assert agent.audit()[-1]["who"] == "other addresses"


def test_what_was_left_out_is_written_when_the_agent_ends(agent: Agent) -> None:
    token = agent.signed_in("vera")
    for _ in range(PER_HOUR + 2):
        refusal(agent, "down", token=token)
    agent.log.close()
    assert agent.audit()[-1]["reason"] == "2 more records of vera were left out."


def test_a_clock_that_is_set_back_does_not_silence_the_log(agent: Agent, clock: Clock) -> None:
    token = agent.signed_in("vera")
    for _ in range(PER_HOUR + 1):
        refusal(agent, "down", token=token)
    clock.now -= 60
    refusal(agent, "down", token=token)
    assert agent.audit()[-1]["verb"] == "down"
    assert PASSWORD not in agent.layout.audit_file.read_text()
