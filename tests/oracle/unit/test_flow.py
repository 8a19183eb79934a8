"""The error that a synthetic market lets the oracle show."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from oracle.estimate import State
from oracle.live import answer
from oracle.live.answer import Answer, Market
from oracle.live.core import Live, Update
from oracle.live.node import FlowPrice
from oracle.web import messages, metrics
from oracle.web.generator_price import FRESH_S, compare
from oracle.web.stream import Stream
from oracle.weights import Weights
from serving.prometheus import exposition

NOW = 1_795_000_000.0
FLOW = FlowPrice(50_000.0, NOW - 2)
GIVEN = Answer(NOW, 50_050.0, 49_900.0, 50_200.0, 0.9, State.OK, "why", 3, Market.SYNTHETIC, NOW - 1)


def test_the_error_is_a_fraction_of_the_flows_price_with_its_sign() -> None:
    assert messages.price_beside(GIVEN, FLOW)["flow"] == {"price": 50_000.0, "error": 0.001}
    assert messages.price_beside(replace(GIVEN, price=49_000.0), FLOW)["flow"]["error"] == -0.02


def test_the_answer_itself_stays_as_it_is() -> None:
    beside = messages.price_beside(GIVEN, FLOW)
    del beside["flow"]
    assert beside == messages.price(GIVEN)


@pytest.mark.parametrize(
    ("given", "flow"),
    [
        (GIVEN, None),
        (answer.without_price(State.NO_SIGNAL, "why", Market.SYNTHETIC, NOW), FLOW),
        (GIVEN, FlowPrice(50_000.0, NOW - FRESH_S - 1)),
        (GIVEN, FlowPrice(50_000.0, NOW + FRESH_S)),
        (GIVEN, FlowPrice(50_000.0, float("nan"))),
        (replace(GIVEN, state=State.STALE, as_of=NOW - 60), FLOW),
        (replace(GIVEN, state=State.STALE, as_of=NOW - 60), FlowPrice(50_000.0, NOW - 60)),
    ],
)
def test_nothing_is_said_without_two_prices_of_now(given: Answer, flow: FlowPrice | None) -> None:
    assert compare(given, flow) is None
    assert messages.price_beside(given, flow) == messages.price(given)


def test_listeners_are_told_as_long_as_it_is_known() -> None:
    stream = Stream()
    stream.publish(Update(GIVEN, []), {}, FLOW)
    assert json.loads(stream.message(None))["flow"] == {"price": 50_000.0, "error": 0.001}
    stream.publish(Update(GIVEN, []), {})
    assert "flow" not in json.loads(stream.message(1))


def test_the_error_is_a_metric_as_long_as_it_is_known(weights: Weights) -> None:
    live = Live(weights, Market.SYNTHETIC)
    assert "oracle_flow_error_ratio 0.001\n" in exposition(metrics.families(live, GIVEN, 0, "", FLOW))
    assert "\noracle_flow_error_ratio " not in exposition(metrics.families(live, GIVEN, 0, ""))
