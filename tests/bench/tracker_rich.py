"""One followed address with 350,000 unspent outputs: the tracker's peak memory and how long others wait meanwhile.

The answer has 130 MB as JSON. The tracker's container may use 256 MiB. A node of the tests, the tracker as a process
and a throw-away PostgreSQL run on loopback; `--n` is the number of outputs.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from nodeclients.address import KaspaAddress, encode
from websockets.asyncio.server import ServerConnection

from tests.bench import common
from tests.stage.ports import free_port
from tests.tracker.cluster import Cluster
from tests.tracker.process import Tracker
from tests.tracker.tinynode import TinyNode, output

PEAK_MB = 180
READ_S = 60.0
OTHERS_S = 2.0


def peak_mb(process_id: int) -> float:
    """The largest resident set so far: VmHWM of proc_pid_status(5), in units of 10^6 bytes."""
    status = Path(f"/proc/{process_id}/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024 / 1e6


class RichNode(TinyNode):
    """Its answer for the rich address is made beforehand, so that the node does not hold up others meanwhile."""

    def prepare(self, address: str, amounts: list[int]) -> None:
        self._rich = address
        self._ready = json.dumps({"entries": [output(address, amount, f"{n}", n) for n, amount in enumerate(amounts)]})

    def _reply(self, connection: ServerConnection, request: dict[str, Any]) -> str:
        if request["method"] == "getUtxosByAddresses" and request["params"]["addresses"] == [self._rich]:
            return f'{{"id": {request["id"]}, "method": "getUtxosByAddresses", "params": {self._ready}}}'
        return super()._reply(connection, request)


def main() -> int:
    arguments = common.options(__doc__ or "", n=350_000).parse_args()
    dice = random.Random(arguments.seed)
    rich, other = (encode(KaspaAddress("kaspasim", 0, dice.randbytes(32))) for _ in range(2))
    amounts = [dice.randint(1, 10**12) for _ in range(arguments.n)]
    with tempfile.TemporaryDirectory() as name, Cluster() as cluster, RichNode(free_port()) as node:
        node.prepare(rich, amounts)
        node.pay(other, 1, "first")
        env = {
            "KASPAD_URL": node.url,
            "DATABASE_URL": cluster.url(cluster.new_database()),
            "DATABASE_PASSWORD_FILE": str(cluster.password_file),
            "LOG_LEVEL": "info",
        }
        with Tracker(Path(name), free_port(), env) as tracker:
            tracker.wait_ready()
            tracker.follow(other)
            tracker.wait_amount(other, 1)
            idle = peak_mb(tracker.process.pid)
            start = time.perf_counter()
            tracker.follow(rich)
            waits, paid = [], 1
            while tracker.balance(rich)["amount"] is None and time.perf_counter() - start < 4 * READ_S:
                node.pay(other, 1, f"{paid} more")
                asked, paid = time.perf_counter(), paid + 1
                tracker.wait_amount(other, paid, deadline_s=60)
                waits.append(time.perf_counter() - asked)
            tracker.wait_amount(rich, sum(amounts), deadline_s=60)
            took_s = time.perf_counter() - start
            node.pay(rich, 7, "after")
            tracker.wait_amount(rich, sum(amounts) + 7, deadline_s=60)
            peak = peak_mb(tracker.process.pid)
    return common.report(
        [
            common.Figure("peak memory of the tracker", peak, PEAK_MB, "MB"),
            common.Figure("from following it to its exact balance", took_s, READ_S, "s"),
            common.Figure("longest wait of a payment to another address", max(waits), OTHERS_S, "s"),
        ],
        {"outputs": arguments.n, "peak memory before, MB": round(idle, 1), "payments to the other": len(waits)},
        as_json=arguments.json,
    )


if __name__ == "__main__":
    sys.exit(main())
