"""How often a password may be tried."""

from __future__ import annotations

from manage.access.throttle import FREE_TRIES, LONGEST_WAIT_S, MOST_KEYS, Throttle


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def tried(throttle: Throttle, clock: Clock, times: int, name: str = "ann", address: str = "a") -> list[float]:
    """The waits between tries of somebody who always waits as long as he is told, and no longer."""
    waits = []
    for _ in range(times):
        wait = throttle.begin(name, address)
        waits.append(wait)
        if wait:
            clock.now += wait
            assert throttle.begin(name, address) == 0.0
    return waits


def test_the_first_tries_are_free_and_then_the_wait_doubles_up_to_a_minute() -> None:
    clock = Clock()
    waits = tried(Throttle(clock), clock, FREE_TRIES + 8)
    assert waits[:FREE_TRIES] == [0.0] * FREE_TRIES
    assert waits[FREE_TRIES:] == [1, 2, 4, 8, 16, 32, LONGEST_WAIT_S, LONGEST_WAIT_S]


def test_many_names_from_one_address_are_slowed_down_too() -> None:
    throttle = Throttle(Clock())
    for number in range(FREE_TRIES):
        assert throttle.begin(f"name{number}", "a") == 0.0
    assert throttle.begin("another", "a") > 0.0
    assert throttle.begin("another", "b") == 0.0


def test_one_name_from_many_addresses_is_slowed_down_too() -> None:
    throttle = Throttle(Clock())
    for number in range(FREE_TRIES):
        assert throttle.begin("ann", f"address{number}") == 0.0
    assert throttle.begin("ann", "another") > 0.0


def test_a_success_clears_the_slate() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    tried(throttle, clock, FREE_TRIES - 1)
    throttle.succeed("ann", "a")
    assert tried(throttle, clock, FREE_TRIES) == [0.0] * FREE_TRIES


def test_an_hour_forgives() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    tried(throttle, clock, FREE_TRIES + 3)
    clock.now += 3601
    assert throttle.begin("ann", "a") == 0.0


def test_a_flood_of_names_does_not_grow_without_bound() -> None:
    throttle = Throttle(Clock())
    for number in range(2 * MOST_KEYS):
        throttle.begin(f"name{number}", f"address{number}")
    assert len(throttle._tries) <= MOST_KEYS
