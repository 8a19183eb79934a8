"""Payments from files, plain or gzip: a raw block, or raw transactions in hex, one per line."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np

from oracle.errors import OracleError
from oracle.histogram import SlidingHistogram
from oracle.parse import HEADER, Amounts, Verdict, amounts, filter_block, scan_transaction, spends, transaction_id
from oracle.wire import Malformed

MAX_BLOCK = 4_000_000  # bytes; Bitcoin Core src/consensus/consensus.h MAX_BLOCK_SERIALIZED_SIZE
MAX_LINE = 2 * MAX_BLOCK + 2  # hex characters; no transaction is larger than a block
GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Payments:
    """The content of a file: amounts in sats, their time (unix s, 0 if unknown), and transactions by verdict."""

    amounts: Amounts
    time: float
    verdicts: Counter[Verdict]

    @property
    def n_transactions(self) -> int:
        return self.verdicts.total()

    @property
    def n_malformed(self) -> int:
        return self.verdicts[Verdict.MALFORMED]

    def histogram(self) -> SlidingHistogram:
        """A window with exactly these payments."""
        histogram = SlidingHistogram()
        histogram.add(self.amounts, np.full(len(self.amounts), self.time))
        return histogram


def read_block(file: Path) -> Payments:
    """Read a raw block. Raises OracleError if the file cannot be read or does not begin with a block."""
    try:
        with _open(file) as stream:
            raw = stream.read(MAX_BLOCK + 1)
    except (OSError, EOFError) as error:
        raise OracleError(f"{file} cannot be read ({error}).") from None
    filtered = filter_block(raw)
    if filtered.verdicts.total() == filtered.verdicts[Verdict.MALFORMED] or len(raw) > MAX_BLOCK:
        raise OracleError(
            f"{file} is not a block.",
            "Pass a raw block: the output of `bitcoin-cli getblock HASH 0`, decoded from hex.",
        )
    time = int.from_bytes(raw[HEADER - 12 : HEADER - 8], "little")
    return Payments(filtered.amounts, float(time), filtered.verdicts)


def read_transactions(file: Path) -> Payments:
    """Read raw transactions in hex, one per line. Other lines count as malformed; parents in the file count as known.

    Raises OracleError if the file cannot be read.
    """
    kept: list[tuple[bytes, tuple[bytes, ...]]] = []
    ids: set[bytes] = set()
    verdicts: Counter[Verdict] = Counter()
    try:
        with _open(file) as stream:
            for line in _lines(stream):
                try:
                    raw = bytes.fromhex(line.decode("ascii"))
                    scanned = scan_transaction(raw)
                    if scanned.end != len(raw):
                        raise Malformed("bytes after the transaction")
                except ValueError:  # includes Malformed and invalid hex
                    verdicts[Verdict.MALFORMED] += 1
                    continue
                ids.add(transaction_id(raw, 0, scanned.body_end, scanned.end))
                if scanned.outputs is None:
                    verdicts[scanned.verdict] += 1
                else:
                    kept.append((raw, scanned.outputs))
    except (OSError, EOFError) as error:
        raise OracleError(f"{file} cannot be read ({error}).") from None
    payments = [outputs for raw, outputs in kept if not spends(raw, 0, ids, ())]
    verdicts[Verdict.KEPT] = len(payments)
    verdicts[Verdict.PARENT_IN_WINDOW] = len(kept) - len(payments)
    return Payments(amounts([value for outputs in payments for value in outputs]), 0.0, verdicts)


def _open(file: Path) -> IO[bytes]:
    with file.open("rb") as stream:
        packed = stream.read(2) == GZIP
    return cast("IO[bytes]", gzip.open(file, "rb")) if packed else file.open("rb")


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    """The lines that are not empty. A line longer than any transaction is truncated."""
    while line := stream.readline(MAX_LINE):
        if not line.endswith(b"\n"):
            while (rest := stream.readline(MAX_LINE)) and not rest.endswith(b"\n"):
                pass
        if line := line.strip():
            yield line
