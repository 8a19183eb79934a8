"""The overview page, as a person sees it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from manage.health.model import VERDICTS, Snapshot
from tests.browser.conftest import CHECKOUT_DOCS, Complaints, Dashboard, sign_in
from tests.stage import scenery
from tests.stage.agents import PASSWORD

Pages = Callable[..., Page]
AS_IN_THE_DEFAULT_FOLDER = (
    "option => document.querySelectorAll('code').forEach(e => { e.textContent = e.textContent.replace(option, '') })"
)
"""Readers of the README have their installation in the default folder; the stage has it in a temporary one."""


def seven_verdicts(now: float) -> Snapshot:
    snapshot = scenery.healthy(now)
    for service, verdict in zip(snapshot.services, VERDICTS, strict=False):
        snapshot = scenery.turned(snapshot, service.name, verdict, f"a reason to be {verdict}")
    return snapshot


def old(now: float) -> Snapshot:
    return scenery.healthy(now - 60)


def test_it_updates_by_itself_and_leaves_the_reader_in_peace(signed_in: Pages, dashboard: Dashboard) -> None:
    page = signed_in()
    expect(page).to_have_title("All well · Nodeyard")
    search = page.get_by_role("searchbox")
    search.fill("bit")
    dashboard.watch.show(scenery.silent_zmq)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "The Bitcoin node's ZMQ is silent. The tracker waits for it."
    )
    expect(page).to_have_title("bitcoind degraded · Nodeyard")
    row = page.locator("[data-row=bitcoind]")
    expect(row).to_have_attribute("data-verdict", "degraded")
    expect(row).to_contain_text("ZMQ silent for 4 min 10 s while the RPC tip is 12 s old")
    expect(search).to_be_focused()
    expect(search).to_have_value("bit")
    expect(page.locator("[data-row=kaspad]")).to_be_hidden()
    dashboard.watch.show(scenery.healthy)
    expect(page).to_have_title("All well · Nodeyard")
    expect(row).to_have_attribute("data-verdict", "healthy")


def test_nothing_moves_while_it_updates(signed_in: Pages, dashboard: Dashboard) -> None:
    page = signed_in()
    places = (
        "[...document.querySelectorAll('.register td, .register th')].map(e => Math.round(e.getBoundingClientRect().x))"
    )
    before = page.evaluate(places)
    dashboard.watch.show(
        lambda now: scenery.turned(scenery.healthy(now), "kaspad", "degraded", "tip 61 s old, 0 peers")
    )
    expect(page.locator("[data-row=kaspad]")).to_have_attribute("data-verdict", "degraded")
    assert page.evaluate(places) == before


def test_verdicts_are_told_apart_by_shape_and_word_and_not_by_colour_alone(
    signed_in: Pages, dashboard: Dashboard
) -> None:
    page = signed_in()
    dashboard.watch.show(seven_verdicts)
    shapes = set()
    for service, verdict in zip(scenery.healthy(0.0).services, VERDICTS, strict=False):
        mark = page.locator(f"[data-row={service.name}] .verdict")
        expect(mark).to_have_text(verdict)
        shapes.add(mark.locator("svg").inner_html())
    assert len(shapes) == len(VERDICTS)


def test_a_silent_watch_greys_the_page_until_it_speaks_again(signed_in: Pages, dashboard: Dashboard) -> None:
    page = signed_in()
    dashboard.watch.show(old)
    expect(page.locator("#freshness")).to_contain_text("no data for 1 min")
    expect(page.get_by_role("heading", level=1)).to_contain_text("watch has not reported for 1 min")
    expect(page.locator("[data-row=kaspad] .verdict")).to_have_text("was healthy")
    expect(page.locator("#stack")).to_have_attribute("data-freshness", "stale")
    assert page.locator(".register").evaluate("e => getComputedStyle(e).filter") == "grayscale(1)"
    expect(page).to_have_title("No data · Nodeyard")
    dashboard.watch.show(scenery.healthy)
    expect(page.locator("#freshness")).to_contain_text("true as of")
    expect(page.locator("[data-row=kaspad] .verdict")).to_have_text("healthy")


def test_a_dashboard_that_does_not_answer_is_noticed_by_the_page_itself(
    new_page: Pages, complaints: Complaints
) -> None:
    page = new_page()
    page.clock.install()
    page.goto("/")
    sign_in(page, "ada", "twelve tall trees")
    page.wait_for_url("**/")
    page.route("**/overview/rows", lambda route: route.abort())
    page.clock.run_for(15_000)
    expect(page.locator("#freshness")).to_contain_text("no data for 1")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "The dashboard does not answer, so this page is out of date."
    )
    expect(page.locator("[data-row=kaspad] .verdict")).to_have_text("was healthy")
    expect(page).to_have_title("No data · Nodeyard")
    page.unroute("**/overview/rows")
    page.clock.run_for(3000)
    expect(page.get_by_role("heading", level=1)).to_have_text("All 9 services are healthy.")
    complaints.expect("ERR_FAILED")


def test_without_the_agent_the_page_is_readable_and_says_that_nothing_can_be_done(
    signed_in: Pages, dashboard: Dashboard
) -> None:
    page = signed_in()
    dashboard.watch.show(scenery.silent_zmq)
    expect(page.get_by_role("link", name="Restart bitcoind…")).to_be_visible()
    dashboard.agent.server.close()
    expect(page.locator(".note")).to_contain_text("this page cannot start, stop or restart anything")
    expect(page.get_by_role("link", name="Restart bitcoind…")).to_have_count(0)
    expect(page.locator("[data-row=bitcoind]")).to_contain_text("ZMQ silent")
    page.get_by_role("link", name="Show the evidence").click()
    expect(page.get_by_role("heading", name="Evidence")).to_be_visible()


def test_a_stack_that_is_down_says_so_with_a_button_to_start_it(signed_in: Pages, dashboard: Dashboard) -> None:
    page = signed_in("otto")
    dashboard.watch.show(scenery.stack_down)
    expect(page.get_by_role("heading", level=1)).to_have_text("The stack is down.")
    page.get_by_role("link", name="Start the stack…").click()
    expect(page.get_by_role("heading", name="Apply stack.yml?")).to_be_visible()


def test_before_the_first_snapshot_two_rows_wait(signed_in: Pages, dashboard: Dashboard) -> None:
    page = signed_in()
    dashboard.watch.stop()
    dashboard.layout.snapshot_file.unlink()
    expect(page.get_by_role("heading", level=1)).to_have_text("No data yet.")
    expect(page.locator(".skeleton")).to_have_count(2)
    scenery.put(dashboard.layout, scenery.healthy(time.time()))
    expect(page.get_by_role("heading", level=1)).to_have_text("All 9 services are healthy.")


def test_a_restart_is_a_plan_then_a_button_then_progress(signed_in: Pages, dashboard: Dashboard) -> None:
    page = signed_in("otto")
    dashboard.watch.show(scenery.silent_zmq)
    page.get_by_role("link", name="Restart bitcoind…").click()
    expect(page.get_by_role("row", name=re.compile("restart bitcoind"))).to_contain_text("about 20 s")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Restart bitcoind, about 20 s").click()
    expect(page.get_by_role("heading", name="bitcoind was restarted.")).to_be_visible()
    assert [(verb, by) for verb, _, by in dashboard.agent.stack.calls] == [("restart", "otto")]


def test_a_running_change_is_followed_to_its_end(signed_in: Pages, dashboard: Dashboard) -> None:
    dashboard.agent.stack.hold.clear()
    page = signed_in("otto")
    page.goto("/plan?verb=up")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name=re.compile("Apply")).click()
    expect(page.get_by_role("heading", name="Applying stack.yml…")).to_be_visible()
    dashboard.agent.stack.hold.set()
    expect(page.get_by_role("heading", name="stack.yml was applied.")).to_be_visible()
    expect(page).to_have_title(re.compile("stack.yml was applied"))


def test_a_plan_that_changed_meanwhile_is_shown_again_and_asked_again(signed_in: Pages, dashboard: Dashboard) -> None:
    page = signed_in("otto")
    page.goto("/plan?verb=up")
    dashboard.agent.stack.downtime_s = 33
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Apply 2 changes, about 40 s").click()
    expect(page.get_by_role("alert")).to_contain_text(
        "The plan changed after it was shown to you, so nothing was done."
    )
    assert dashboard.agent.stack.calls == []
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Apply 2 changes, about 1 min 6 s").click()
    expect(page.get_by_role("heading", name="stack.yml was applied.")).to_be_visible()


def test_screen_readers_find_table_headings_and_a_way_past_the_bar(signed_in: Pages) -> None:
    page = signed_in()
    expect(page.get_by_role("table")).to_have_accessible_name("9 services, 9 healthy, with their last 24 hours")
    for name in ("Service", "Verdict", "Reason", "Last 24 hours"):
        expect(page.get_by_role("columnheader", name=name)).to_have_count(1)
    expect(page.get_by_role("row", name=re.compile("kaspad healthy"))).to_have_count(1)
    expect(page.get_by_role("img", name=re.compile("last 24 hours"))).to_have_count(9)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()


def test_times_are_local_and_in_full_on_hover(signed_in: Pages) -> None:
    page = signed_in(timezone_id="Europe/Berlin")
    title = page.locator("[data-row=kaspad] time").get_attribute("title") or ""
    assert re.search(r"\d{4}.*\d\d:\d\d:\d\d (CET|CEST|GMT\+[12])", title), title


def test_without_scripts_the_page_is_all_there(signed_in: Pages) -> None:
    page = signed_in(java_script_enabled=False)
    expect(page.get_by_role("heading", level=1)).to_have_text("All 9 services are healthy.")
    expect(page.locator("[data-row]")).to_have_count(9)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_screenshot_of_the_overview(
    signed_in: Pages, dashboard: Dashboard, pytestconfig: pytest.Config, new_page: Pages, scheme: str
) -> None:
    """With --screenshot the light one becomes docs/overview.png: of the stage, or of a running --dashboard."""
    if url := pytestconfig.getoption("--dashboard"):
        page = new_page(base_url=url, color_scheme=scheme)
        page.goto("/")
        sign_in(page, "admin", Path(pytestconfig.getoption("--password-file")).read_text().strip())
        page.wait_for_url("**/")
    else:
        dashboard.watch.show(lambda now: replace(scenery.healthy(now), name="home"))
        page = signed_in(color_scheme=scheme)
    expect(page.locator("#freshness")).to_contain_text("true as of")
    expect(page.locator(".note")).to_have_count(0)  # the dashboard found the agent
    page.evaluate(AS_IN_THE_DEFAULT_FOLDER, f" --dir {dashboard.layout.dir}")
    picture = page.screenshot()
    assert picture.startswith(b"\x89PNG")
    if pytestconfig.getoption("--screenshot") and scheme == "light":
        (CHECKOUT_DOCS / "overview.png").write_bytes(picture)
