"""How few outputs are enough: the share of errors above 2 %, of unsure answers, and of wrong ones given as sure.

    python tests/bench/oracle_samples.py [--blocks DIR]    (DIR holds HEIGHT.raw, also .gz; default: the tests' blocks)

Sub-samples of blocks whose price is known from the whole block, without a prior and with one 3 % off. No answer that
says `ok` may be wrong by more than 2 %. Then, for each block, how many fake outputs of $100 move the price, as
`python -m oracle attack` counts them.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections import Counter
from pathlib import Path

import common
import numpy as np
from oracle.attack import MOVES, attack
from oracle.estimate import State, estimate
from oracle.files import Payments
from oracle.histogram import SlidingHistogram
from oracle.parse import Amounts, filter_block
from oracle.weights import Weights, load

SIZES = (2000, 1000, 500, 200, 100)
WRONG = 0.02


def sampled(paid: Amounts, n: int, random: np.random.Generator) -> SlidingHistogram:
    histogram = SlidingHistogram()
    histogram.add(random.choice(paid, n, replace=False), np.zeros(n))
    return histogram


def curve(
    paid: Amounts, price: float, prior: float | None, draws: int, random: np.random.Generator, weights: Weights
) -> tuple[dict[int, str], int]:
    """For each size the shares in words, and how many answers were sure and wrong."""
    words, sure_and_wrong = {}, 0
    for n in (n for n in SIZES if n <= len(paid)):
        found: Counter[str] = Counter()
        for _ in range(draws):
            answer = estimate(sampled(paid, n, random), 0.0, weights, prior)
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
    weights, random = load(), np.random.default_rng(arguments.seed)
    details: dict[str, object] = {}
    sure_and_wrong = 0
    for file in sorted(arguments.blocks.glob("*.raw*")):
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        filtered = filter_block(raw)
        payments = Payments(filtered.amounts, 0.0, filtered.verdicts)
        whole = estimate(payments.histogram(), 0.0, weights)
        if whole.state is not State.OK or whole.price is None:
            continue  # without a prior only a block that tells its own price can be judged
        height = file.name.split(".")[0]
        for name, prior in (("no prior", None), ("prior 3 % off", whole.price * 1.03)):
            words, wrong = curve(filtered.amounts, whole.price, prior, arguments.n, random, weights)
            sure_and_wrong += wrong
            details |= {f"{height}, {name}, {n} outputs": text for n, text in words.items()}
        for move in MOVES:
            found = attack(payments, 100.0, move, whole, weights)
            state = found.answer.state.value if found.answer else "unmoved"
            details[f"{height}, fakes of $100 for {move:.0%}"] = (
                f"{found.outputs} ({state}; noticed at {found.noticed})"
            )
    if not details:
        sys.exit(f"No block in {arguments.blocks} tells its price by itself.")
    figure = common.Figure("sure and wrong answers", sure_and_wrong, 0, "")
    return common.report([figure], details, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
