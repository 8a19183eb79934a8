"""Firefox with the dashboard and a page of the proxy open; tests/browser/test_both_pages.py is for Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from manage.installation.layout import Layout
from tests.long.firefox import PROGRAM, Firefox, firefox
from tests.stage import agents, both_pages, dashboards, scenery
from tests.stage.both_pages import Scene
from tests.stage.dashboards import PaperWatch


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Firefox]:
    if not PROGRAM.exists():
        pytest.fail(f"{PROGRAM} is missing; install it with: apt-get install firefox-esr")
    with firefox(tmp_path) as running:
        yield running


@pytest.fixture
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    layout = agents.folders(Layout(tmp_path_factory.mktemp("installation")))
    agents.three_users(layout)
    agent, watch = dashboards.start_agent(layout), PaperWatch(layout, scenery.healthy)
    try:
        with (
            dashboards.serve(layout) as url,
            both_pages.scene(url, agent, tmp_path_factory.mktemp("proxy")) as found,
        ):
            yield found
    finally:
        watch.stop()
        agent.close()


@pytest.mark.promise("No authority travels between the pages of one host, in Firefox", runs="long")
def test_firefox_lets_no_authority_travel(browser: Firefox, scene: Scene) -> None:
    both_pages.check_that_no_authority_travels(browser, scene)


@pytest.mark.promise("Another page of the same host cannot use the session, in Firefox", runs="long")
def test_firefox_lets_no_other_page_use_the_session(browser: Firefox, scene: Scene) -> None:
    both_pages.check_that_another_page_cannot_use_the_session(browser, scene)


def test_firefox_is_led_from_the_old_address_to_the_new_one(browser: Firefox, scene: Scene) -> None:
    both_pages.check_that_the_old_address_leads_to_the_new_one(browser, scene)
