"""The oracle as a separate process, as its container runs it, and a client of its API."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.nodes.programs import Running
from tests.stage.processes import SERVICES
from tests.stage.services import Service
from tests.stage.waiting import until


def environment(node: Running, user: str = "host", **more: str) -> dict[str, str]:
    """What the oracle needs to know to follow this node."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(SERVICES),
        "NETWORK": "private",
        "MARKET": "synthetic",
        "BITCOIND_RPC_URL": f"http://127.0.0.1:{node.rpc_port}",
        "BITCOIND_RPC_USER": user,
        "BITCOIND_RPC_PASSWORD_FILE": str(node.password_file(user)),
        "BITCOIND_ZMQ": node.zmq_address,
        # coverage counts in the processes of tests, too: tests/long/oracle_coverage.py
        **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
        **more,
    }


class Oracle(Service):
    """`with Oracle(folder, port, env) as oracle:` runs it."""

    def __init__(self, folder: Path, port: int, env: dict[str, str]) -> None:
        super().__init__("oracle", folder, port, env)

    def price(self) -> dict[str, Any]:
        body: dict[str, Any] = self.get("/api/v1/price").body
        return body

    def mempool(self) -> dict[str, Any]:
        """The mempool's part of /api/v1/explain."""
        body: dict[str, Any] = self.get("/api/v1/explain").body["mempool"]
        return body

    def wait_state(self, *states: str, deadline_s: float = 60.0) -> dict[str, Any]:
        """Wait until the price has one of these states."""

        def shown() -> dict[str, Any]:
            price = self.price()
            return price if price.get("state") in states else {}

        return until(shown, deadline_s)

    def is_up(self) -> bool:
        return super().is_up() and self.get("/ready").body.get("state") is not None
