"""The overview: the sentence, every service, and how old the facts are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from manage.installation.layout import Layout
from tests.manage.web.conftest import Browser, sources
from tests.stage import scenery
from tests.stage.agents import Clock


def test_the_overview_says_the_sentence_and_every_service_with_its_verdict_and_reason(
    layout: Layout, browser: Browser, clock: Clock
) -> None:
    snapshot = scenery.silent_zmq(clock.now - 2)
    scenery.put(layout, snapshot)
    text = browser("otto").get("/").text
    assert "<title>bitcoind degraded · Nodeyard</title>" in text
    assert "The Bitcoin node&#39;s ZMQ is silent. The tracker waits for it." in text
    assert "true as of 2 s ago" in text
    for service in snapshot.services:
        assert f'data-row="{service.name}" data-verdict="{service.verdict}"' in text
        assert service.reason in text
    assert 'href="/plan?verb=restart&amp;service=bitcoind">Restart bitcoind…</a>' in text
    assert "412 GB free" in text and "9.1 GB used" in text


def test_the_partial_is_the_part_of_the_page_that_changes(browser: Browser) -> None:
    client = browser("vera")
    part = client.get("/overview/rows").text
    assert part in client.get("/").text
    assert 'data-title="All well"' in part


@pytest.mark.parametrize(
    ("name", "shown", "hidden"),
    [
        ("vera", (), ("Restart bitcoind…", "Apply stack.yml…", "Stop the stack…")),
        ("otto", ("Restart bitcoind…", "Apply stack.yml…"), ("Stop the stack…",)),
        ("ada", ("Restart bitcoind…", "Apply stack.yml…", "Stop the stack…"), ()),
    ],
)
def test_each_role_is_offered_what_it_may_do(
    layout: Layout, browser: Browser, clock: Clock, name: str, shown: tuple[str, ...], hidden: tuple[str, ...]
) -> None:
    scenery.put(layout, scenery.silent_zmq(clock.now))
    text = browser(name).get("/").text
    assert "Show the evidence" in text
    assert all(label in text for label in shown)
    assert not any(label in text for label in hidden)


def test_an_old_snapshot_is_not_shown_as_the_present(layout: Layout, browser: Browser, clock: Clock) -> None:
    client = browser("ada")
    scenery.put(layout, scenery.healthy(clock.now - 42))
    text = client.get("/").text
    assert "no data for 42 s" in text
    assert "watch has not reported for 42 s." in text
    assert "was healthy" in text and ">healthy<" not in text
    assert "All 9 services are healthy" not in text and "9 healthy" not in text
    assert 'data-freshness="stale"' in text
    assert "<title>No data · Nodeyard</title>" in text
    assert "/plan?" not in text


def test_ten_seconds_are_not_old_yet(layout: Layout, browser: Browser, clock: Clock) -> None:
    scenery.put(layout, scenery.healthy(clock.now - 10))
    assert "true as of 10 s ago" in browser("ada").get("/").text


def test_before_the_first_snapshot_the_page_says_so_with_the_next_step(layout: Layout, browser: Browser) -> None:
    client = browser("ada")
    layout.snapshot_file.unlink()
    answer = client.get("/")
    assert answer.status_code == 200
    assert "No data yet." in answer.text
    assert f"manage --dir {layout.dir} up" in answer.text
    assert answer.text.count('class="skeleton"') == 2


def test_a_broken_snapshot_is_no_crash(layout: Layout, browser: Browser) -> None:
    client = browser("ada")
    layout.snapshot_file.write_text("{")
    assert "No data yet." in client.get("/").text


def test_a_stack_that_is_down_says_so_and_offers_to_start_it(layout: Layout, browser: Browser, clock: Clock) -> None:
    scenery.put(layout, scenery.stack_down(clock.now))
    text = browser("otto").get("/").text
    assert "The stack is down." in text and f"Start it with: manage --dir {layout.dir} up" in text
    assert 'href="/plan?verb=up">Start the stack…</a>' in text
    assert "<title>Stack down · Nodeyard</title>" in text


def test_the_first_step_is_offered_on_the_sandbox_alone(layout: Layout, browser: Browser, clock: Clock) -> None:
    client = browser("vera")
    assert f"manage --dir {layout.dir} sandbox pay ADDRESS 5" in client.get("/").text
    scenery.put(layout, scenery.healthy(clock.now, network="mainnet"))
    assert "sandbox pay" not in client.get("/").text


def test_a_strip_shows_the_day_and_says_it_in_words(app: Flask, layout: Layout, browser: Browser, clock: Clock) -> None:
    history = scenery.HistorySocket(layout.watch_socket, scenery.day(clock.now - 2))
    try:
        sources(app)._history_at = float("-inf")
        sources(app).refresh()
    finally:
        history.close()
    text = browser("vera").get("/").text
    assert 'aria-label="last 24 hours: healthy all day"' in text
    assert 'aria-label="last 24 hours: healthy 23 h 26 min, down 33 min 20 s"' in text


def test_without_history_the_strip_says_that_nothing_was_watched(browser: Browser) -> None:
    assert 'aria-label="last 24 hours: no data yet"' in browser("vera").get("/").text


def test_what_a_service_says_is_text_and_never_markup(layout: Layout, browser: Browser, clock: Clock) -> None:
    bad = "<script>alert(1)</script>\"'"
    snapshot = scenery.turned(scenery.healthy(clock.now), "kaspad", "down", bad)
    first = replace(snapshot.services[0], log=((clock.now, bad),))
    scenery.put(layout, replace(snapshot, services=(first, *snapshot.services[1:]), sentence=bad))
    client = browser("ada")
    for path in ("/", "/services/kaspad", "/logs/kaspad"):
        assert "<script>alert" not in client.get(path).text
