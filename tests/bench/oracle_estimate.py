"""The price in time: re-estimate of 150,000 outputs, update after a block of 5,000 transactions, memory of 50,000.

    python -m tests.bench.oracle_estimate

The payments are drawn from block 722010 (in the tests' data): those near round dollars keep their dollars, the others
are blurred by 3 %, so that the window is as full of different amounts as a real one. CPU time, best of `--n` runs.
"""

from __future__ import annotations

import argparse
import gzip
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from oracle.estimate import State, estimate_price
from oracle.grid import Floats
from oracle.histogram import SPAN, SlidingHistogram
from oracle.parse import Amounts, filter_block
from oracle.weights import load

from tests.bench import common

PRICE = 41_535.0
NOW = 1_700_000_000.0
BLOCK = common.CHECKOUT / "tests" / "data" / "oracle" / "blocks" / "722010.raw.gz"


def payments(n: int, seed: int) -> Amounts:
    random = np.random.default_rng(seed)
    paid = random.choice(filter_block(gzip.decompress(BLOCK.read_bytes())).amounts, n)
    away = np.abs(np.log(paid[:, None] * PRICE / 1e8 / np.array(load().usd))).min(axis=1) > 0.004
    blurred = np.round(paid * np.exp(random.normal(0, 1, n) * np.where(away, 0.03, 0.0004)))
    return np.maximum(blurred, 1_001).astype(np.int64)


def full_window(n: int, seed: int) -> SlidingHistogram:
    histogram = SlidingHistogram()
    times: Floats = np.sort(np.random.default_rng(seed).uniform(NOW, NOW + SPAN, n))
    histogram.add(payments(n, seed), times)
    return histogram


def best_ms(n: int, call: Callable[[], object]) -> float:
    least = float("inf")
    for _ in range(n):
        start = time.process_time()
        call()
        least = min(least, time.process_time() - start)
    return 1000 * least


def memory() -> None:
    """In a process of its own: a window of 50,000 transactions, one estimate, then its peak in MB."""
    histogram = full_window(100_000, 2)
    if estimate_price(histogram, NOW + SPAN, load(), PRICE).state is not State.OK:
        sys.exit("the estimate failed")
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> int:
    parser = common.options(__doc__ or "", n=15, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory:
        memory()
        return 0
    weights = load()
    histogram = full_window(150_000, arguments.seed)
    answer = estimate_price(histogram, NOW + SPAN, weights, PRICE * 1.03)
    if answer.state is not State.OK or abs((answer.price or 0) / PRICE - 1) > 0.01:
        sys.exit(f"the estimate failed: {answer}")
    n_amounts = histogram.n_amounts
    again = best_ms(arguments.n, lambda: estimate_price(histogram, NOW + SPAN, weights, PRICE))
    raw = gzip.decompress(BLOCK.read_bytes())
    known: set[bytes] = set()
    step = iter(range(10_000))

    def update() -> None:
        """5,336 transactions read, and the 10,000 outputs of 5,000 transactions counted."""
        filter_block(raw, known)
        filter_block(raw, known)
        k = next(step)
        histogram.add(payments_of[k % len(payments_of)], np.full(10_000, NOW + SPAN + 30.0 * k))

    payments_of = [payments(10_000, 100 + k) for k in range(arguments.n)]
    updated = best_ms(arguments.n, update)
    again_as = [sys.executable, "-m", "tests.bench.oracle_estimate", "--memory"]
    peak = subprocess.run(again_as, cwd=common.CHECKOUT, capture_output=True, text=True, check=True).stdout
    return common.report(
        [
            common.Figure("re-estimate of 150,000 outputs", again, 20, "ms"),
            common.Figure("update after a block of 5,000 transactions", updated, 50, "ms"),
            common.Figure("process with 50,000 transactions", float(peak), 150, "MB"),
        ],
        {"different amounts in the window": n_amounts},
        as_json=arguments.json,
    )


if __name__ == "__main__":
    sys.exit(main())
