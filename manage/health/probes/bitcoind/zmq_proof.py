"""Whether bitcoind's ZMQ still tells of every block: a held subscriber against the tip that RPC names.

The judging part is pure. Semantics of the topics: Bitcoin Core v31.99 doc/zmq.md; `sequence` sends C for each block
connected to the tip and D for each one taken off, also during the initial download. ZMQ reconnects by itself and loses
without an error what was sent meanwhile: only the counters and the missing block show it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from nodeclients.zmq import CounterCheck, Frame, ZmqSubscriber, sequence_event

from manage.health.facts import AGE, value, zero_time
from manage.health.model import Fact

TOPICS = ("rawblock", "rawtx", "sequence")
REMEMBERED = 4096
"""Blocks whose C is remembered: during a sync the tip of an RPC answer is soon some thousand blocks back."""
SETTLE_S = 2.0
"""How long a fresh subscription may take to reach the publisher; blocks of that time prove nothing."""

UNDONE_S = 5.0
"""How long before the last probe a D may have come whose tip RPC names only now."""


@dataclass(frozen=True)
class Seen:
    """What came over ZMQ so far. Times in unix seconds, None for never; hashes in hex as RPC writes them."""

    since: float
    """When the subscription began, or the node behind it started anew."""
    blocks: frozenset[str] = frozenset()
    block_at: float | None = None
    """When the last C or D came."""
    undone: bool = False
    """The last event took a block off: the tip is its parent, which need not have been seen."""
    frame_at: float | None = None
    missed: int = 0
    gap_at: float | None = None
    gap_topic: str = ""


class Subscription:
    """A held SUB socket and what it has seen; reads on between probes."""

    def __init__(self, address: str, at: float) -> None:
        self._subscriber = ZmqSubscriber(address, TOPICS)
        self._reader: asyncio.Task[None] | None = None
        self.forget(at)

    async def open(self) -> Self:
        await self._subscriber.__aenter__()
        self._reader = asyncio.create_task(self._read())
        return self

    @property
    def alive(self) -> bool:
        return self._reader is not None and not self._reader.done()

    def forget(self, at: float) -> None:
        """Begin the proof anew: the node has started again, so that its counters and blocks prove nothing any more."""
        self._since = at
        self._counters = CounterCheck()
        self._blocks: deque[str] = deque(maxlen=REMEMBERED)
        self._block_at: float | None = None
        self._undone = False
        self._frame_at: float | None = None
        self._missed = 0
        self._gap_at: float | None = None
        self._gap_topic = ""

    def seen(self) -> Seen:
        return Seen(
            since=self._since,
            blocks=frozenset(self._blocks),
            block_at=self._block_at,
            undone=self._undone,
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

    def take(self, frame: Frame) -> None:
        """Note one frame: its counter, and for `sequence` the block it tells of."""
        gap = self._counters.see(frame.topic, frame.counter)
        if gap is not None and gap.restarted:
            self.forget(frame.at)
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
            self._block_at, self._undone = frame.at, event.kind == "D"
            if event.kind == "C":
                self._blocks.append(event.hash)

    async def _read(self) -> None:
        async for frame in self._subscriber:
            self.take(frame)


def proof(earlier: Sequence[Fact], tip: str, seen: Seen, at: float, *, interrupted: bool = False) -> tuple[Fact, ...]:
    """Facts of the proof, from those before, the RPC tip and what ZMQ told.

    `zmq_proven`: the tip has moved since the proof began, and ZMQ told of it. `zmq_behind`: seconds since RPC
    first named a tip that ZMQ did not tell of. `zmq_base`: the tip at which the proof began, which nobody told of.
    `interrupted`: questions failed in between, so a block may have come while neither side was heard.
    """
    confirmed = tip in seen.blocks
    base = value(earlier, "zmq_base")
    behind_since = zero_time(earlier, "zmq_behind")
    unsettled = base is None or at - seen.since < SETTLE_S or value(earlier, "zmq_since") != seen.since
    hole = interrupted and behind_since is None and value(earlier, "tip_hash") != tip
    proven = bool(value(earlier, "zmq_proven", False))
    if unsettled or (not confirmed and (hole or _just_undone(earlier, seen))):
        base, behind_since, proven = tip, None, False
    told = confirmed or tip == base
    facts = [
        Fact("zmq_proven", told and (proven or tip != base), at),
        Fact("zmq_missed", seen.missed, at),
        Fact("zmq_silent", round(at - (seen.frame_at or seen.since), 3), at, AGE),
        Fact("zmq_block_age", round(at - (seen.block_at or seen.since), 3), at, AGE),
        Fact("zmq_base", base, at),
        Fact("zmq_since", seen.since, at),
    ]
    if not told:
        facts.append(Fact("zmq_behind", round(at - (at if behind_since is None else behind_since), 3), at, AGE))
    if seen.gap_at is not None:
        facts.append(Fact("zmq_gap", round(at - seen.gap_at, 3), at, AGE))
        facts.append(Fact("zmq_gap_topic", seen.gap_topic, at))
    return tuple(facts)


def _just_undone(earlier: Sequence[Fact], seen: Seen) -> bool:
    """A block was taken off since the last probe: the tip is its parent, of which nobody need have told."""
    probed_at = next((fact.at for fact in earlier if fact.name == "zmq_base"), 0.0)
    return seen.undone and seen.block_at is not None and seen.block_at > probed_at - UNDONE_S
