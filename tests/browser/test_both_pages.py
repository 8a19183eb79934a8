"""Chromium with the dashboard and a page of the proxy open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error, Page

from tests.browser.conftest import Complaints, Dashboard
from tests.stage import both_pages
from tests.stage.both_pages import Scene


class Chromium:
    def __init__(self, page: Page) -> None:
        self._page = page

    def open(self, url: str) -> None:
        self._page.goto(url)

    def run(self, expression: str) -> Any:
        try:
            return self._page.evaluate(expression)
        except Error as error:
            if "context was destroyed" in str(error):
                return None  # it goes to another page
            raise


@pytest.fixture
def scene(dashboard: Dashboard, tmp_path: Path) -> Iterator[Scene]:
    with both_pages.scene(dashboard.url, dashboard.agent, tmp_path) as found:
        yield found


@pytest.fixture
def browser(new_page: Callable[..., Page], complaints: Complaints) -> Iterator[Chromium]:
    yield Chromium(new_page())
    complaints.expect("Failed to load resource", "blocked by CORS", "favicon", "status of 4")


@pytest.mark.promise("No authority travels between the pages of one host, in Chromium", runs="ci")
def test_no_authority_travels(browser: Chromium, scene: Scene) -> None:
    both_pages.check_that_no_authority_travels(browser, scene)


@pytest.mark.promise("Another page of the same host cannot use the session, in Chromium", runs="ci")
def test_another_page_cannot_use_the_session(browser: Chromium, scene: Scene) -> None:
    both_pages.check_that_another_page_cannot_use_the_session(browser, scene)


def test_the_old_address_leads_to_the_new_one(browser: Chromium, scene: Scene) -> None:
    both_pages.check_that_the_old_address_leads_to_the_new_one(browser, scene)
