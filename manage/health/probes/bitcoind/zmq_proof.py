"""Whether every block arrives over bitcoind's ZMQ: an open subscription compared with the tip that RPC reports.

The judging part is pure. Meaning of the topics: Bitcoin Core v31.99 doc/zmq.md; `sequence` sends C for each block that
is connected to the tip and D for each one that is disconnected, also during the initial download. ZMQ reconnects by
itself and silently loses what was sent meanwhile: only the counters and the missing block show it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from typing import Self

from nodeclients.zmq import CounterCheck, Frame, ZmqSubscriber, sequence_event

from manage.health.facts import AGE, UNIX, value, zero_time
from manage.health.model import Fact
from manage.immutable import dataclass

TOPICS = ("rawblock", "rawtx", "sequence")
REMEMBERED = 4096
"""How many connected blocks are remembered: during a sync, the tip of an RPC answer is soon thousands of blocks old."""
SETTLE_S = 2.0
"""How long a new subscription may take to reach the publisher; blocks of that time prove nothing."""
DISCONNECT_S = 5.0
"""How long before the last probe a D may have arrived whose tip RPC reports only now."""


@dataclass(frozen=True)
class Seen:
    """What has arrived over ZMQ. Times in unix seconds, None for never; hashes in hex as RPC writes them."""

    since: float
    """When the subscription began, or the node behind it restarted, or frames were missed between two connections."""
    blocks: frozenset[str] = frozenset()
    block_at: float | None = None
    """When the last C or D arrived."""
    disconnected: bool = False
    """The last event disconnected a block: the tip is its parent, which need not have been seen."""
    frame_at: float | None = None
    missed: int = 0
    gap_at: float | None = None
    gap_topic: str = ""


class Subscription:
    """An open SUB socket and what it has received; it keeps reading between probes."""

    def __init__(self, address: str, at: float) -> None:
        self._subscriber = ZmqSubscriber(address, TOPICS)
        self._reader: asyncio.Task[None] | None = None
        self.reset(at)

    async def open(self) -> Self:
        await self._subscriber.__aenter__()
        self._reader = asyncio.create_task(self._read())
        return self

    @property
    def alive(self) -> bool:
        return self._reader is not None and not self._reader.done()

    def reset(self, at: float) -> None:
        """Start again: the counters and blocks so far no longer prove anything."""
        self._since = at
        self._counters = CounterCheck()
        self._blocks: deque[str] = deque(maxlen=REMEMBERED)
        self._block_at: float | None = None
        self._disconnected = False
        self._frame_at: float | None = None
        self._missed = 0
        self._gap_at: float | None = None
        self._gap_topic = ""
        self._connections: dict[str, int] = {}
        """Topic -> on which connection its last frame came."""

    def seen(self) -> Seen:
        return Seen(
            since=self._since,
            blocks=frozenset(self._blocks),
            block_at=self._block_at,
            disconnected=self._disconnected,
            frame_at=self._frame_at,
            missed=self._missed,
            gap_at=self._gap_at,
            gap_topic=self._gap_topic,
        )

    async def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        await self._subscriber.__aexit__(None, None, None)

    def note_frame(self, frame: Frame, connection: int = 1) -> None:
        """Note one frame: its counter, and for `sequence` its block. `connection` counts those of this socket.

        What was sent between two connections is not lost by the node: the proof begins again, as after a restart.
        """
        gap = self._counters.see(frame.topic, frame.counter)
        previous = self._connections.get(frame.topic, connection)
        self._connections[frame.topic] = connection
        if gap is not None and (gap.restarted or previous != connection):
            self.reset(frame.at)
            self._connections[frame.topic] = connection
            self._counters.see(frame.topic, frame.counter)
        elif gap is not None:
            self._missed += gap.missed
            self._gap_at, self._gap_topic = frame.at, frame.topic
        self._frame_at = frame.at
        if frame.topic != "sequence":
            return
        try:
            event = sequence_event(frame.body)
        except ValueError:
            return
        if event.kind in "CD":
            self._block_at, self._disconnected = frame.at, event.kind == "D"
            if event.kind == "C":
                self._blocks.append(event.hash)

    async def _read(self) -> None:
        async for frame in self._subscriber:
            self.note_frame(frame, self._subscriber.connections)


def proof(earlier: Sequence[Fact], tip: str, seen: Seen, at: float, *, interrupted: bool = False) -> tuple[Fact, ...]:
    """Facts of the proof, from the previous facts, the RPC tip and what arrived over ZMQ.

    `zmq_proven`: the tip has moved since the proof began, and the new tip arrived over ZMQ. `zmq_behind`: seconds since
    RPC first reported a tip that has not arrived over ZMQ. `zmq_base`: the tip at which the proof began, which arrived
    before it. `interrupted`: a probe failed in between, so a block may have come unnoticed on both sides.
    """
    confirmed = tip in seen.blocks
    base = value(earlier, "zmq_base")
    behind_since = zero_time(earlier, "zmq_behind")
    unsettled = base is None or at - seen.since < SETTLE_S or value(earlier, "zmq_since") != seen.since
    hole = interrupted and behind_since is None and value(earlier, "tip_hash") != tip
    proven = bool(value(earlier, "zmq_proven", False))
    if unsettled or (not confirmed and (hole or _just_disconnected(earlier, seen))):
        base, behind_since, proven = tip, None, False
    known = confirmed or tip == base
    facts = [
        Fact("zmq_proven", known and (proven or tip != base), at),
        Fact("zmq_missed", seen.missed, at),
        Fact("zmq_silent", round(at - (seen.frame_at or seen.since), 3), at, AGE),
        Fact("zmq_block_age", round(at - (seen.block_at or seen.since), 3), at, AGE),
        Fact("zmq_base", base, at),
        Fact("zmq_since", seen.since, at, UNIX),
    ]
    if not known:
        facts.append(Fact("zmq_behind", round(at - (at if behind_since is None else behind_since), 3), at, AGE))
    if seen.gap_at is not None:
        facts.append(Fact("zmq_gap", round(at - seen.gap_at, 3), at, AGE))
        facts.append(Fact("zmq_gap_topic", seen.gap_topic, at))
    return tuple(facts)


def _just_disconnected(earlier: Sequence[Fact], seen: Seen) -> bool:
    """A block was disconnected since the last probe: the tip is its parent, which need not have arrived over ZMQ."""
    probed_at = next((fact.at for fact in earlier if fact.name == "zmq_base"), 0.0)
    return seen.disconnected and seen.block_at is not None and seen.block_at > probed_at - DISCONNECT_S
