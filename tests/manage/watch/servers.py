"""Services to watch: tiny servers that speak the real protocols on loopback and do what a test sets.

Each runs in a thread of its own; the test changes plain attributes from outside.
"""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self

import zmq
from websockets.asyncio.server import ServerConnection, serve

from tests.stage.ports import free_port

RECORDING = Path(__file__).parents[2] / "data" / "kaspad" / "ibd-2.0.1.jsonl"


class Loopback:
    """A server in a thread; `frozen` accepts connections and questions and answers nothing, as `docker pause` does."""

    def __init__(self) -> None:
        self.port = free_port()
        self.frozen = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: Any = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._server = self._do(self.listen())
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._server.close)
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def listen(self) -> Any:
        raise NotImplementedError

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)


class Kaspad(Loopback):
    """Answers as kaspad 2.0.1 did at the end of the recorded sync; `daa_score` and `peers` are the test's."""

    def __init__(self) -> None:
        super().__init__()
        rows = [json.loads(line) for line in RECORDING.read_text().splitlines()]
        self._recorded = [row for row in rows if "log" not in row][-1]
        self.daa_score = 20_000
        self.utxo_index = True
        self.connections = 0

    async def listen(self) -> Any:
        return await serve(self._talk, "127.0.0.1", self.port, ping_interval=None)

    async def _talk(self, connection: ServerConnection) -> None:
        self.connections += 1
        async for frame in connection:
            request = json.loads(frame)
            if not self.frozen:
                answer = {"id": request["id"], "method": request["method"], "params": self._answer(request["method"])}
                await connection.send(json.dumps(answer))

    def _answer(self, method: str) -> dict[str, Any]:
        if method == "getBlock":
            return {"block": {"header": {"timestamp": self._recorded["getBlockDagInfo"]["pastMedianTime"]}}}
        changes = {
            "getServerInfo": {"virtualDaaScore": self.daa_score, "hasUtxoIndex": self.utxo_index},
            "getBlockDagInfo": {
                "virtualDaaScore": self.daa_score,
                "blockCount": self.daa_score,
                "headerCount": self.daa_score,
            },
        }
        return {**self._recorded[method], **changes.get(method, {})}


class Http(Loopback):
    """Answers every GET with one status and document."""

    def __init__(self, document: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.status = 200
        self.document = document or {}
        self.raw: bytes | None = None
        """Raw bytes to answer instead."""

    async def listen(self) -> Any:
        return await asyncio.start_server(self._talk, "127.0.0.1", self.port)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):  # watch ended a probe before it asked
            writer.close()
            return
        length = next(
            (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")), 0
        )
        body = await reader.readexactly(length)
        if not self.frozen:
            writer.write(self.raw if self.raw is not None else self._response(head, body))
            await writer.drain()
            writer.close()

    def _response(self, _head: bytes, _body: bytes) -> bytes:
        return _http(self.status, json.dumps(self.document).encode())


class Bitcoind(Http):
    """JSON-RPC with a password and a PUB socket. `tip` is what RPC reports; `publish` sends over ZMQ."""

    PASSWORD = "correct horse"

    def __init__(self) -> None:
        super().__init__()
        self.zmq_port = free_port()
        self.tip = "00" * 32
        self.height = 100
        self.uptime = 50
        self.warming = ""
        self.topics = ["pubrawblock", "pubrawtx", "pubsequence"]
        self._context = zmq.Context()
        self._publisher = self._context.socket(zmq.PUB)
        self._publisher.setsockopt(zmq.LINGER, 0)
        self._publisher.bind(f"tcp://127.0.0.1:{self.zmq_port}")
        self.counter = 0

    def __exit__(self, *arguments: object) -> None:
        super().__exit__(*arguments)
        self._publisher.close()
        self._context.term()

    def mine(self, block: str, *, publish: bool = True) -> None:
        """A new tip; without `publish` ZMQ is silent."""
        self.tip, self.height = block, self.height + 1
        if publish:
            self.publish(b"sequence", bytes.fromhex(block) + b"C")

    def publish(self, topic: bytes, body: bytes) -> None:
        self._publisher.send_multipart([topic, body, struct.pack("<I", self.counter)])
        self.counter += 1

    def _response(self, head: bytes, body: bytes) -> bytes:
        password = base64.b64encode(f"watch:{self.PASSWORD}".encode())
        if b"authorization: basic " + password.lower() not in head.lower():
            return _http(401, b"")
        return _http(200, json.dumps([self._rpc(call) for call in json.loads(body)]).encode())

    def _rpc(self, call: dict[str, Any]) -> dict[str, Any]:
        if self.warming:
            return {"result": None, "error": {"code": -28, "message": self.warming}, "id": call["id"]}
        chain = {
            "chain": "regtest",
            "blocks": self.height,
            "headers": self.height,
            "bestblockhash": self.tip,
            "time": 1_700_000_000,
            "mediantime": 1_700_000_000,
            "verificationprogress": 1,
            "initialblockdownload": True,
        }
        answers: dict[str, Any] = {
            "getblockchaininfo": chain,
            "getmempoolinfo": {"loaded": True, "size": 0, "bytes": 0},
            "getnetworkinfo": {"connections": 0, "subversion": "/Satoshi:31.99.0/"},
            "getzmqnotifications": [
                {"type": topic, "address": "tcp://0.0.0.0:28332", "hwm": 1000} for topic in self.topics
            ],
            "uptime": self.uptime,
        }
        return {"result": answers[call["method"]], "error": None, "id": call["id"]}


def _http(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nContent-Type: application/json\r\n\r\n" % (status, len(body)) + body
