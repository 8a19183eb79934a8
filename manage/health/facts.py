"""Reading measured facts: by name, and with the time that has passed since the measurement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from manage.health.model import Fact

AGE = "s old"
"""The unit of a fact that is itself an age: seconds at the time of the measurement. It grows as time passes."""

FUTURE_S = 10.0
UNIX = "unix"
"""The unit of a fact that is a point in time, in unix seconds."""


def value(facts: Sequence[Fact], name: str, default: Any = None) -> Any:
    """The value of the fact called `name`, `default` when it was not measured."""
    for fact in facts:
        if fact.name == name:
            return fact.value
    return default


def current_age(facts: Sequence[Fact], name: str, now: float) -> float | None:
    """The seconds of an age fact at `now`: the measured age plus the time since; None when it was not measured.

    A fact from far in the future was measured before the clock was set back, and not again since: it is old.
    """
    for fact in facts:
        if fact.name == name:
            since = now - fact.at
            return max(0.0, float(fact.value) + (-since if since < -FUTURE_S else since))
    return None


def zero_time(facts: Sequence[Fact], name: str) -> float | None:
    """The unix time at which an age fact was 0; None when it was not measured."""
    for fact in facts:
        if fact.name == name:
            return fact.at - float(fact.value)
    return None
