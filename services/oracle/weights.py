"""The fitted numbers: which amounts people pay, how sharply they meet the price, and how the price moves.

They lie in `weights.json` beside this file; `python -m oracle.fit DIR` rebuilds it, `docs/oracle-weights.md` tells how.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path(__file__).with_name("weights.json")
VERSION = 1


@dataclass(frozen=True)
class Motion:
    """The price as a random walk of unknown speed, and how far evidence is believed; see `oracle.track`."""

    speeds: tuple[float, ...]  # standard deviations of the log price after one hour
    shares: tuple[float, ...]  # how likely each speed is before anything is seen; sums to 1
    memory: float  # what is left of the speeds' weights from one slice to the next
    temper: float  # exponent of each likelihood: payments are less independent than the formula takes them for
    lag: float  # s that the newest evidence is older than its time says: quote, broadcast, block


@dataclass(frozen=True)
class Weights:
    """Everything that is fitted. Logs are natural."""

    usd: tuple[float, ...]  # the round amounts
    contrast: tuple[
        float, ...
    ]  # log of (1 + how many times denser outputs lie at the amount than around it), by amount
    offsets: tuple[float, ...]  # log of (implied price / price), ascending
    shape: tuple[float, ...]  # log of the density of implied prices at these offsets over the density far away
    motion: Motion
    days: tuple[str, ...]  # UTC days the numbers come from
    kept_out: tuple[str, ...]  # UTC days they were never shown


def load(path: Path = FILE) -> Weights:
    """Read a weights file. Raises ValueError when it was written by another version."""
    fields = json.loads(path.read_text())
    if fields.pop("version") != VERSION:
        raise ValueError(f"{path} is not a weights file of version {VERSION}")
    motion = fields.pop("motion")
    speeds, shares = tuple(motion.pop("speeds")), tuple(motion.pop("shares"))
    return Weights(motion=Motion(speeds=speeds, shares=shares, **motion), **{k: tuple(v) for k, v in fields.items()})


def dump(weights: Weights) -> str:
    """The text of a weights file: the same weights give the same bytes."""
    return json.dumps({"version": VERSION, **asdict(weights)}, indent=1) + "\n"
