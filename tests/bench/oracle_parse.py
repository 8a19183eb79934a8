"""Parse and filter of real blocks against a full parse of the same bytes by PyPI `embit`: CPU time, in turn, one core.

    python tests/bench/oracle_parse.py [--blocks DIR]    (DIR holds HEIGHT.raw, also .gz; default: the tests' blocks)

Goals: at least 8x on each block, 10x on two of 413567, 702861 and 722010 where they are there. With ids: at least 5x
when each kept transaction's id is computed (what a window must know to take it out again), and at least 5x against
embit's parse with ids when every id is computed and parents inside the block are left out. Block 413567 lies in
PyPI's py-bitcoinkernel 0.1.0a5 (sdist) under depend/bitcoin/src/bench/data.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import time
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path

import common
from embit import compact
from embit.transaction import Transaction
from oracle.parse import filter_block, scan_transaction, transaction_id

NAMED = ("413567", "702861", "722010")


def embit_parse(raw: bytes) -> list[Transaction]:
    stream = BytesIO(raw)
    stream.seek(80)
    return [Transaction.read_from(stream) for _ in range(compact.read_from(stream))]


def embit_parse_with_ids(raw: bytes) -> list[bytes]:
    return [tx.txid() for tx in embit_parse(raw)]


def without_ids(raw: bytes) -> None:
    filter_block(raw, known=None)


def kept_transactions(raw: bytes) -> list[bytes]:
    """The kept transactions of a block one by one, as a node announces them."""
    stream = BytesIO(raw)
    stream.seek(80)
    count, pos, kept = compact.read_from(stream), stream.tell(), []
    for _ in range(count):
        scanned = scan_transaction(raw, pos)
        if scanned.outputs is not None:
            kept.append(raw[pos : scanned.end])
        pos = scanned.end
    return kept


def ids_of(transactions: list[bytes], ends: list[tuple[int, int]]) -> None:
    for raw, (body_end, end) in zip(transactions, ends, strict=True):
        transaction_id(raw, 0, body_end, end)


def best(n: int, *calls: Callable[[], object]) -> list[float]:
    """The least CPU time of each call, the calls taken in turn."""
    least = [float("inf")] * len(calls)
    for _ in range(n):
        for k, call in enumerate(calls):
            start = time.process_time()
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
        kept = kept_transactions(raw)
        ends = [(s.body_end, s.end) for s in map(scan_transaction, kept)]
        full, full_ids, ours, ours_ids, ids = best(
            arguments.n,
            partial(embit_parse, raw),
            partial(embit_parse_with_ids, raw),
            partial(without_ids, raw),
            partial(filter_block, raw),
            partial(ids_of, kept, ends),
        )
        ratios[height] = full / ours
        figures.append(common.Figure(f"{height}: embit parse / parse and filter", full / ours, 8, "x", at_most=False))
        figures.append(common.Figure(f"{height}: ... and ids of the kept", full / (ours + ids), 5, "x", at_most=False))
        figures.append(
            common.Figure(
                f"{height}: embit with ids / with every id, parents", full_ids / ours_ids, 5, "x", at_most=False
            )
        )
        details[f"{height}: embit parse without ids / with every id, parents"] = round(full / ours_ids, 2)
    named = sorted((ratios[h] for h in NAMED if h in ratios), reverse=True)
    if len(named) >= 2:
        figures.append(common.Figure("second best of the named blocks", named[1], 10, "x", at_most=False))
    return common.report(figures, details, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
