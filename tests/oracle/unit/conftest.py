"""Real blocks and days, and transactions made to measure."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest
from oracle.points import Day, read_days, read_hours
from oracle.weights import Weights, load

DATA = Path(__file__).parents[2] / "data" / "oracle"
FEW = ("2024-06-04", "2024-10-22", "2025-03-06", "2025-04-23", "2025-06-23", "2025-08-04")
P2WPKH = b"\x00\x14" + bytes(range(20))


@cache
def _block(height: int) -> bytes:
    return gzip.decompress((DATA / "blocks" / f"{height}.raw.gz").read_bytes())


@pytest.fixture(scope="session")
def block() -> Callable[[int], bytes]:
    """Raw bytes of one of the mainnet blocks that tests/data/oracle/blocks holds."""
    return _block


@pytest.fixture(scope="session")
def weights() -> Weights:
    return load()


@pytest.fixture(scope="session")
def data() -> Path:
    return DATA


@pytest.fixture(scope="session")
def days() -> list[Day]:
    """Six published days, of which the weights never saw the last two; the bench takes all forty."""
    return [day for day in read_days(DATA / "points") if day.name in FEW]


@pytest.fixture(scope="session")
def hours() -> dict[int, float]:
    return read_hours(DATA / "hourly_truth.csv")


def compact_size(value: int) -> bytes:
    if value < 0xFD:
        return bytes([value])
    if value < 1 << 16:
        return b"\xfd" + value.to_bytes(2, "little")
    return b"\xfe" + value.to_bytes(4, "little")


def _sized(part: bytes) -> bytes:
    return compact_size(len(part)) + part


def _transaction(
    values: Sequence[int] = (150_000, 4_000_000),
    scripts: Sequence[bytes] | None = None,
    parents: Sequence[bytes] = (b"\x11" * 32,),
    script_sig: bytes = b"",
    witness: Sequence[bytes] | None = (b"s" * 71, b"k" * 33),
    index: int = 0,
) -> bytes:
    """A transaction as bytes: SegWit with the same witness for each input, or legacy with `witness` None."""
    inputs = b"".join(p + index.to_bytes(4, "little") + _sized(script_sig) + b"\xff" * 4 for p in parents)
    paid = zip(values, scripts or [P2WPKH] * len(values), strict=True)
    outputs = b"".join(value.to_bytes(8, "little") + _sized(script) for value, script in paid)
    body = compact_size(len(parents)) + inputs + compact_size(len(values)) + outputs
    if witness is None:
        return b"\x02\0\0\0" + body + bytes(4)
    items = compact_size(len(witness)) + b"".join(_sized(item) for item in witness)
    return b"\x02\0\0\0" + b"\x00\x01" + body + items * len(parents) + bytes(4)


@pytest.fixture(scope="session")
def transaction() -> Callable[..., bytes]:
    """Make a transaction: by default a SegWit payment that the filter keeps."""
    return _transaction


@pytest.fixture(scope="session")
def block_of() -> Callable[[Sequence[bytes]], bytes]:
    """Make the bytes of a block from transactions."""
    return lambda transactions: bytes(80) + compact_size(len(transactions)) + b"".join(transactions)
