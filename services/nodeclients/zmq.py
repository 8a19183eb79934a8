"""bitcoind's ZMQ notifications: frames from one SUB socket, and counters that show lost ones.

Facts: Bitcoin Core v31.99 `doc/zmq.md`, `src/zmq/zmqpublishnotifier.cpp`. A message has three parts: topic, body, and a
little-endian u32 counter kept per topic, from 0 at each start of the node. ZMQ reconnects by itself and silently
loses what was sent meanwhile: only the counters show it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self, cast

import zmq
import zmq.asyncio
from zmq.utils.monitor import recv_monitor_message

from nodeclients.links import CONNECT_S, ZMQ

COUNTER_MODULUS = 2**32


@dataclass(frozen=True)
class Frame:
    """One notification. `at` is the unix time of arrival in seconds."""

    topic: str
    body: bytes
    counter: int
    at: float


@dataclass(frozen=True)
class Gap:
    """A topic's counter did not grow by one. `restarted`: it went backwards, so the node has restarted."""

    topic: str
    expected: int
    got: int

    @property
    def restarted(self) -> bool:
        return (self.got - self.expected) % COUNTER_MODULUS >= COUNTER_MODULUS // 2

    @property
    def missed(self) -> int:
        """How many messages were lost; after a restart at least those before the first one received."""
        return self.got if self.restarted else (self.got - self.expected) % COUNTER_MODULUS


@dataclass
class CounterCheck:
    """Keeps each topic's next counter. A topic's first frame sets it, so a late subscriber has missed nothing yet."""

    expected: dict[str, int] = field(default_factory=dict)

    def see(self, topic: str, counter: int) -> Gap | None:
        """Note one frame; returns the gap before it, if there is one."""
        expected = self.expected.get(topic, counter)
        self.expected[topic] = (counter + 1) % COUNTER_MODULUS
        return None if counter == expected else Gap(topic, expected, counter)


@dataclass(frozen=True)
class SequenceEvent:
    """Body of the `sequence` topic: A added to and R removed from the mempool, C and D blocks (dis)connected."""

    kind: Literal["A", "R", "C", "D"]
    hash: str
    """Transaction id (A, R) or block hash (C, D), hex as RPC writes it."""
    mempool_sequence: int | None
    """Only for A and R."""


def sequence_event(body: bytes) -> SequenceEvent:
    """Read a `sequence` body: 32 bytes hash, a letter, for A and R a little-endian u64. Else ValueError."""
    kind = chr(body[32]) if len(body) > 32 else ""
    if kind not in {"A", "R", "C", "D"} or len(body) != (41 if kind in "AR" else 33):
        raise ValueError(f"not a sequence notification: {body.hex()}")
    number = int.from_bytes(body[33:41], "little") if kind in "AR" else None
    return SequenceEvent(cast(Literal["A", "R", "C", "D"], kind), body[:32].hex(), number)


def subscribe(socket: zmq.Socket[Any], address: str, topics: Sequence[str]) -> None:
    """Connect a SUB socket to a node. Every subscriber uses this, so that none stays on a dead connection.

    ZMTP's heartbeat finds such a connection (cut cable, dropped route) within 4 s, and ZMQ then connects again.
    """
    socket.setsockopt(zmq.RCVHWM, 0)  # never drop on our side: 0 means no limit
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.HEARTBEAT_IVL, _ms(ZMQ.every_s))
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, _ms(ZMQ.deadline_s))
    socket.setsockopt(zmq.CONNECT_TIMEOUT, _ms(CONNECT_S))
    socket.setsockopt(zmq.RECONNECT_IVL, _ms(ZMQ.retry.first_s))
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, _ms(ZMQ.retry.longest_s))
    for topic in topics:
        socket.setsockopt(zmq.SUBSCRIBE, topic.encode())
    socket.connect(address)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


class ZmqSubscriber:
    """A SUB socket on one address: `async with ZmqSubscriber("tcp://bitcoind:28332", ["sequence"]) as frames: ...`

    One address keeps the order between topics (rawtx before its A). Connecting never fails: an address without
    a publisher is just silent, so combine this with an RPC call and a deadline.

    `connections` counts the connections so far. What the node sends between two of them reaches nobody.
    """

    def __init__(self, address: str, topics: Sequence[str]) -> None:
        self.address = address
        self.connections = 0
        self._topics = tuple(topics)
        self._context: zmq.asyncio.Context | None = None
        self._counting: asyncio.Task[None] | None = None
        self._socket: zmq.asyncio.Socket | None = None

    async def __aenter__(self) -> Self:
        self._context = zmq.asyncio.Context()
        socket = self._context.socket(zmq.SUB)
        # Before it connects: a monitor tells nothing of a handshake that is over.
        monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        self._counting = asyncio.create_task(self._count(monitor))
        subscribe(socket, self.address, self._topics)
        self._socket = socket
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._counting is not None:
            self._counting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._counting
        if self._socket is not None:
            self._socket.disable_monitor()
            self._socket.close(linger=0)
        if self._context is not None:
            self._context.term()

    async def _count(self, monitor: zmq.asyncio.Socket) -> None:
        with monitor:  # closed at the end, else the context waits for it
            while True:
                await recv_monitor_message(monitor)
                self.connections += 1

    async def receive(self) -> Frame:
        """Wait for the next frame. Messages that do not have three parts are not bitcoind's and are skipped."""
        if self._socket is None:
            raise RuntimeError("use it as a context manager")
        while True:
            parts = await self._socket.recv_multipart()
            if len(parts) == 3 and len(parts[2]) == 4:
                topic, body, counter = parts
                return Frame(topic.decode("latin-1"), body, int.from_bytes(counter, "little"), time.time())

    async def __aiter__(self) -> AsyncIterator[Frame]:
        while True:
            yield await self.receive()
