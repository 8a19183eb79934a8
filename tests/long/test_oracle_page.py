"""The oracle's page in Firefox: what the Chromium tests look at, in the other engine."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.long.firefox import PROGRAM, Firefox, firefox
from tests.nodes.programs import simulated_bitcoind
from tests.oracle.process import Oracle, environment
from tests.stage.ports import free_port
from tests.stage.waiting import until

COLOURS = """(() => {
    const chart = document.querySelector("#chart");
    const pixels = chart.getContext("2d").getImageData(0, 0, chart.width, chart.height).data;
    return new Set(new Uint32Array(pixels.buffer)).size;
})()"""
FRAMES = "Number(document.querySelector('#chart').dataset.frames ?? 0)"
PICTURE = "new Promise(requestAnimationFrame).then(() => document.querySelector('#chart').toDataURL())"


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    folder = tmp_path_factory.mktemp("oracle")
    with simulated_bitcoind(tmp_path_factory.mktemp("bitcoind"), block_s=30, tx_per_s=20) as node:
        env = environment(node, NETWORK="sandbox", HISTORY_FILE=str(folder / "history.db"))
        with Oracle(folder, free_port(), env) as running:
            running.wait_state("ok", "wide")
            yield running


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    if not PROGRAM.exists():
        pytest.fail(f"{PROGRAM} is missing; install it with: apt-get install firefox-esr")
    with firefox(tmp_path_factory.mktemp("firefox")) as running:
        yield running


@pytest.fixture
def page(browser: Firefox, oracle: Oracle) -> Iterator[Firefox]:
    """The page, freshly opened; at the end of the test its console may not have complained."""
    browser.faults.clear()
    browser.open(f"{oracle.url}/")
    until(lambda: "USD" in browser.text("#price"))
    yield browser
    assert browser.faults == []


@pytest.mark.promise("Firefox shows price, interval, state and market in words", runs="long")
def test_firefox_shows_price_interval_state_and_market_in_words(page: Firefox, oracle: Oracle) -> None:
    shown = float(page.text("#price").removesuffix(" USD").replace(",", ""))
    assert shown == pytest.approx(oracle.price()["price"], rel=0.01)
    assert "90 % between" in page.text("#interval")
    assert page.text("#state").split(":")[0] in ("ok", "wide")
    assert "%" in page.text("#confidence")
    assert "not the price of bitcoin" in page.text("#synthetic")
    until(lambda: "true as of" in page.text("#live"))


@pytest.mark.promise("Firefox draws dots and line, and they move", runs="long")
def test_firefox_draws_dots_and_line_and_they_move(page: Firefox) -> None:
    page.press("4")
    until(lambda: page.run(COLOURS) > 10)
    before = page.run(FRAMES)
    until(lambda: page.run(FRAMES) > before + 3)


@pytest.mark.promise("Firefox obeys the keyboard, without console errors", runs="long")
def test_firefox_obeys_the_keyboard(page: Firefox) -> None:
    for key, minutes in (("1", "5"), ("2", "15"), ("3", "60"), ("4", "180")):
        page.press(key)
        assert page.run(f"document.querySelector(\"[data-minutes='{minutes}']\").ariaPressed") == "true"
    page.press("v")
    until(lambda: "by size" in page.text("#caption"))
    page.press("v")
    page.press("?")
    assert page.run("document.querySelector('#keys').hidden") is False
    page.press("?")
    assert page.run("document.querySelector('#keys').hidden") is True
    theme = "document.documentElement.dataset.theme"
    before = page.run(theme)
    page.press("t")
    assert page.run(theme) != before


def test_firefox_pauses_the_picture_and_not_the_price(page: Firefox) -> None:
    page.press(" ")
    until(lambda: page.text("#pause") == "Resume")
    until(lambda: page.run(PICTURE) == page.run(PICTURE))  # what was on its way when the key was pressed is drawn
    before, heard = page.run(PICTURE), page.text("#received")
    until(lambda: page.text("#received") != heard)
    assert page.run(PICTURE) == before
    page.press(" ")
    until(lambda: page.run(PICTURE) != before)


def test_firefox_says_time_and_price_under_the_mouse(page: Firefox) -> None:
    page.point("#chart", right=100)
    until(lambda: page.run("document.querySelector('#tip').hidden") is False)
    assert re.search(r"\d\d:\d\d:\d\d", page.text("#tip"))
    assert "USD" in page.text("#tip")
