"""The dashboard's app on a temporary installation, with a real agent behind its socket; see `tests/stage`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from manage.agent.dispatch import Peer
from manage.installation.layout import Layout
from manage.web.app import create_app
from manage.web.door import Address
from manage.web.sources import Sources
from tests.stage import agents, scenery
from tests.stage.agents import PASSWORD, Agent, Clock

HERE = Address(frozenset({"localhost"}), "http://localhost:8600")
"""The name that Flask's test client uses."""
Browser = Callable[[str], FlaskClient]


@pytest.fixture(scope="session")
def three_users(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return agents.three_users(Layout(tmp_path_factory.mktemp("users")))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def layout(tmp_path: Path, three_users: bytes) -> Layout:
    layout = agents.folders(Layout(tmp_path))
    layout.users_file.write_bytes(three_users)
    return layout


@pytest.fixture
def agent(layout: Layout, clock: Clock) -> Iterator[Agent]:
    started = agents.start(layout, {os.getuid(): Peer("dashboard")}, clock)
    yield started
    started.close()


@pytest.fixture
def app(layout: Layout, agent: Agent, clock: Clock) -> Flask:
    """All services healthy, two seconds ago."""
    scenery.put(layout, scenery.healthy(clock.now - 2))
    app = create_app(layout, clock, address=HERE)
    sources(app).refresh()
    return app


@pytest.fixture
def browser(app: Flask, agent: Agent) -> Browser:
    """A browser in which somebody is signed in: the cookie is the agent's own, without the slow hash of a login."""

    def sign_in(name: str) -> FlaskClient:
        client = app.test_client()
        user = agent.sessions.user(name)
        assert user, name
        client.set_cookie("nodeyard_session", agent.sessions.open(user))
        return client

    return sign_in


def sources(app: Flask) -> Sources:
    found: Sources = app.extensions["sources"]
    return found


def log_in(client: FlaskClient, name: str, password: str, **more: str) -> TestResponse:
    form = {"csrf": csrf(client, "/login"), "name": name, "password": password, **more}
    return client.post("/login", data=form)


def confirm(client: FlaskClient, page: str, answer: str = PASSWORD) -> TestResponse:
    """Press the button of a plan's page, as a browser does: every field of its form, and the password."""
    form = re.search(r'<form method="post" action="/act">.*?</form>', page, re.S)
    assert form
    fields = MultiDict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
    fields["answer"] = answer
    return client.post("/act", data=fields)


def change(client: FlaskClient, query: str, answer: str = PASSWORD) -> TestResponse:
    """Ask for the plan of a change, and confirm it."""
    return confirm(client, client.get(f"/plan?{query}").text, answer)


def csrf(client: FlaskClient, path: str = "/password") -> str:
    """The token in the form of a page."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found, f"{path} has no form"
    return found.group(1)
