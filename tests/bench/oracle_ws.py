"""1,000 WebSocket clients: from the server's answer to the client p99 at most 100 ms, none dropped; the curve to 3,500.

The time runs from the moment an answer is begun (its `timestamp`: estimating and writing it down are in it) to its last
byte at the client. Clients run in a process of their own; one in a hundred never reads.
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from tests.bench import common
from tests.nodes.programs import ROOT, simulated_bitcoind
from tests.oracle.process import Oracle, environment
from tests.stage.ports import free_port

GOAL_MS, MOST_BYTES_S = 100.0, 1e6
CURVE = (100, 1000, 2000, 3500)
SECONDS = 12.0
DEAF = 100
"""One of so many never reads."""
CONNECTS_AT_ONCE = 50
HANDSHAKE = (
    b"GET /ws/mempool HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
TIMESTAMP = re.compile(rb'"timestamp":([0-9.]+),"(?:flow|transactions)"')


def main() -> int:
    if sys.argv[1:2] == ["clients"]:
        print(json.dumps(asyncio.run(_clients(int(sys.argv[2]), int(sys.argv[3])))))
        return 0
    parser = common.options(__doc__ or "", n=1000)
    parser.add_argument("--curve", action="store_true", help="up to 3,500 clients, too")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (16384, 20000))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "node").mkdir()
        with simulated_bitcoind(folder / "node", block_s=30, tx_per_s=20) as node:
            env = environment(node, NETWORK="sandbox", OPENBLAS_NUM_THREADS="1", LOG_LEVEL="info", SOCKETS_EACH="8000")
            with Oracle(folder, free_port(), env) as oracle:
                oracle.wait_state("ok", "wide")
                counts = CURVE if arguments.curve else (arguments.n,)
                found = {count: _measured(oracle, count) for count in counts}
    judged = found[1000 if arguments.curve else arguments.n]
    figures = [
        common.Figure("server to client, p99", judged["p99_ms"], GOAL_MS, "ms"),
        common.Figure("readers dropped", judged["dropped"], 0, ""),
        common.Figure("bytes a second for one client", judged["bytes_s"], MOST_BYTES_S, "B/s"),
    ]
    details = {f"{count} clients": curve for count, curve in found.items()}
    return common.report(figures, details, as_json=arguments.json)


def _measured(oracle: Oracle, count: int) -> dict[str, Any]:
    argv = [sys.executable, "-m", "tests.bench.oracle_ws", "clients", str(oracle.port), str(count)]
    env = {"PYTHONPATH": f"{ROOT}:{ROOT / 'services'}"}
    cpu, began = oracle.cpu_s(), time.monotonic()
    done = subprocess.run(argv, stdout=subprocess.PIPE, cwd=ROOT, env=env, check=True)
    processor = (oracle.cpu_s() - cpu) / (time.monotonic() - began)
    found: dict[str, Any] = json.loads(done.stdout)
    return {**found, "server": f"{100 * processor:.0f} % of one processor, {oracle.memory_bytes() / 1e6:.0f} MB"}


def _itself(client: _Client) -> _Client:
    """The protocol factory that asyncio wants."""
    return client


class _Client(asyncio.Protocol):
    """Reads frames and notes how old each message was."""

    def __init__(self, latencies: list[float]) -> None:
        self.latencies = latencies
        self.lost = False
        self.measuring = False
        self.bytes = 0
        self._buffer = bytearray()
        self.opened = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(HANDSHAKE)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self.opened.done():
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            del self._buffer[: end + 4]
            self.opened.set_result(None)
        while self._frame():
            pass

    def _frame(self) -> bool:
        buffer = self._buffer
        if len(buffer) < 2:
            return False
        size, head = buffer[1] & 0x7F, 2
        if size >= 126:
            head += 2 if size == 126 else 8
            size = int.from_bytes(buffer[2:head], "big")
        if len(buffer) < head + size:
            return False
        kind, body = buffer[0] & 0x0F, bytes(buffer[head : head + size])
        del buffer[: head + size]
        if kind == 9:  # a ping wants its pong, masked with zeros
            self._transport.write(b"\x8a" + bytes([0x80 | size]) + bytes(4) + body)
        elif kind == 1 and self.measuring:
            self.bytes += size
            if stamp := TIMESTAMP.search(body):
                self.latencies.append(time.time() - float(stamp[1]))
        return True


class _Deaf(asyncio.Protocol):
    """Asks for everything and takes nothing."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(HANDSHAKE)
        transport.pause_reading()


async def _clients(port: int, count: int) -> dict[str, Any]:
    resource.setrlimit(resource.RLIMIT_NOFILE, (16384, 20000))
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    clients = [_Client(latencies) for _ in range(count)]
    for first in range(0, count, CONNECTS_AT_ONCE):
        batch = clients[first : first + CONNECTS_AT_ONCE]
        await asyncio.gather(*(loop.create_connection(partial(_itself, c), "127.0.0.1", port) for c in batch))
    for _ in range(count // DEAF):
        await loop.create_connection(_Deaf, "127.0.0.1", port)
    async with asyncio.timeout(60):
        await asyncio.gather(*(client.opened for client in clients))
    await asyncio.sleep(2)  # the burst of snapshots is over
    for client in clients:
        client.measuring = True
    await asyncio.sleep(SECONDS)
    latencies.sort()

    def share(q: float) -> float:
        return round(1000 * latencies[min(len(latencies) - 1, int(q * len(latencies)))], 1)

    return {
        "p50_ms": share(0.5),
        "p99_ms": share(0.99),
        "messages": len(latencies),
        "dropped": sum(client.lost for client in clients),
        "bytes_s": round(sum(client.bytes for client in clients) / count / SECONDS),
    }


if __name__ == "__main__":
    sys.exit(main())
