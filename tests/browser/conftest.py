"""A real Chromium in front of the dashboard as it runs; see `tests/stage/dashboards.py`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

from manage.installation.layout import Layout
from tests.stage import agents, dashboards, scenery
from tests.stage.agents import PASSWORD, Agent
from tests.stage.dashboards import PaperWatch

CHROMIUM = "/usr/bin/chromium"
CHECKOUT_DOCS = Path(__file__).resolve().parents[2] / "docs"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshot", action="store_true", help="write docs/overview.png")
    parser.addoption("--dashboard", metavar="URL", help="take the screenshot of this running dashboard")
    parser.addoption("--password-file", metavar="FILE", help="with --dashboard: the admin's password")


@dataclass
class Dashboard:
    """The dashboard's address and the pieces of paper behind it."""

    url: str
    layout: Layout
    agent: Agent
    watch: PaperWatch


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    layout = agents.folders(Layout(tmp_path_factory.mktemp("installation")))
    agents.three_users(layout)
    return layout


@pytest.fixture(scope="session")
def address(installed: Layout) -> Iterator[str]:
    history = scenery.HistorySocket(installed.watch_socket, scenery.day(time.time()))
    with dashboards.serve(installed) as url:
        yield url
    history.close()


@pytest.fixture
def dashboard(installed: Layout, address: str) -> Iterator[Dashboard]:
    """Everything well to begin with."""
    agent = dashboards.start_agent(installed)
    watch = PaperWatch(installed)
    yield Dashboard(address, installed, agent, watch)
    watch.stop()
    agent.close()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """A process can hold one of these only."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is missing; install it with: apt-get install chromium")
    arguments = [
        "--no-sandbox",
        "--disable-background-networking",
        "--enable-precise-memory-info",  # the oracle's page is held to a heap size
        "--js-flags=--expose-gc",
    ]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
    yield browser
    browser.close()


@dataclass
class Complaints:
    """What the browser's console said: a violated policy, a script's error, an answer it did not like."""

    heard: list[str]

    def expect(self, *fragments: str) -> None:
        """Forget those that a test brought about itself."""
        self.heard[:] = [text for text in self.heard if not any(fragment in text for fragment in fragments)]


@pytest.fixture
def complaints() -> Complaints:
    return Complaints([])


@pytest.fixture
def new_page(chromium: Browser, dashboard: Dashboard, complaints: Complaints) -> Iterator[Callable[..., Page]]:
    """Pages of browsers of their own; at the end of the test no console may have complained."""
    contexts: list[BrowserContext] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.heard.append(message.text)

    def make(**options: Any) -> Page:
        context = chromium.new_context(
            **{"viewport": {"width": 1280, "height": 860}, "base_url": dashboard.url, "locale": "en-GB", **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.heard.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert complaints.heard == []


@pytest.fixture
def signed_in(new_page: Callable[..., Page]) -> Callable[..., Page]:
    """A page on the overview, after the login form."""

    def make(name: str = "ada", **options: Any) -> Page:
        page = new_page(**options)
        page.goto("/")
        sign_in(page, name, PASSWORD)
        page.wait_for_url("**/")
        return page

    return make


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
