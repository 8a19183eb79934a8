"""One user's plans do not keep the dashboard from others."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from werkzeug.exceptions import TooManyRequests

from manage.web.lanes import PAGES, Turns, lane_of
from manage.web.pages.logs import routes as logs
from manage.web.pages.plan import routes
from tests.manage.web.conftest import Browser, agent, app, browser, clock, layout, three_users

__all__ = ["agent", "app", "browser", "clock", "layout", "three_users"]


@pytest.mark.promise("A user gets one plan at a time; the next request is answered with 429", runs="ci")
def test_the_second_plan_of_a_user_is_refused_while_the_first_is_made(browser: Browser) -> None:
    with routes._plans.turn("vera"):
        answer = browser("vera").get("/plan?verb=up")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
    assert "A plan for vera is already under way." in answer.text


@pytest.mark.parametrize("path", ["/logs/oracle", "/logs/oracle/lines"])
def test_a_user_who_reads_many_logs_at_once_leaves_a_thread_for_others(browser: Browser, path: str) -> None:
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(logs._reads.turn("vera"))
        assert browser("vera").get(path).status_code == 429
        assert browser("ada").get(path).status_code == 200
    assert browser("vera").get(path).status_code == 200


def test_another_user_is_not_refused_and_the_turn_ends_with_the_request() -> None:
    plans = Turns("A plan")
    with plans.turn("vera"), plans.turn("olga"), pytest.raises(TooManyRequests), plans.turn("vera"):
        pass
    with plans.turn("vera"):
        pass


def test_of_many_at_once_one_gets_the_turn() -> None:
    plans, passed, start = Turns("A plan"), [], threading.Barrier(8)
    done = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        with ExitStack() as held:
            try:
                held.enter_context(plans.turn("vera"))
                passed.append(1)
            except TooManyRequests:
                pass
            done.wait()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed == [1]


@pytest.mark.promise("No page waits behind requests that wait for the agent", runs="ci")
def test_every_route_that_waits_for_the_agent_has_a_lane_of_its_own(app: Flask) -> None:
    waits = {name for name, view in app.view_functions.items() if _asks_the_agent(view)}
    assert waits >= {"plan.page", "sign_in.sign_in", "logs.partial", "progress.page", "second_factor.confirm"}
    assert {name for name, view in app.view_functions.items() if lane_of(view) != PAGES} == waits


def _asks_the_agent(view: Any) -> bool:
    """Whether the function, or one of its module that it calls, calls the agent."""
    seen, functions = set(), [view]
    while functions:
        function = functions.pop()
        names = set(function.__code__.co_names)
        if function in seen:
            continue
        seen.add(function)
        if ("person" in names and names & {"call", "stream"}) or "agent" in names:
            return True
        module = function.__globals__
        functions += [
            f
            for name in names
            if getattr(f := module.get(name), "__module__", "") == view.__module__ and hasattr(f, "__code__")
        ]
    return False
