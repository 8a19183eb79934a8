"""How few outputs are enough: the share of errors above 2 %, of unsure answers, and of wrong ones given as sure.

    python -m tests.bench.oracle_samples [--blocks DIR]    (DIR holds HEIGHT.raw, also .gz; default: the tests' blocks)

Sub-samples of the simulator's flow, whose price is known, and of blocks that tell their price as a whole, without a
prior and with one 3 % off. No answer that says `ok` may be wrong by more than 2 %. Then, for each, how many fake
outputs of $100 move the price, as `python -m oracle attack` counts them.
"""

from __future__ import annotations

import argparse
import gzip
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from oracle.attack import MOVES, smallest_attack
from oracle.estimate import State, estimate_price
from oracle.files import Payments
from oracle.histogram import SlidingHistogram
from oracle.parse import Amounts, filter_block
from oracle.weights import Weights, load
from sandbox.bitcoind import flow

from tests.bench import common

SIZES = (2000, 1000, 500, 200, 100)
WRONG = 0.02
FLOW = 6000
"""Outputs of the simulator that samples are drawn from, as many as a block's."""


@dataclass(frozen=True)
class Source:
    """Payments whose price (USD per BTC) is known."""

    name: str
    payments: Payments
    price: float


def simulated(seed: int) -> Source:
    """One moment of the simulator: its payments, and beside each its change, which is log-normal as its coins are."""
    rng = random.Random(seed)
    pairs = islice(zip(flow.payments(rng, lambda: 0.0), flow.log_normal(rng), strict=False), FLOW // 2)
    amounts = np.array([sats for pair in pairs for sats in pair], dtype=np.int64)
    return Source("simulator", Payments(amounts, 0.0, Counter()), flow.price_at(0.0))


def blocks(folder: Path, weights: Weights) -> Iterator[Source]:
    """Those of a folder that tell their own price: without a prior only they can be judged."""
    for file in sorted(folder.glob("*.raw*")):
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        filtered = filter_block(raw)
        payments = Payments(filtered.amounts, 0.0, filtered.verdicts)
        whole = estimate_price(payments.histogram(), 0.0, weights)
        if whole.state is State.OK and whole.price is not None:
            yield Source(file.name.split(".")[0], payments, whole.price)


def sampled(paid: Amounts, n: int, draw: np.random.Generator) -> SlidingHistogram:
    histogram = SlidingHistogram()
    histogram.add(draw.choice(paid, n, replace=False), np.zeros(n))
    return histogram


def curve(
    paid: Amounts, price: float, prior: float | None, draws: int, draw: np.random.Generator, weights: Weights
) -> tuple[dict[int, str], int]:
    """For each size the shares in words, and how many answers were sure and wrong."""
    words, sure_and_wrong = {}, 0
    for n in (n for n in SIZES if n <= len(paid)):
        found: Counter[str] = Counter()
        for _ in range(draws):
            answer = estimate_price(sampled(paid, n, draw), 0.0, weights, prior)
            wrong = answer.price is not None and abs(answer.price / price - 1) > WRONG
            found["no number"] += answer.price is None
            found["wrong"] += wrong
            found["not ok"] += answer.state is not State.OK
            sure_and_wrong += wrong and answer.state is State.OK
        words[n] = ", ".join(f"{what} {count / draws:.0%}" for what, count in found.items())
    return words, sure_and_wrong


def main() -> int:
    parser = common.options(__doc__ or "", n=60, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=Path, default=common.CHECKOUT / "tests" / "data" / "oracle" / "blocks")
    arguments = parser.parse_args()
    weights, draw = load(), np.random.default_rng(arguments.seed)
    details: dict[str, object] = {}
    sure_and_wrong = 0
    for source in (simulated(arguments.seed), *blocks(arguments.blocks, weights)):
        for name, prior in (("no prior", None), ("prior 3 % off", source.price * 1.03)):
            words, wrong = curve(source.payments.amounts, source.price, prior, arguments.n, draw, weights)
            sure_and_wrong += wrong
            details |= {f"{source.name}, {name}, {n} outputs": text for n, text in words.items()}
        whole = estimate_price(source.payments.histogram(), 0.0, weights)
        for move in MOVES:
            found = smallest_attack(source.payments, 100.0, move, whole, weights)
            state = found.answer.state.value if found.answer else "unmoved"
            details[f"{source.name}, fakes of $100 for {move:.0%}"] = (
                f"{found.outputs} ({state}; noticed at {found.noticed})"
            )
    figure = common.Figure("sure and wrong answers", sure_and_wrong, 0, "")
    return common.report([figure], details, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
