"""The agent over its socket: who may do what, and what is written down."""

from __future__ import annotations

import os
import socket
import stat
import threading
import time
from collections.abc import Callable, Mapping

import pytest

from manage.access import keys, revocations, tokens, users
from manage.access.sessions import SESSION_S, TOKEN_S
from manage.access.throttle import FREE_TRIES
from manage.agent.client import AgentClient, AgentRefused, AgentUnreachable
from manage.agent.dispatch import Peer
from manage.agent.server import MOST_CONNECTIONS
from tests.stage.agents import PASSWORD, Agent, Clock


def refusal(agent: Agent, verb: str, **args: object) -> AgentRefused:
    with pytest.raises(AgentRefused) as caught:
        agent.client.call(verb, **args)  # type: ignore[arg-type]
    return caught.value


# Signing in


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
    assert told.detail == {"retry_s": 1}
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


# Ending sessions


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
    assert agent.client.call("restart", token=renewed, services=["kaspad"])["summary"] == "restarted"


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


# Roles and verbs


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
    for verb in agent.stack.verbs():
        try:
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


# Changes


def test_a_change_tells_its_progress_and_then_its_result(agent: Agent) -> None:
    messages = list(agent.client.stream("restart", token=agent.signed_in("otto"), services=["kaspad", "tracker"]))
    kinds = [(m["event"]["kind"], m["event"]["service"]) for m in messages if "event" in m]
    assert kinds == [("accepted", ""), ("done", "kaspad"), ("done", "tracker")]
    assert messages[-1]["result"]["summary"] == "restarted"


def test_a_second_change_is_refused_with_the_holders_name_while_readers_see_the_first(agent: Agent) -> None:
    agent.stack.hold.clear()
    first = agent.client.stream("up", token=agent.signed_in("otto"))
    id = next(first)["event"]["id"]
    ada = agent.signed_in("ada")
    busy = refusal(agent, "down", token=ada)
    assert (busy.kind, busy.message, busy.detail) == ("busy", "up by otto is running.", {"holder": "up by otto"})
    assert agent.operations.current() == {"kind": "up", "by": "otto", "since": agent.clock()}
    assert agent.client.call("progress", token=agent.signed_in("vera"), id=id)["state"] == "running"
    agent.stack.hold.set()
    assert [m for m in first if "result" in m]
    assert agent.operations.current() is None
    assert agent.client.call("down", token=ada)


def test_a_change_goes_on_when_the_one_who_asked_has_gone(agent: Agent) -> None:
    agent.stack.hold.clear()
    token = agent.signed_in("otto")
    asking = agent.client.stream("up", token=token)
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
    error = refusal(agent, "restart", token=token, services=["broken"])
    assert (error.kind, error.message) == ("failed", "broken did not become healthy.")
    assert error.hint == "See its log: manage logs broken"
    last = agent.audit()[-1]
    assert (last["result"], last["reason"]) == ("failed", "broken did not become healthy.")
    assert agent.client.call("restart", token=token, services=["kaspad"])


# The audit log


def test_the_audit_log_says_who_did_what_from_where(agent: Agent) -> None:
    refusal(agent, "login", name="otto", password="wrong", address="10.0.0.9")
    token = agent.signed_in("otto")
    agent.client.call("restart", token=token, address="10.0.0.7", services=["kaspad"])
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
    assert agent.audit()[2]["args"] == {"services": ["kaspad"]}


@pytest.mark.promise("No password and no token reaches the audit log", runs="ci")
def test_no_password_and_no_token_ever_reaches_the_audit_log(agent: Agent) -> None:
    token = agent.signed_in("ada")
    agent.client.call("change_password", token=token, old=PASSWORD, new="green apples grow")
    refusal(agent, "login", name="ada", password="a wrong secret")
    refusal(agent, "up", token=agent.signed_in("ada", "green apples grow"), password="green apples grow")
    text = agent.layout.audit_file.read_text()
    assert token not in text
    for secret in (PASSWORD, "green apples grow", "a wrong secret"):
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


# The socket


def test_root_on_the_host_needs_no_token(start_agent: Callable[[Mapping[int, Peer]], Agent]) -> None:
    agent = start_agent({os.getuid(): Peer("host")})
    agent.client.call("down")
    assert agent.stack.calls == [("down", {}, "root@host")]
    assert [line["who"] for line in agent.audit()] == ["root@host", "root@host"]


def test_another_user_of_the_machine_is_not_answered(start_agent: Callable[[Mapping[int, Peer]], Agent]) -> None:
    agent = start_agent({os.getuid() + 1: Peer("host"), os.getuid() + 2: Peer("dashboard")})
    assert refusal(agent, "ping").message == "The agent does not answer this user."


def test_the_socket_is_for_root_and_its_group(agent: Agent) -> None:
    assert stat.S_IMODE(agent.layout.agent_socket.stat().st_mode) == 0o660


@pytest.mark.parametrize(
    "line", [b"nonsense\n", b"[1]\n", b'{"verb": 7}\n', b"{}\n", b'{"verb": "login", "args": 3}\n']
)
def test_nonsense_gets_a_sentence_or_a_closed_door_and_the_agent_lives_on(agent: Agent, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(agent.layout.agent_socket))
        connection.sendall(line)
        answer = connection.makefile().readline()
    assert answer == "" or '"usage"' in answer
    assert agent.client.call("ping") == {}


def test_an_endless_request_is_cut_off(agent: Agent) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(agent.layout.agent_socket))
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            for _ in range(10_000):
                connection.sendall(b"x" * 4096)
    assert agent.client.call("ping") == {}


def test_a_crowd_is_turned_away_with_a_word_and_room_is_made_again(agent: Agent) -> None:
    crowd = [socket.socket(socket.AF_UNIX) for _ in range(MOST_CONNECTIONS)]
    for connection in crowd:
        connection.connect(str(agent.layout.agent_socket))
    assert refusal(agent, "ping").kind == "busy"
    for connection in crowd:
        connection.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            assert agent.client.call("ping") == {}
            return
        except AgentRefused:
            continue
    raise AssertionError("no room was made")


def test_an_agent_that_is_away_is_said_to_be_away(agent: Agent) -> None:
    client = AgentClient(agent.layout.dir / "nothing.sock")
    with pytest.raises(AgentUnreachable, match="The agent does not answer"):
        client.call("ping")
