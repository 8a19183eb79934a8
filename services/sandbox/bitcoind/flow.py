"""What people pay: the amounts of the background transactions. A flow is an endless iterator of satoshis.

The seam for other flows (payments of round USD amounts at a known price): anything that yields amounts fits.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

MEDIAN, SPREAD = 200_000, 1.6
"""Of a log-normal: about what outputs on mainnet look like from afar."""
SMALLEST, LARGEST = 2_000, 2_000_000_000


def log_normal(rng: random.Random) -> Iterator[int]:
    """Amounts without any structure."""
    while True:
        amount = round(rng.lognormvariate(math.log(MEDIAN), SPREAD))
        yield min(max(amount, SMALLEST), LARGEST)
