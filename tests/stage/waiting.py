"""Waiting for what a test expects of another process or thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], deadline_s: float = 60.0, every_s: float = 0.02) -> T:
    """The first true value of `condition`; AssertionError with its last value after `deadline_s`."""
    deadline = time.monotonic() + deadline_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {deadline_s} s; last: {value!r}"
        time.sleep(every_s)
    return value
