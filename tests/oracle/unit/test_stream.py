"""Messages for many listeners: written once, folded for the late, bounded for all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from oracle.estimate import Estimate, State
from oracle.live import answer
from oracle.live.answer import Answer, Market
from oracle.live.core import Update
from oracle.web import messages
from oracle.web.history_query import history_range, whole
from oracle.web.stream import KEPT, POINTS, Stream
from serving.refusals import Refused

NOW = 1_795_000_000.0


def given(at: float, price: float | None = 50_000.0) -> Answer:
    low, high = (None, None) if price is None else (price - 100, price + 100)
    return answer.of_estimate(Estimate(price, low, high, 0.9, State.OK, "one price stands out", 7), Market.REAL, at)


def told(at: float, *points: tuple[float, float]) -> Update:
    return Update(given(at), list(points))


def read(stream: Stream, seen: int | None) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(stream.message(seen))
    return message


def test_everybody_in_step_gets_the_very_same_text() -> None:
    stream = Stream()
    stream.publish(told(NOW), {})
    stream.publish(told(NOW + 1, (NOW + 1, 50_001.234)), {"mempool": 3})
    assert stream.message(1) is stream.message(1)
    message = read(stream, 1)
    assert (message["type"], message["since"], message["sequence"]) == ("delta", 1, 2)
    assert message["transactions"] == [{"timestamp": NOW + 1, "price": 50_001.23}]
    assert message["stats"] == {"mempool": 3}


def test_the_late_get_the_points_of_all_that_they_missed() -> None:
    stream = Stream()
    for number in range(6):
        stream.publish(told(NOW + number, (NOW + number, 50_000.0 + number)), {})
    assert [point["price"] for point in read(stream, 2)["transactions"]] == [50_002, 50_003, 50_004, 50_005]


def test_the_too_late_and_the_new_get_everything() -> None:
    stream = Stream()
    for number in range(KEPT + 10):
        stream.publish(told(NOW + number * 10, (NOW, 50_000.0)), {})
    for seen in (None, 3, KEPT + 11):
        assert read(stream, seen)["type"] == "snapshot"
    assert read(stream, 10)["type"] == "delta"
    assert len(read(stream, None)["line"]) == KEPT + 10


def test_a_message_has_bounds_whatever_is_paid() -> None:
    stream = Stream()
    for number in range(5):
        stream.publish(Update(given(NOW + number), [(NOW, 50_000.0 + n) for n in range(POINTS)]), {})
    for seen in (None, 0, 4):
        text = stream.message(seen)
        assert len(json.loads(text)["transactions"]) == messages.MOST_POINTS
        assert len(text) < 400_000


def test_the_line_holds_fresh_answers_with_a_number_only() -> None:
    stream = Stream()
    stream.publish(Update(given(NOW, None), []), {})
    stream.publish(Update(answer.without_price(State.NOT_READY, "x", Market.REAL, NOW + 10), []), {})
    stream.publish(told(NOW + 20), {})
    stream.publish(told(NOW + 21), {})
    assert read(stream, None)["line"] == [[NOW + 20, 50_000, 49_900, 50_100]]


def test_thinning_keeps_ends_and_order() -> None:
    points = [(float(n), 1.0) for n in range(1000)]
    thin = list(messages.thinned(points, 10))
    assert [at for at, _ in thin] == [0, 100, 200, 300, 400, 500, 600, 700, 800, 900]
    assert list(messages.thinned(points, 1000)) == points


def test_history_is_asked_for_a_day_in_about_three_hundred_steps() -> None:
    asked = history_range(None, None, None, NOW)
    assert (asked.first, asked.last, asked.step) == (NOW - 86400, NOW, 288)
    asked = history_range("2026-01-31T12:00:00Z", "1769864400", "60", NOW)
    assert (asked.first, asked.last, asked.step) == (1769860800.0, 1769864400.0, 60.0)


@pytest.mark.parametrize("text", ["-1", "1.5", "²", "9" * 30, "x"])
def test_a_whole_number_is_one(text: str) -> None:
    with pytest.raises(Refused):
        whole("after", text)
