"""Which threads serve a route. Routes that wait for the agent have lanes of their own; pages never wait behind them."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from flask import Flask, Request
from werkzeug.exceptions import TooManyRequests

View = TypeVar("View", bound=Callable[..., object])
PAGES, SIGN_IN, KNOWN = "pages", "sign_in", "known"
Lane = str | Callable[[Flask, Request], str]
"""A name, or what says it from the request: with a stranger's input, before any check of it."""


def lane(name: Lane) -> Callable[[View], View]:
    """Serve this route with the threads of the lane `name`."""

    def mark(view: View) -> View:
        view.lane = name  # type: ignore[attr-defined]
        return view

    return mark


def lane_of(view: Callable[..., object]) -> Lane:
    """The lane of a route; PAGES unless it is marked."""
    found: Lane = getattr(view, "lane", PAGES)
    return found


class Turns:
    """A few requests of each user at a time, for routes that are expensive for the agent: others find free threads."""

    def __init__(self, doing: str, most: int = 1) -> None:
        self._most = most
        """Of one user; fewer than the threads of the lane."""
        self._doing = doing
        """What the requests do, for the refusal of one more: "A plan"."""
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

    @contextmanager
    def turn(self, user: str) -> Iterator[None]:
        """Raises TooManyRequests (429) while as many requests of `user` run as may."""
        with self._lock:
            if self._running[user] >= self._most:
                raise TooManyRequests(f"{self._doing} for {user} is already under way. Try again soon.", retry_after=5)
            self._running[user] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[user] -= 1
                if not self._running[user]:
                    del self._running[user]
