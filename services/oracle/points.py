"""Published days: prices implied by payments, and hourly prices of an exchange."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from oracle.errors import OracleError
from oracle.grid import Floats

HOUR = 3600


@dataclass(frozen=True)
class Day:
    """One UTC day of implied prices."""

    name: str  # YYYY-MM-DD
    start: int  # unix s of 00:00
    price: Floats  # USD per BTC, each implied by one output for one round USD amount
    time: Floats  # unix s of the block, same shape


def read_days(folder: Path) -> list[Day]:
    """Every `YYYY-MM-DD.npz` of a folder (arrays `price` and `time`), by date."""
    files = sorted(folder.glob("*.npz")) if folder.is_dir() else []
    if not files:
        raise OracleError(f"{folder} contains no days of points.", "Pass a folder of YYYY-MM-DD.npz files.")
    return [_read_day(file) for file in files]


def _read_day(file: Path) -> Day:
    try:
        start = datetime.strptime(file.stem, "%Y-%m-%d").replace(tzinfo=UTC)
        with np.load(file, allow_pickle=False) as arrays:
            price = arrays["price"].astype(np.float64)
            time = arrays["time"].astype(np.float64)
    except (ValueError, KeyError, OSError, EOFError) as error:
        raise OracleError(
            f"{file} is not a day of points ({error}).",
            "It must be named YYYY-MM-DD.npz and contain `price` and `time`.",
        ) from None
    if price.ndim != 1 or price.shape != time.shape or not (np.isfinite(price) & (price > 0)).all():
        raise OracleError(
            f"{file} is not a day of points.",
            "`price` and `time` must have the same length; prices must be positive.",
        )
    return Day(file.stem, int(start.timestamp()), price, time)


def read_hours(file: Path) -> dict[int, float]:
    """Closing price (USD) of each hour by its start (unix s), from a CSV with `hour_utc` (YYYY-MM-DDTHH:MMZ) and
    `close`.
    """
    try:
        with file.open(newline="") as lines:
            rows = csv.DictReader(lines)
            if not {"hour_utc", "close"} <= set(rows.fieldnames or ()):
                raise ValueError("its first line does not name these columns")
            return {_hour(row["hour_utc"]): float(row["close"]) for row in rows}
    except (OSError, ValueError, TypeError) as error:
        raise OracleError(
            f"Cannot read hourly prices from {file} ({error}).", "It needs the columns hour_utc and close."
        ) from None


def _hour(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC).timestamp())
