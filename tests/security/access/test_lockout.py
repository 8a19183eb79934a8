"""Strangers who guess passwords cannot lock the owner out, not even from the owner's own address."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress

import pytest
from argon2 import PasswordHasher

from manage.access import passwords, users
from manage.access.throttle import FREE_TRIES
from manage.agent.client import AgentUnreachable
from tests.security.access.conftest import GATEWAY, Start, refusal, sign_in
from tests.stage.agents import PASSWORD, Agent, Clock


def attack(agent: Agent, clock: Clock, name: str = "ada", address: str = GATEWAY) -> None:
    """Wrong passwords for one name, as often as a stranger may try, until the wait is long."""
    for number in range(100):
        refused = refusal(agent, "login", name=name, password="wrong", address=address.format(number))
        if (wait := refused.detail.get("retry_s", 0)) >= 30:
            return
        clock.now += wait
    raise AssertionError("the attack was never slowed down")


@pytest.mark.promise(
    "Strangers behind the shared gateway address cannot lock out a device on which the owner has signed in", runs="ci"
)
def test_the_owner_signs_in_at_the_first_try_on_a_known_device(agent: Agent, clock: Clock) -> None:
    device = str(sign_in(agent, "ada")["device"])
    attack(agent, clock)
    for _ in range(11):
        assert sign_in(agent, "ada", device=device)["token"]


def test_the_device_is_known_after_a_restart_of_the_agent_too(agent: Agent, start: Start, clock: Clock) -> None:
    device = str(sign_in(agent, "ada")["device"])
    attack(agent, clock)
    successor = start()
    assert refusal(successor, "login", name="ada", password=PASSWORD, address=GATEWAY).kind == "throttled"
    assert sign_in(successor, "ada", device=device)["device"] == device


@pytest.mark.promise("Under attack, a code from the host signs the owner in on a new device, once", runs="ci")
def test_a_code_from_the_host_lets_the_owner_in_on_a_new_device(
    agent: Agent, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time", clock)
    attack(agent, clock)
    told = refusal(agent, "login", name="ada", password=PASSWORD, address=GATEWAY)
    assert told.detail["needs_code"] and "manage user code" in told.hint
    code = users.device_code(agent.layout, "ada")
    assert refusal(agent, "login", name="ada", password="typo", device=code, address=GATEWAY).kind == "password"
    device = str(sign_in(agent, "ada", device=code.upper().replace("-", " "))["device"])
    assert refusal(agent, "login", name="ada", password=PASSWORD, device=code, address=GATEWAY).kind == "throttled"
    assert sign_in(agent, "ada", device=device)["token"]
    late = users.device_code(agent.layout, "ada")
    clock.now += 15 * 60
    attack(agent, clock)
    assert refusal(agent, "login", name="ada", password=PASSWORD, device=late, address=GATEWAY).kind == "throttled"
    assert code not in agent.layout.devices_file.read_text()


def test_a_code_needs_the_password_and_is_for_one_user(agent: Agent, clock: Clock) -> None:
    attack(agent, clock, "otto")
    code = users.device_code(agent.layout, "ada")
    assert refusal(agent, "login", name="otto", password=PASSWORD, device=code, address=GATEWAY).kind == "throttled"


@pytest.mark.parametrize("device", ["", "x" * 43, "AAAA", "\ud800"])
def test_an_invented_device_is_a_stranger(agent: Agent, clock: Clock, device: str) -> None:
    sign_in(agent, "ada")
    attack(agent, clock)
    assert refusal(agent, "login", name="ada", password=PASSWORD, device=device, address=GATEWAY).kind == "throttled"


def test_the_device_of_one_user_is_a_stranger_for_another(agent: Agent, clock: Clock) -> None:
    """Otherwise every user could guess the passwords of all others without the counters of strangers."""
    device = str(sign_in(agent, "vera")["device"])
    attack(agent, clock, "ada")
    assert refusal(agent, "login", name="ada", password=PASSWORD, device=device, address=GATEWAY).kind == "throttled"


def test_guesses_from_a_stolen_device_are_throttled_and_those_of_others_are_not(agent: Agent) -> None:
    stolen, own = str(sign_in(agent, "ada")["device"]), str(sign_in(agent, "ada")["device"])
    for _ in range(FREE_TRIES):
        refusal(agent, "login", name="ada", password="wrong", device=stolen)
    assert refusal(agent, "login", name="ada", password=PASSWORD, device=stolen).kind == "throttled"
    assert sign_in(agent, "ada", device=own)["token"]
    assert sign_in(agent, "ada")["token"]


def test_a_reset_makes_every_device_a_stranger(agent: Agent, clock: Clock) -> None:
    device = str(sign_in(agent, "ada")["device"])
    password = users.reset(agent.layout, "ada")
    attack(agent, clock)
    assert refusal(agent, "login", name="ada", password=password, device=device, address=GATEWAY).kind == "throttled"


@pytest.mark.promise("A compromised dashboard cannot push out the counter of the name that it attacks", runs="ci")
def test_a_dashboard_that_invents_addresses_and_names_evicts_no_counter(agent: Agent, clock: Clock) -> None:
    attack(agent, clock, address="192.0.2.{}")
    for number in range(60):
        refusal(agent, "login", name=f"name{number}", password="wrong", address=f"198.51.100.{number}")
    assert refusal(agent, "login", name="ada", password=PASSWORD, address="203.0.113.1").kind == "throttled"
    assert len(json.loads(agent.layout.strangers_file.read_text())["tries"]) <= 2048


def test_a_flood_of_strangers_delays_nobody_with_a_known_device(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt of another name and address costs the agent a slow hash; few of them wait at a time."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4))
    passwords._decoy_hash.cache_clear()
    device = str(sign_in(agent, "ada")["device"])
    stop, refused = threading.Event(), []

    def flood(worker: int) -> None:
        number = 0
        while not stop.wait(0.1):  # about 100 attempts a second
            number += 1
            with suppress(AgentUnreachable):
                name, address = f"n{worker}-{number}", f"10.{worker}.{number % 256}.1"
                refused.append(refusal(agent, "login", name=name, password="x", address=address).kind)

    crowd = [threading.Thread(target=flood, args=(worker,), daemon=True) for worker in range(10)]
    for thread in crowd:
        thread.start()
    try:
        deadline = time.monotonic() + 20
        while "throttled" not in refused and time.monotonic() < deadline:
            stop.wait(0.05)
        assert "throttled" in refused, "the flood is more than the agent checks"
        for _ in range(3):
            assert agent.client.call("login", name="ada", password=PASSWORD, device=device)["token"]
    finally:
        stop.set()
        for thread in crowd:
            thread.join(20)
    passwords._decoy_hash.cache_clear()


def test_damaged_counters_and_devices_let_no_stranger_try(agent: Agent) -> None:
    for path in (agent.layout.strangers_file, agent.layout.devices_file):
        path.write_text("{")
        refused = refusal(agent, "login", name="ada", password=PASSWORD)
        assert refused.kind == "failed" and path.name in refused.message
        path.unlink()
    assert agent.signed_in("ada")
