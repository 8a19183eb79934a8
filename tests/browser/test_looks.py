"""Phone, dark, print and keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Dashboard
from tests.stage import scenery

Pages = Callable[..., Page]
PATHS = ("/", "/services/bitcoind", "/logs/kaspad", "/plan?verb=up", "/password", "/second-factor")

CONTRAST = """() => {
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return { r, g, b, a } };
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.a === 1) return colour;
    }
    return parse(getComputedStyle(document.body).backgroundColor);
  };
  const linear = (part) => part / 255 <= .04045 ? part / 255 / 12.92 : ((part / 255 + .055) / 1.055) ** 2.4;
  const light = ({ r, g, b }) => [r, g, b].map(linear)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.nodeValue.trim());
    if (!own || !node.checkVisibility() || node.closest("svg, .unseen, .skip, option")) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(ground(node))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) found.push(`${node.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""
"""Texts whose contrast is below 4.5:1, by the formula of WCAG 2.2 (relative luminance, contrast ratio)."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(signed_in: Pages, dashboard: Dashboard, scheme: str) -> None:
    page = signed_in(color_scheme=scheme)
    dashboard.watch.show(scenery.silent_zmq)
    expect(page.locator("[data-row=bitcoind]")).to_have_attribute("data-verdict", "degraded")
    for path in PATHS:
        page.goto(path)
        assert page.evaluate(CONTRAST) == [], path
    dashboard.watch.show(lambda now: scenery.silent_zmq(now - 60))
    page.goto("/")
    expect(page.locator("#stack")).to_have_attribute("data-freshness", "stale")
    assert page.evaluate(CONTRAST) == []


def test_light_and_dark_follow_the_system(signed_in: Pages) -> None:
    def paper(scheme: str) -> int:
        colour = signed_in(color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in colour[4:-1].split(","))

    assert paper("dark") < 150 < 600 < paper("light")


def test_on_a_phone_nothing_is_wider_than_the_screen_and_buttons_fit_a_thumb(
    signed_in: Pages, dashboard: Dashboard
) -> None:
    page = signed_in(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    dashboard.watch.show(scenery.silent_zmq)
    expect(page.get_by_role("link", name="Restart bitcoind…")).to_be_visible()
    for path in PATHS:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
        for button in page.locator(".button:visible").all():
            box = button.bounding_box()
            assert box and box["height"] >= 40, (path, button.inner_text())
    page.goto("/")
    expect(page.locator("[data-row=bitcoind] .why")).to_be_visible()
    expect(page.locator("[data-row=bitcoind] .strip")).to_be_visible()


def test_in_print_the_verdicts_stay_and_the_buttons_go(signed_in: Pages, dashboard: Dashboard) -> None:
    page = signed_in()
    dashboard.watch.show(scenery.silent_zmq)
    expect(page.get_by_role("link", name="Restart bitcoind…")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator("[data-row=bitcoind] .verdict")).to_be_visible()
    expect(page.get_by_role("link", name="Restart bitcoind…")).to_be_hidden()


def test_the_keyboard_leads_everywhere(signed_in: Pages) -> None:
    page = signed_in()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("l")
    page.wait_for_url("**/logs/kaspad")
    page.keyboard.press("g")
    page.keyboard.press("o")
    page.wait_for_url("**/")
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.type("timescale")
    expect(page.locator("[data-row]:visible")).to_have_count(1)
    page.keyboard.type("zzz")
    expect(page.get_by_text("No service matches.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-row]:visible")).to_have_count(9)


def test_a_log_is_searched_with_a_count_and_followed_at_its_end(signed_in: Pages) -> None:
    page = signed_in()
    page.goto("/logs/tracker?lines=200")
    log = page.get_by_role("log")
    expect(log.get_by_text("tracker line 199")).to_be_in_viewport()
    page.get_by_role("searchbox").fill("line 19")
    expect(page.locator("#matches")).to_have_text("11 lines")
    page.get_by_role("searchbox").fill("")
    log.evaluate("e => { e.scrollTop = 0 }")
    with page.expect_response("**/logs/tracker/lines?lines=200"):
        pass
    expect(log.get_by_text("tracker line 0", exact=True)).to_be_in_viewport()
