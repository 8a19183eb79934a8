"""The oracle's metrics for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from serving.prometheus import Family

from oracle.estimate import State
from oracle.live.answer import Answer
from oracle.live.core import Live
from oracle.live.node import FlowPrice
from oracle.web.generator_price import compare


def families(
    live: Live, answer: Answer, clients: int, history_fault: str, flow: FlowPrice | None = None
) -> Iterator[Family]:
    """All metrics."""

    def one(name: str, kind: str, text: str, value: float | None) -> Family:
        return Family(f"oracle_{name}", kind, text, [] if value is None else [({}, value)])

    mempool, window = live.mempool, live.window
    age = None if answer.as_of is None else max(0.0, answer.at - answer.as_of)
    yield one("price_usd", "gauge", "Price of one BTC in USD; absent without a price.", answer.price)
    yield one("price_low_usd", "gauge", "Lower end of the 90 % interval.", answer.low)
    yield one("price_high_usd", "gauge", "Upper end of the 90 % interval.", answer.high)
    yield one("price_age_seconds", "gauge", "Age of the estimate.", age)
    compared = compare(answer, flow)
    error = None if compared is None else compared.error
    yield one("flow_error_ratio", "gauge", "Error against the simulator's own price; absent without one.", error)
    yield one("confidence", "gauge", "Probability that the price is within 1 % of the true one.", answer.confidence)
    states = [({"state": state.value, "market": answer.market.value}, float(answer.state is state)) for state in State]
    yield Family("oracle_state", "gauge", "1 for the current state.", states)
    yield one("points", "gauge", "Payments whose implied price lies within 2 % of the price.", answer.n_points)
    yield one("window_amounts", "gauge", "Different amounts in the window.", window.histogram.n_amounts)
    yield one("mempool_transactions", "gauge", "Transactions in the tracked mempool.", len(mempool.tracked))
    yield one("mempool_exact", "gauge", "1 while the tracked mempool equals the node's.", mempool.exact)
    yield one("events_missed_total", "counter", "Lost ZMQ messages.", mempool.events_missed)
    yield one("resyncs_total", "counter", "Mempool snapshots taken.", mempool.resyncs)
    yield one("malformed_total", "counter", "Messages that could not be parsed.", mempool.malformed)
    verdicts = [({"verdict": verdict.name.lower()}, float(n)) for verdict, n in sorted(window.verdicts.items())]
    yield Family("oracle_transactions_total", "counter", "Transactions by verdict of the filter.", verdicts)
    yield one("clients", "gauge", "WebSocket clients.", clients)
    yield one("history_written", "gauge", "1 while history can be written.", not history_fault)
    yield one("ready", "gauge", "1 while the node is in sync and answers.", live.ready)
