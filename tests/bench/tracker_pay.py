"""From a payment on the simulated kaspad to the new balance at /api/portfolio: p99 at most 2 s.

Runs simulator, tracker and a throw-away PostgreSQL on loopback. The clock starts when the payment is ordered, so the
wait for the next block (100 ms apart) is in it.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from nodeclients.address import KaspaAddress, encode

from tests.bench import common
from tests.stage.ports import free_port
from tests.stage.waiting import until
from tests.tracker.cluster import Cluster
from tests.tracker.process import Tracker
from tests.tracker.simulated import SimulatedKaspad

GOAL_S = 2.0
FOLLOWED = 50
KAS = 100_000_000


def main() -> int:
    arguments = common.options(__doc__ or "", n=200).parse_args()
    dice = random.Random(arguments.seed)
    addresses = [encode(KaspaAddress("kaspasim", 0, dice.randbytes(32))) for _ in range(FOLLOWED)]
    with tempfile.TemporaryDirectory() as name, Cluster() as cluster:
        folder = Path(name)
        env = {
            "DATABASE_URL": cluster.url(cluster.new_database()),
            "DATABASE_PASSWORD_FILE": str(cluster.password_file),
            "LOG_LEVEL": "info",
        }
        with (
            SimulatedKaspad(folder, free_port(), "--utxoindex") as kaspad,
            Tracker(folder, free_port(), {**env, "KASPAD_URL": kaspad.url}) as tracker,
        ):
            tracker.wait_ready()
            for address in addresses:
                tracker.follow(address)
            until(lambda: tracker.ask("GET", "/api/portfolio").body["totals"]["kaspa"]["status"] == "ok")
            latencies = sorted(_pay(kaspad, tracker, dice.choice(addresses), dice) for _ in range(arguments.n))
            memory = tracker.memory_bytes()
    return common.report(
        [
            common.Figure(
                "payment to portfolio, p99", latencies[max(0, round(0.99 * len(latencies)) - 1)], GOAL_S, "s"
            ),
            common.Figure("memory of the tracker", memory / 1e6, 120, "MB"),
        ],
        {"payment to portfolio, median ms": round(1000 * statistics.median(latencies), 1), "payments": arguments.n},
        as_json=arguments.json,
    )


def _pay(kaspad: SimulatedKaspad, tracker: Tracker, address: str, dice: random.Random) -> float:
    """Seconds from the order to the first portfolio that shows the new balance."""
    amount = dice.randint(KAS, 10 * KAS)
    expected = int(tracker.balance(address)["amount"]) + amount
    start = time.perf_counter()
    kaspad.order("pay", address=address, amount=amount)
    tracker.wait_amount(address, expected, deadline_s=30)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
