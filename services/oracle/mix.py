"""The mix of payments on days that the weights were not fitted to: `python -m oracle.mix DIR` prints it as JSON.

The simulated bitcoind pays in this mix (`services/sandbox/bitcoind/flow.py`), so the sandbox tests the oracle on data
that it was not fitted to. DIR is the same as for `oracle.fit` and may also contain `blocks/HEIGHT.raw`.

- Share of each round amount: excess of points near the path of the price over those around it, by amount.
- Share of all round amounts: that excess relative to the log-normal background around the most frequent amount.
- Share of amounts that are round in bitcoin: among the outputs of blocks that pass the filter.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from oracle.attribution import counts_by_amount
from oracle.errors import EXIT_FAILED, EXIT_USAGE, OracleError
from oracle.fit import FAR, residuals, split
from oracle.histogram import is_round
from oracle.parse import filter_block
from oracle.points import Day, read_days, read_hours
from oracle.weights import Weights, load

REACH = 0.005
"""Maximum log distance of a point in the peak."""
SPREAD = 2.0
"""Sigma of the log-normal background (natural log)."""


def amount_shares(days: Sequence[Day], truth: Mapping[int, float], weights: Weights) -> dict[str, object]:
    """The share of each among the round amounts, and the share of round amounts among outputs."""
    found = [r for day in days for r in residuals(day, truth, weights)]
    if not found:
        raise OracleError("The exchange's price of the hour before is missing for all of these days.")
    price = np.concatenate([r.price for r in found])
    distance = np.abs(np.concatenate([r.distance for r in found]))
    usd = np.array(weights.usd)
    around = counts_by_amount(price[(distance > FAR[0]) & (distance < FAR[1])], usd) / (2 * (FAR[1] - FAR[0]))
    excess = np.maximum(counts_by_amount(price[distance < REACH], usd) - around * 2 * REACH, 0)
    background = float(around.max()) * SPREAD * np.sqrt(2 * np.pi)
    return {
        "usd": {
            f"{amount:g}": round(float(share), 3) for amount, share in zip(usd, excess / excess.sum(), strict=True)
        },
        "round_usd": round(float(excess.sum() / (excess.sum() + background)), 3),
    }


def round_btc(blocks: Sequence[bytes]) -> float:
    """Share of outputs that are round in bitcoin."""
    amounts = np.concatenate([filter_block(raw).amounts for raw in blocks])
    return round(float(is_round(amounts).mean()), 3)


def main(arguments: Sequence[str]) -> int:
    """Print the mix of the held-out days; 0, or an exit code with one sentence on stderr."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m oracle.mix DIR    (DIR/points/*.npz and DIR/hourly_truth.csv)\n")
        return EXIT_USAGE
    folder = Path(arguments[0])
    try:
        _, kept_out = split(read_days(folder / "points"))
        found = amount_shares(kept_out, read_hours(folder / "hourly_truth.csv"), load())
    except OracleError as error:
        sys.stderr.write(f"{error.message} {error.hint}\n")
        return EXIT_FAILED
    if blocks := sorted((folder / "blocks").glob("7*.raw")):
        found["round_btc"] = round_btc([file.read_bytes() for file in blocks])
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
