"""A node that publishes transactions at a given rate per second: `flood.py RPC ZMQ RATE SECONDS LOG`.

It answers the oracle's questions and sends what Core's ZMQ would, from transactions made beforehand. Every hundredth
has a tag in its satoshis: it pays 100 dollars at a price that nobody else pays at, 1.2 % beside the others'. LOG gets
the tag and the time of sending (unix s) of each.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import zmq
from sandbox.bitcoind import flow

TAGS = 1000
TAGGED = 100
BESIDE = 1.012
USD = 100
CHUNK = 50
"""Transactions that are sent at one time."""
TIP = "00" * 31 + "01"


def base(price: float) -> int:
    """Satoshis of the payment with the first tag."""
    return round(USD / price * 100_000_000) - TAGS // 2


def transaction(number: int, amount: int, change: int) -> tuple[bytes, bytes]:
    """Raw bytes and id (as RPC orders it) of a payment of a coin of its own."""
    parent = sha256(b"coin %d" % number).digest()
    outs = b"".join(sats.to_bytes(8, "little") + b"\x16\x00\x14" + parent[:20] for sats in (amount, change))
    raw = b"\x02\0\0\0\x01" + parent + bytes(5) + b"\xfd\xff\xff\xff\x02" + outs + bytes(4)
    return raw, sha256(sha256(raw).digest()).digest()[::-1]


def made(count: int, price: float, rng: random.Random) -> list[tuple[bytes, bytes]]:
    """Payments in the simulator's mix, and the tagged ones among them at `price`."""
    stretched, first = flow.price_at(0.0) / (BESIDE * price), base(price)
    amounts = (max(2000, round(amount * stretched)) for amount in flow.payments(rng, lambda: 0.0))
    untagged = (amount for amount in amounts if not any(first <= amount * USD / usd < first + TAGS for usd in flow.USD))
    return [
        transaction(
            number,
            first + number // TAGGED % TAGS if number % TAGGED == 0 else next(untagged),
            rng.randint(10**8, 10**9),
        )
        for number in range(count)
    ]


class Flood:
    """What was sent so far, and the answers that follow from it."""

    def __init__(self, zmq_port: int) -> None:
        self.sent: list[bytes] = []
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.PUB)
        self._socket.setsockopt(zmq.SNDHWM, 200_000)
        self._socket.bind(f"tcp://127.0.0.1:{zmq_port}")
        self._lock = threading.Lock()

    def send(self, transactions: list[tuple[bytes, bytes]]) -> None:
        with self._lock:
            for raw, txid in transactions:
                counter = len(self.sent).to_bytes(4, "little")
                number = (len(self.sent) + 1).to_bytes(8, "little")
                self._socket.send_multipart([b"rawtx", raw, counter])
                self._socket.send_multipart([b"sequence", txid + b"A" + number, counter])
                self.sent.append(txid)

    def answer(self, method: str) -> Any:
        with self._lock:
            match method:
                case "getblockchaininfo":
                    info = {"chain": "regtest", "blocks": 0, "headers": 0, "bestblockhash": TIP}
                    return {**info, "verificationprogress": 1.0, "initialblockdownload": False}
                case "getmempoolinfo":
                    return {"size": len(self.sent), "loaded": True}
                case "getzmqnotifications":
                    return [{"type": f"pub{topic}"} for topic in ("rawtx", "rawblock", "sequence")]
                case "getrawmempool":
                    txids = [txid.hex() for txid in self.sent]
                    return {"txids": txids, "mempool_sequence": len(self.sent) + 1}
                case "getblockhash":
                    return TIP
                case "getblock":
                    return bytes(80).hex() + "00"
            return None


def serve(flood: Flood, port: int) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            calls = asked if isinstance(asked, list) else [asked]
            done = [{"id": call["id"], "result": flood.answer(call["method"]), "error": None} for call in calls]
            body = json.dumps(done if isinstance(asked, list) else done[0]).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            return

    threading.Thread(target=ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever, daemon=True).start()


def main() -> None:
    rpc, zmq_port, rate = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    seconds, log = float(sys.argv[4]), Path(sys.argv[5])
    transactions = made(round(rate * seconds), 64_000.0, random.Random(1))
    flood = Flood(zmq_port)
    serve(flood, rpc)
    print("listening", flush=True)
    sys.stdin.readline()
    began = time.perf_counter()
    times = []
    for first in range(0, len(transactions), CHUNK):
        while time.perf_counter() - began < first / rate:
            time.sleep(0.0005)
        times.append(time.time())
        flood.send(transactions[first : first + CHUNK])
    rows = [(number // TAGGED % TAGS, times[number // CHUNK]) for number in range(0, len(transactions), TAGGED)]
    log.write_text(json.dumps({"rows": rows, "took_s": time.perf_counter() - began, "count": len(transactions)}))
    print("done", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
