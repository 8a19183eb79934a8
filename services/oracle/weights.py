"""The fitted parameters: which amounts people pay, their contrast, and how the price moves.

They are stored in `weights.json` next to this file. `python -m oracle.fit DIR` rebuilds it (`docs/oracle-weights.md`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = Path(__file__).with_name("weights.json")
VERSION = 1


@dataclass(frozen=True)
class Motion:
    """The price as a random walk of unknown speed, and the weight of evidence; see `oracle.track`."""

    speeds: tuple[float, ...]  # standard deviations of the log price after one hour
    shares: tuple[float, ...]  # prior probability of each speed; sums to 1
    memory: float  # share of the speeds' weights that remains after each slice
    temper: float  # exponent of each likelihood: payments are less independent than the formula assumes
    lag: float  # s by which the newest evidence is older than its time: quote, broadcast, block


@dataclass(frozen=True)
class Weights:
    """All fitted parameters. Logs are natural."""

    usd: tuple[float, ...]  # the round amounts
    contrast: tuple[
        float, ...
    ]  # log of (1 + excess density of outputs at the amount relative to its surroundings), by amount
    offsets: tuple[float, ...]  # log of (implied price / price), ascending
    shape: tuple[float, ...]  # log of the density of implied prices at these offsets relative to the density far away
    motion: Motion
    days: tuple[str, ...]  # UTC days of the fit
    kept_out: tuple[str, ...]  # UTC days that were held out


def load(path: Path = FILE) -> Weights:
    """Read a weights file. Raises ValueError if it has another version."""
    fields = json.loads(path.read_text())
    if fields.pop("version") != VERSION:
        raise ValueError(f"{path} is not a weights file of version {VERSION}")
    motion = fields.pop("motion")
    speeds, shares = tuple(motion.pop("speeds")), tuple(motion.pop("shares"))
    return Weights(motion=Motion(speeds=speeds, shares=shares, **motion), **{k: tuple(v) for k, v in fields.items()})


def dump(weights: Weights) -> str:
    """The text of a weights file. The same weights always give the same bytes."""
    return json.dumps({"version": VERSION, **asdict(weights)}, indent=1) + "\n"
