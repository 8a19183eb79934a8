"""Waiting for what a test expects of another process or thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], deadline_s: float = 60.0, every_s: float = 0.02) -> T:
    """The first true value of `condition`; AssertionError with its last value after `deadline_s`.

    What takes long is asked less often, at the latest each 0.2 s: asking costs the process under test its time.
    """
    began = time.monotonic()
    while not (value := condition()):
        waited = time.monotonic() - began
        assert waited < deadline_s, f"not within {deadline_s} s; last: {value!r}"
        time.sleep(max(every_s, min(waited / 20, 0.2)))
    return value
