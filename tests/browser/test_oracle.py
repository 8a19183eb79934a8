"""The oracle's page in Chromium, in front of an oracle on the simulated bitcoind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.nodes.programs import Running, simulated_bitcoind
from tests.oracle.process import Oracle, environment
from tests.reliability.swallowing import in_front_of
from tests.stage.ports import free_port
from tests.stage.waiting import until

POINTS = 10_000
FRAME_MS = 1000 / 30
HEAP_BYTES = 50e6


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with simulated_bitcoind(tmp_path_factory.mktemp("bitcoind"), block_s=30, tx_per_s=20) as running:
        yield running


@pytest.fixture(scope="module")
def oracle(node: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    folder = tmp_path_factory.mktemp("oracle")
    env = environment(node, NETWORK="sandbox", HISTORY_FILE=str(folder / "history.db"))
    with Oracle(folder, free_port(), env) as running:
        running.wait_state("ok", "wide")
        yield running


@pytest.fixture
def faults() -> list[str]:
    """What the page complained of."""
    return []


@pytest.fixture
def page(chromium: Browser, oracle: Oracle, faults: list[str]) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    opened.on("request", lambda request: faults.append(request.url) if not request.url.startswith(oracle.url) else None)
    opened.goto(oracle.url + "/")
    expect(opened.locator("#price")).to_contain_text("USD")
    yield opened
    context.close()


@pytest.mark.promise(
    "The page shows the price, its interval, confidence and state in words, and says when the market is synthetic",
    runs="ci",
)
def test_the_price_its_interval_state_and_market_are_there_in_words(
    page: Page, oracle: Oracle, faults: list[str]
) -> None:
    shown = float(page.locator("#price").inner_text().removesuffix(" USD").replace(",", ""))
    assert shown == pytest.approx(oracle.price()["price"], rel=0.01)
    expect(page.locator("#interval")).to_contain_text("90 % between")
    expect(page.locator("#state")).to_have_text(re.compile("ok|wide"))
    expect(page.locator("#confidence")).to_contain_text("%")
    expect(page.locator("#synthetic")).to_contain_text("not the price of bitcoin")
    expect(page.locator("#live")).to_contain_text("true as of")
    expect(page).to_have_title(re.compile(r"USD \(synthetic\) · oracle"))
    assert not faults


@pytest.mark.promise("The page shows the sandbox's error in words", runs="ci")
def test_the_error_is_there_in_words(page: Page, oracle: Oracle, faults: list[str]) -> None:
    compared = re.compile(r"The generator uses [\d,]+ USD: the estimate is off by 0\.\d\d %\.")
    expect(page.locator("#synthetic")).to_contain_text(compared)
    shown = re.search(r"generator uses ([\d,]+) USD", page.locator("#flow").inner_text())
    assert shown is not None
    assert float(shown[1].replace(",", "")) == pytest.approx(oracle.price()["flow"]["price"], rel=0.0001)
    assert not faults


@pytest.mark.promise("The page draws dots, line and band on a canvas, and they move", runs="ci")
def test_dots_and_line_are_drawn_and_move(page: Page) -> None:
    page.locator("[data-minutes='180']").click()
    colours = (
        "canvas => new Set(new Uint32Array("
        "canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)).size"
    )
    until(lambda: page.locator("#chart").evaluate(colours) > 10)
    before = int(page.locator("#chart").get_attribute("data-frames") or 0)
    until(lambda: int(page.locator("#chart").get_attribute("data-frames") or 0) > before + 3)


@pytest.mark.promise("The crosshair shows time and price", runs="ci")
def test_the_crosshair_says_time_and_price(page: Page) -> None:
    box = page.locator("#chart").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 100, box["y"] + box["height"] / 2)
    expect(page.locator("#tip")).to_be_visible()
    expect(page.locator("#tip")).to_contain_text(re.compile(r"\d\d:\d\d:\d\d"))
    expect(page.locator("#tip")).to_contain_text("USD")
    page.mouse.move(5, 5)
    expect(page.locator("#tip")).to_be_hidden()


@pytest.mark.promise("Pause stops the picture and not the price", runs="ci")
def test_pause_stops_the_picture_and_not_the_price(page: Page) -> None:
    page.keyboard.press("Space")
    expect(page.locator("#pause")).to_have_text("Resume")
    picture = "canvas => new Promise(requestAnimationFrame).then(() => canvas.toDataURL())"
    chart = page.locator("#chart")
    until(lambda: chart.evaluate(picture) == chart.evaluate(picture))  # what was on its way at the key is drawn
    before, heard = chart.evaluate(picture), page.locator("#received").inner_text()
    until(lambda: page.locator("#received").inner_text() != heard)
    assert chart.evaluate(picture) == before
    page.keyboard.press("Space")
    expect(page.locator("#pause")).to_have_text("Pause")
    until(lambda: chart.evaluate(picture) != before)


@pytest.mark.promise("Everything on the page, the time window included, works by keyboard", runs="ci")
def test_everything_works_by_keyboard(page: Page, faults: list[str]) -> None:
    for key, minutes in (("1", "5"), ("2", "15"), ("3", "60"), ("4", "180")):
        page.keyboard.press(key)
        expect(page.locator(f"[data-minutes='{minutes}']")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("v")
    expect(page.locator("#caption")).to_contain_text("by size")
    page.keyboard.press("v")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_hidden()
    page.locator("#chart").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#tip")).to_be_visible()
    assert not faults


@pytest.mark.promise("The histogram view shows where round dollars lie", runs="ci")
def test_the_amounts_show_where_round_dollars_lie(page: Page, faults: list[str]) -> None:
    with page.expect_response("**/api/v1/histogram") as answered:
        page.locator("[data-view='amounts']").click()
    assert answered.value.json()["usd"]
    box = page.locator("#chart").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#tip")).to_contain_text("amounts")
    assert not faults


@pytest.mark.promise("The page has a dark and a light theme from the same tokens", runs="ci")
def test_light_and_dark_from_the_same_tokens(page: Page) -> None:
    paper = "() => getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.locator("#theme").click()
    assert page.evaluate(paper) != light
    page.locator("#theme").click()
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


@pytest.mark.promise("A phone shows the same page in one column", runs="ci")
def test_a_phone_sees_the_same_in_one_column(chromium: Browser, oracle: Oracle) -> None:
    context = chromium.new_context(viewport={"width": 360, "height": 740}, device_scale_factor=2, has_touch=True)
    page = context.new_page()
    page.goto(oracle.url + "/")
    expect(page.locator("#price")).to_contain_text("USD")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for button in page.locator(".tools button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 40
    context.close()


@pytest.mark.promise("A page that lost the oracle says so and comes back", runs="ci")
def test_a_page_that_lost_the_oracle_says_so_and_comes_back(chromium: Browser, node: Running, tmp_path: Path) -> None:
    with Oracle(tmp_path, free_port(), environment(node, NETWORK="sandbox")) as oracle:
        page = chromium.new_page()
        page.goto(oracle.url + "/")
        expect(page.locator("#price")).to_contain_text("USD")
        oracle.stop()
        expect(page.locator("#live")).to_contain_text("no data for", timeout=10_000)
        expect(page.locator("body")).to_have_class(re.compile("old"))
        oracle.start()
        expect(page.locator("#live")).to_contain_text("true as of", timeout=15_000)
        expect(page.locator("#price")).to_contain_text("USD")
        page.close()


@pytest.mark.promise("A page whose connection swallows everything says so and connects again by itself", runs="ci")
def test_a_page_leaves_a_dead_connection(chromium: Browser, oracle: Oracle) -> None:
    with in_front_of(oracle.port) as proxy:
        page = chromium.new_page()
        page.goto(f"http://127.0.0.1:{proxy.port}/")
        expect(page.locator("#live")).to_contain_text("true as of")
        before = proxy.accepted
        proxy.swallow()
        expect(page.locator("#live")).to_contain_text("no data for", timeout=5_000)
        expect(page.locator("#live")).to_contain_text("true as of", timeout=10_000)
        assert proxy.accepted > before
        proxy.cut()
        expect(page.locator("#live")).to_contain_text("no data for 6", timeout=15_000)
        proxy.heal()
        expect(page.locator("#live")).to_contain_text("true as of", timeout=20_000)
        page.close()


@pytest.mark.promise("The page draws 10,000 points at 30 fps with a heap under 50 MB", runs="ci")
def test_ten_thousand_points_are_drawn_thirty_times_a_second_within_fifty_megabytes(page: Page) -> None:
    measured = page.evaluate(
        """async (count) => {
            const [{ Ring }, { Surface }, { Scatter }] = await Promise.all(
                ["series", "surface", "scatter"].map((name) => import(new URL(`page/${name}.js`, document.baseURI))));
            const now = Date.now() / 1000;
            const points = new Ring(count, 2);
            const line = new Ring(6000, 4);
            for (let n = 0; n < count; n++) points.push(now - 10800 + (n / count) * 10800, 64000 + 3000 * Math.sin(n));
            for (let n = 0; n < 6000; n++) line.push(now - 10800 + n * 1.8, 64000, 63900, 64100);
            const scatter = new Scatter(new Surface(document.getElementById("chart")), points, line);
            const taken = [];
            for (let n = 0; n < 90; n++) {
                await new Promise(requestAnimationFrame);
                const began = performance.now();
                scatter.draw(now, 10800, { x: 300 + n, y: 200 });
                taken.push(performance.now() - began);
            }
            gc();
            taken.sort((a, b) => a - b);
            return { taken, points: points.length, heap: performance.memory.usedJSHeapSize };
        }""",
        POINTS,
    )
    assert measured["points"] == POINTS
    assert measured["taken"][len(measured["taken"]) // 2] < FRAME_MS
    assert measured["heap"] < HEAP_BYTES
