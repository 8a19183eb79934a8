"""ZMQ notifications with Core's message bodies and counters (doc/zmq.md, src/zmq/zmqpublishnotifier.cpp at v31.99)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import zmq

from sandbox.bitcoind.block import Block
from sandbox.bitcoind.conf import Publisher
from sandbox.bitcoind.tx import Tx


class Notifier:
    """One PUB socket per address. Before `open` and after `close` nothing is sent, but the counters still increase."""

    def __init__(self, publishers: Sequence[Publisher]) -> None:
        self.publishers = tuple(publishers)
        self._counters = dict.fromkeys(self.publishers, 0)
        self._context: zmq.Context[zmq.Socket[bytes]] | None = None
        self._sockets: dict[str, zmq.Socket[bytes]] = {}

    def open(self) -> None:
        """Bind every address. Raises zmq.ZMQError if one is in use. Topics on one address use the hwm of the first."""
        self._context = zmq.Context()
        for publisher in self.publishers:
            if publisher.address not in self._sockets:
                socket = self._context.socket(zmq.PUB)
                socket.setsockopt(zmq.SNDHWM, publisher.hwm)
                socket.setsockopt(zmq.LINGER, 0)
                socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
                socket.bind(publisher.address)
                self._sockets[publisher.address] = socket

    def close(self) -> None:
        for socket in self._sockets.values():
            socket.close(linger=0)
        self._sockets.clear()
        if self._context is not None:
            self._context.term()
            self._context = None

    def transaction(self, tx: Tx) -> None:
        """A transaction was accepted, or its block was connected or disconnected."""
        self._send("hashtx", tx.txid[::-1])
        self._send("rawtx", tx.raw)

    def mempool(self, letter: str, txid: bytes, sequence: int) -> None:
        """Letter A: added. Letter R: removed, but not by a block."""
        self._send("sequence", txid[::-1] + letter.encode() + sequence.to_bytes(8, "little"))

    def block(self, letter: str, block: Block) -> None:
        """Letter C: connected. Letter D: disconnected. The block's transactions come first."""
        for tx in block.transactions:
            self.transaction(tx)
        self._send("sequence", block.hash[::-1] + letter.encode())

    def tip(self, block: Block) -> None:
        """The best block changed; sent once for a whole reorg."""
        self._send("hashblock", block.hash[::-1])
        self._send("rawblock", block.raw)

    def _send(self, topic: str, body: bytes) -> None:
        for publisher in self.publishers:
            if publisher.topic == topic:
                counter = self._counters[publisher]
                self._counters[publisher] = (counter + 1) % 2**32
                if socket := self._sockets.get(publisher.address):
                    with contextlib.suppress(zmq.Again):
                        socket.send_multipart([topic.encode(), body, counter.to_bytes(4, "little")], zmq.NOBLOCK)
