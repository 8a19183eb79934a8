"""How often a password may be tried."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from manage.access.throttle import COUNTERS, FREE_TRIES, LONGEST_WAIT_S, Key, Throttle, stranger
from manage.errors import NodeyardError
from tests.stage.agents import Clock

DEVICE = (Key("device abc", own=True),)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "attempts.json"


@pytest.fixture
def throttle(path: Path, clock: Clock) -> Throttle:
    return Throttle(path, clock)


def tried(throttle: Throttle, clock: Clock, times: int, keys: tuple[Key, ...] = DEVICE) -> list[float]:
    """The waits between attempts of somebody who always waits exactly as long as they must."""
    waits = []
    for _ in range(times):
        wait = throttle.begin(keys)
        waits.append(wait)
        if wait:
            clock.now += wait
            assert throttle.begin(keys) == 0.0
    return waits


def test_the_first_tries_are_free_and_then_the_wait_doubles_up_to_a_minute(throttle: Throttle, clock: Clock) -> None:
    waits = tried(throttle, clock, FREE_TRIES + 8)
    assert waits[:FREE_TRIES] == [0.0] * FREE_TRIES
    assert waits[FREE_TRIES:] == [1, 2, 4, 8, 16, 32, LONGEST_WAIT_S, LONGEST_WAIT_S]


def test_many_names_from_one_address_are_slowed_down_too(throttle: Throttle) -> None:
    for number in range(FREE_TRIES):
        assert throttle.begin(stranger(f"name{number}", "a")) == 0.0
    assert throttle.begin(stranger("another", "a")) > 0.0
    assert throttle.begin(stranger("another", "b")) == 0.0


def test_one_name_from_many_addresses_is_slowed_down_too(throttle: Throttle) -> None:
    for number in range(FREE_TRIES):
        assert throttle.begin(stranger("ann", f"address{number}")) == 0.0
    assert throttle.begin(stranger("ann", "another")) > 0.0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
    ],
)
def test_the_addresses_that_one_host_can_have_are_counted_together(one: str, other: str, *, same: bool) -> None:
    assert (stranger("ann", one) == stranger("ann", other)) is same


def test_a_device_that_succeeds_starts_again(throttle: Throttle, clock: Clock) -> None:
    tried(throttle, clock, FREE_TRIES - 1)
    throttle.succeed(DEVICE)
    assert tried(throttle, clock, FREE_TRIES) == [0.0] * FREE_TRIES


def test_a_stranger_who_succeeds_forgives_no_attempts_of_others(throttle: Throttle) -> None:
    """Otherwise somebody with an account could reset the count of the address from which they attack others."""
    for number in range(FREE_TRIES - 1):
        throttle.begin(stranger(f"victim{number}", "a"))
    for _ in range(3):
        assert throttle.begin(stranger("mallory", "a")) == 0.0
        throttle.succeed(stranger("mallory", "a"))
    assert throttle.begin(stranger("victim", "a")) == 0.0
    assert throttle.begin(stranger("victim", "a")) > 0.0


def test_an_hour_forgives(throttle: Throttle, clock: Clock) -> None:
    tried(throttle, clock, FREE_TRIES + 3)
    clock.now += 3601
    assert throttle.begin(DEVICE) == 0.0


def test_a_clock_that_was_set_back_does_not_make_anybody_wait_longer(throttle: Throttle, clock: Clock) -> None:
    tried(throttle, clock, FREE_TRIES)
    clock.now -= 86_400
    assert throttle.begin(DEVICE) <= LONGEST_WAIT_S


@pytest.mark.promise("The counters of wrong passwords survive a restart of the agent", runs="ci")
def test_a_restart_forgives_nothing(throttle: Throttle, path: Path, clock: Clock) -> None:
    tried(throttle, clock, FREE_TRIES)
    assert Throttle(path, clock).begin(DEVICE) > 0.0


@pytest.mark.promise("A flood of names or addresses neither fills the counters nor pushes one out", runs="ci")
@pytest.mark.parametrize("keys", [lambda n: stranger(f"name{n}", "a" + str(n)), lambda n: stranger("x", f"address{n}")])
def test_a_flood_does_not_evict_the_name_under_attack(
    throttle: Throttle, path: Path, clock: Clock, keys: Callable[[int], tuple[Key, ...]]
) -> None:
    attacked = stranger("ann", "attacker")
    for _ in range(FREE_TRIES + 6):
        clock.now += throttle.begin(attacked)
        throttle.begin(attacked)
    for number in range(300):
        throttle.begin(keys(number))
    assert throttle.begin(attacked) > 0.0
    assert path.stat().st_size < 200_000
    assert COUNTERS == 1024, "the bound on the file's size"


@pytest.mark.parametrize("text", ["{", '{"version": 1, "tries": 3}', '{"version": 2, "tries": {}}'])
def test_damaged_counters_let_nobody_try(throttle: Throttle, path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(NodeyardError, match=r"attempts\.json"):
        throttle.begin(DEVICE)


def test_counters_that_cannot_be_written_let_nobody_try(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Throttle(tmp_path / "missing" / "attempts.json").begin(DEVICE)
