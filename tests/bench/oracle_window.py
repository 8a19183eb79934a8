"""Re-estimating 150,000 outputs: at most 20 ms; a block of 5,000 transactions taken in and answered: at most 50 ms,
whether one in fifty of them was not heard of before or none was.
"""

from __future__ import annotations

import random
import sys
import time

import numpy as np
from nodeclients.zmq import Frame
from oracle.estimate import estimate_price
from oracle.histogram import SPAN, SlidingHistogram
from oracle.live import recording
from oracle.live.answer import Market
from oracle.live.core import Live
from oracle.weights import load

from tests.bench import common
from tests.oracle.flood import made
from tests.oracle.unit.modelnode import Tx

OUTPUTS, TRANSACTIONS = 150_000, 5000
NOW, PRICE = 1_795_000_000.0, 64_000.0


def main() -> int:
    arguments = common.options(__doc__ or "", n=15).parse_args()
    rng = random.Random(arguments.seed)
    estimated = [_estimate_ms(rng) for _ in range(3)]
    again = common.median([one for several in estimated for one in several])
    seeds = range(arguments.seed, arguments.seed + arguments.n)
    block = common.median([_block_ms(random.Random(seed), 0.98) for seed in seeds])
    unheard = common.median([_block_ms(random.Random(seed), 0.0) for seed in seeds])
    block_figure = f"a block of {TRANSACTIONS:,}, taken in and answered"
    figures = [
        common.Figure(f"re-estimate of {OUTPUTS:,} outputs", again, 20, "ms"),
        common.Figure(block_figure, block, 50, "ms"),
        common.Figure(f"{block_figure}, all unheard", unheard, 50, "ms"),
    ]
    return common.report(figures, {}, as_json=arguments.json)


def _estimate_ms(rng: random.Random) -> list[float]:
    """Of a full window, each time after some more payments, as at a tick."""
    numpy = np.random.default_rng(rng.randrange(2**32))
    amounts = np.exp(numpy.normal(12, 2, OUTPUTS)).astype(np.int64).clip(2000)
    histogram = SlidingHistogram()
    histogram.add(amounts, NOW - numpy.uniform(0, SPAN, OUTPUTS))
    _pay_round(histogram, numpy)
    weights, taken = load(), []
    for _ in range(10):
        began = time.perf_counter()
        found = estimate_price(histogram, NOW, weights, PRICE)
        taken.append(1000 * (time.perf_counter() - began))
        assert found.price is not None, found
    return taken


def _pay_round(histogram: SlidingHistogram, numpy: np.random.Generator) -> None:
    usd = numpy.choice([10, 20, 50, 100, 200, 500], OUTPUTS // 10)
    amounts = (usd / (PRICE * np.exp(numpy.laplace(0, 0.001, len(usd)))) * 1e8).astype(np.int64)
    histogram.add(amounts, NOW - numpy.uniform(0, SPAN, len(usd)))


def _block_ms(rng: random.Random, heard: float) -> float:
    """From the first message of a block, of which a share was `heard` before, to the answer."""
    live = Live(load(), Market.SYNTHETIC)
    live.take(recording.own(recording.BEGIN, NOW))
    live.take(recording.snapshot(1, [], NOW))
    live.take(recording.readiness(True, "", NOW))
    live.prior, live._prior_at = PRICE, NOW
    coinbase = Tx(((bytes(32), 0xFFFFFFFF),), (5_000_000_000, 1))
    paid = made(TRANSACTIONS, PRICE, rng)
    count = round(heard * TRANSACTIONS)
    for number, (raw, txid) in enumerate(paid[:count]):
        live.take(Frame("rawtx", raw, number, NOW))
        live.take(Frame("sequence", txid + b"A" + (number + 1).to_bytes(8, "little"), number, NOW))
    live.take(recording.own(recording.TICK, NOW))
    raws = [coinbase.raw, *(raw for raw, _ in paid)]
    frames = [Frame("rawtx", raw, count + number, NOW) for number, raw in enumerate(raws)]
    frames.append(Frame("sequence", bytes(32) + b"C", count, NOW))
    began = time.perf_counter()
    for frame in frames:
        live.take(frame)
    told = live.take(recording.own(recording.TICK, NOW))
    taken = 1000 * (time.perf_counter() - began)
    assert told is not None
    assert told.answer.price is not None, told.answer
    return taken


if __name__ == "__main__":
    sys.exit(main())
