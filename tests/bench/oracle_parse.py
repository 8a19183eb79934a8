"""Parse and filter of real blocks against a full parse of the same bytes by PyPI `embit`: CPU time, in turn, one core.

    python -m tests.bench.oracle_parse [--blocks DIR]    (DIR holds HEIGHT.raw, also .gz; default: the tests' blocks)

Goals: at least 8x on each block, 10x on two of 413567, 702861 and 722010 where they are there; at least 5x when every
transaction's id is computed and children of the block's own transactions are left out, while embit computes no id.
Block 413567 lies in PyPI's py-bitcoinkernel 0.1.0a5 (sdist) under depend/bitcoin/src/bench/data.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import sys
import time
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

from embit import compact
from embit.transaction import Transaction
from oracle.parse import filter_block

from tests.bench import common

MEGABYTE = 1_000_000
NAMED = ("413567", "702861", "722010")


def embit_parse(raw: bytes) -> list[Transaction]:
    stream = BytesIO(raw)
    stream.seek(80)
    return [Transaction.read_from(stream) for _ in range(compact.read_from(stream))]


def embit_parse_with_ids(raw: bytes) -> list[bytes]:
    return [tx.txid() for tx in embit_parse(raw)]


def without_ids(raw: bytes) -> None:
    filter_block(raw, known=None)


def best(n: int, times: int, *calls: Callable[[], object]) -> list[float]:
    """The least CPU time of each call `times` over, the calls taken in turn; none pays for the garbage of another."""
    least = [float("inf")] * len(calls)
    for _ in range(n):
        for k, call in enumerate(calls):
            gc.collect()
            start = time.process_time()
            for _ in range(times):
                call()
            least[k] = min(least[k], time.process_time() - start)
    return least


def main() -> int:
    parser = common.options(__doc__ or "", n=15, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=Path, default=common.CHECKOUT / "tests" / "data" / "oracle" / "blocks")
    arguments = parser.parse_args()
    ratios: dict[str, float] = {}
    figures: list[common.Figure] = []
    details: dict[str, object] = {}
    for file in sorted(arguments.blocks.glob("*.raw*")):
        raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        height = file.name.split(".")[0]
        full, full_ids, ours, ours_ids = best(
            arguments.n,
            max(1, MEGABYTE // len(raw)),  # a small block once would measure how cold the caches are
            partial(embit_parse, raw),
            partial(embit_parse_with_ids, raw),
            partial(without_ids, raw),
            partial(filter_block, raw),
        )
        ratios[height] = full / ours
        figures.append(common.Figure(f"{height}: embit parse / parse and filter", full / ours, 8, "x", at_most=False))
        figures.append(common.Figure(f"{height}: ... with ids, no parents", full / ours_ids, 5, "x", at_most=False))
        details[f"{height}: embit with ids too"] = f"{full_ids / ours_ids:.3g} x"
    named = sorted((ratios[h] for h in NAMED if h in ratios), reverse=True)
    if len(named) >= 2:
        figures.append(common.Figure("second best of the named blocks", named[1], 10, "x", at_most=False))
    return common.report(figures, details, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
