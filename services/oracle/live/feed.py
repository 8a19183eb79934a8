"""Connects the node to `Live`: passes on every frame, sends ticks, and recovers from missed messages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import NoReturn

from nodeclients.errors import NodeFault
from nodeclients.zmq import Frame

from oracle.histogram import SPAN
from oracle.live import recording
from oracle.live.answer import Market
from oracle.live.clock import SteadyClock
from oracle.live.core import CONNECTING, READING, STARTING, Live, Update
from oracle.live.mempool import TOPICS
from oracle.live.node import BATCH, Node, Status, explanation
from oracle.live.zmq_reader import CONNECTED, ZmqReader

log = logging.getLogger(__name__)

TICK_S = 0.5
POLL_S = 2.0
RETRY_S = 0.5
AT_ONCE = 2000
"""Frames processed before other tasks run, about 20 ms."""
HISTORY = 144
"""Blocks read at the start: a day."""
UNCONNECTED_S = 3.0
UNANNOUNCED_S = 10.0
"""How long RPC may report a tip that ZMQ has not announced."""
SILENT = 3
"""After the mempool has changed this many times in a row without a ZMQ message, ZMQ counts as silent."""
SETTLE_S = 0.2
"""Delay before a snapshot, so that a burst of losses ends first."""


class Feed:
    """`await Feed(...).run()` runs until it is cancelled. It raises only internal errors."""

    def __init__(
        self,
        node: Node,
        zmq_address: str,
        live: Live,
        on_update: Callable[[Update], None],
        *,
        record: Callable[[Frame], None] = lambda _: None,
        clock: SteadyClock | None = None,
    ) -> None:
        """Calls `on_update` with every answer and `record` with every input."""
        self.live = live
        self._node = node
        self._address = zmq_address
        self._on_update = on_update
        self._record = record
        self._clock = clock or SteadyClock()
        self._came = asyncio.Event()
        self._lost = asyncio.Event()
        self._frames = 0
        self._frames_at_poll = 0
        self._differed = False  # at the last poll: the size differed, and ZMQ had sent nothing
        self._silences = 0
        self._connections = 0
        self._unconnected_since = self._clock.now()
        self._height = -1  # height of the last known block
        self._tip = b""  # the last tip announced or read
        self._unannounced_since: float | None = None
        self._asked: set[bytes] = set()

    async def run(self) -> NoReturn:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            loop.call_soon_threadsafe(self._came.set)

        with ZmqReader(self._address, TOPICS, self._clock.now, wake) as reader:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pump(reader))
                tasks.create_task(self._tick())
                tasks.create_task(self._keep_in_step(reader))
        raise AssertionError("the feed's tasks never return")

    def _take(self, frame: Frame) -> None:
        self._record(frame)
        update = self.live.take(frame)
        if update is not None:
            self._on_update(update)

    def _own(self, topic: str, body: str = "") -> None:
        self._take(recording.own(topic, self._clock.now(), body.encode()))

    async def _pump(self, reader: ZmqReader) -> NoReturn:
        while True:
            await self._came.wait()
            self._came.clear()
            while frames := reader.pop_frames(AT_ONCE):
                for frame in frames:
                    if frame.topic == CONNECTED:
                        self._connected()
                    else:
                        self._take(frame)
                self._frames += len(frames)
                if self.live.mempool.lost:
                    self._lost.set()
                await asyncio.sleep(0)
            if reader.fault is not None:
                raise reader.fault

    def _connected(self) -> None:
        self._connections += 1
        if self._connections > 1:
            self._own(recording.INTERRUPTED, "the ZMQ connection was interrupted")

    async def _tick(self) -> NoReturn:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self._own(recording.TICK)
            due = max(due + TICK_S, loop.time())
            await asyncio.sleep(due - loop.time())

    async def _keep_in_step(self, reader: ZmqReader) -> NoReturn:
        """Poll the node every `POLL_S`, or at once after a loss."""
        while True:
            try:
                fault = await self._step(reader)
            except NodeFault as error:
                fault = explanation(error)
            if fault:
                if not self.live.mempool.lost:
                    self._own(recording.INTERRUPTED, fault)
                self._set_readiness(fault)
                await asyncio.sleep(RETRY_S)
                continue
            if not self.live.mempool.lost:
                self._lost.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(POLL_S):
                        await self._lost.wait()
            await asyncio.sleep(SETTLE_S if self.live.mempool.lost else 0)

    async def _step(self, reader: ZmqReader) -> str:
        """Why the node cannot be used; "" if it can and the mempool is in sync."""
        if jump_s := self._clock.jumped():
            self._start_over(jump_s)
        status = await self._node.status()
        fault = status.fault or self._connection_fault(reader)
        if fault:
            return fault
        if not self.live.ready and (fault := await self._node.topics_fault()):
            return fault
        self._compare(reader, status)
        if self._silences >= SILENT:
            return f"the mempool changes, but ZMQ at {self._address} sends no messages"
        if self.live.mempool.lost:
            await self._catch_up(status)
        if not self.live.mempool.lost:
            self._set_readiness("")
        await self._fill()
        return ""

    async def _catch_up(self, status: Status) -> None:
        """Read new blocks and a snapshot of the mempool."""
        log.info("taking a snapshot of the mempool: %s", self.live.mempool.lost)
        if self._height < 0:
            self._set_readiness(READING)
            await self._read_blocks(status)
        self._own(recording.BEGIN)
        sequence, txids = await self._node.snapshot()
        self._take(recording.snapshot(sequence, txids, self._clock.now()))
        await self._read_blocks(status)
        self._tip, self._unannounced_since = status.tip, None
        self._asked.clear()

    async def _read_blocks(self, status: Status) -> None:
        first = max(self._height, status.height - HISTORY) + 1
        if self.live.market is not Market.NONE and first <= status.height:
            async for raw in self._node.blocks(first, status.height, self.live.block_hashes):
                self._take(Frame(recording.BLOCK, raw, 0, self._clock.now()))
        self._height = status.height

    async def _fill(self) -> None:
        """Fetch mempool transactions that ZMQ did not send, if they entered within the window."""
        missing = self.live.mempool.missing
        self._asked &= missing
        wanted = [txid[::-1].hex() for txid in missing - self._asked]
        for first in range(0, len(wanted), BATCH):
            if self.live.mempool.lost:
                return
            batch = wanted[first : first + BATCH]
            self._asked.update(bytes.fromhex(txid)[::-1] for txid in batch)
            recent = await self._node.waiting_since(batch, self._clock.now() - SPAN)
            raws = await self._node.raw([txid for txid, _ in recent])
            for (_, entered), raw in zip(recent, raws, strict=True):
                if raw is not None:
                    self._take(recording.transaction(raw, entered, self._clock.now()))

    def _compare(self, reader: ZmqReader, status: Status) -> None:
        """Detect that ZMQ is silent although the mempool or the tip has changed."""
        mempool, now = self.live.mempool, self._clock.now()
        quiet = self._frames == self._frames_at_poll and not len(reader)
        self._frames_at_poll = self._frames
        if not quiet:
            self._silences = 0
        if not mempool.exact:
            return
        differs = quiet and status.mempool_size != len(mempool.tracked)
        if differs and self._differed:
            self._silences += 1
            update = f"ZMQ announced {len(mempool.tracked)} transactions, the node has {status.mempool_size}"
            self._own(recording.INTERRUPTED, update)
        self._differed = differs
        if status.tip == self._tip or status.tip in self.live.block_hashes:
            self._tip, self._height, self._unannounced_since = status.tip, status.height, None
        elif self._unannounced_since is None:
            self._unannounced_since = now
        elif now - self._unannounced_since > UNANNOUNCED_S:
            self._own(recording.INTERRUPTED, "ZMQ did not announce the tip")

    def _connection_fault(self, reader: ZmqReader) -> str:
        now = self._clock.now()
        if reader.connected:
            self._unconnected_since = now
            return ""
        if now - self._unconnected_since < UNCONNECTED_S:
            return CONNECTING
        return f"no ZMQ publisher answers at {self._address}; compare it with the -zmqpub options of bitcoind"

    def _set_readiness(self, fault: str) -> None:
        ready = not fault
        if (ready, fault) != (self.live.ready, self.live.reason):
            own = ready or fault in STARTING
            log.log(logging.INFO if own else logging.WARNING, "%s", fault or "in sync with the node")
            self._take(recording.readiness(ready, fault, self._clock.now()))

    def _start_over(self, jump_s: float) -> None:
        log.warning("the clock jumped by %.1f s: reading everything again", jump_s)
        self._clock.set()
        self._own(recording.RESET)
        self._height = -1
