"""One session with kaspad: subscribe, read all balances, apply notifications, detect silence.

A subscription ends with its connection, and kaspad has no cursor to resume from. So a session ends at its first
failure, and the next one subscribes and reads all balances again.

Order for each address: (1) subscribe, (2) the reader asks for its unspent outputs on another connection, (3) store
them, then apply the notifications that arrived meanwhile, idempotently by outpoint. kaspad commits to its index before
it notifies, so a notification follows for any change that the snapshot does not contain. Other addresses do not wait.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from nodeclients.errors import NodeUnreachable
from nodeclients.kaspad import Closed, KaspadClient, Notification
from nodeclients.links import KASPAD

from tracker import audit, node
from tracker.counters import Counters
from tracker.follower_state import StateHolder
from tracker.inbox import FirstPass, Follow, Heartbeat, Read, Unfollow
from tracker.ledger import Change, fold, parse_change
from tracker.networks import KaspaNetwork
from tracker.reader import Reader
from tracker.store import accounts, balances
from tracker.store.accounts import CHAIN
from tracker.store.balances import Moment
from tracker.store.database import Database
from tracker.unanswerable import BATCH, Unanswerable, chunks

log = logging.getLogger(__name__)

CALL_DEADLINE_S = KASPAD.deadline_s
"""Together with the heartbeat: a node that accepts TCP but never answers is detected within 6 s."""
CONFIRM_EVERY_S = 10.0
AUDIT_EVERY_S = 30.0
RETRY_EVERY_S = 1.0
MAX_QUEUED = 20_000
"""Limit on queued notifications, which bounds memory. Beyond it, a new snapshot is cheaper than applying them."""
MAX_QUEUED_SIZE = 16 << 20
"""The same in characters of their frames; parsed, they take five times as much."""
MAX_HELD = 100_000
"""Limit on the outputs that wait for the snapshots of their addresses."""


class ChainReplaced(Exception):
    """The node has taken over another set of unspent outputs: every balance must be read again."""


Item = Notification | Follow | Unfollow | Heartbeat | Read | FirstPass


class Session:
    """Use once: `await Session(...).run("connect")` never returns; it raises the error that ended the session."""

    def __init__(
        self,
        url: str,
        network: KaspaNetwork,
        database: Database,
        counters: Counters,
        holder: StateHolder,
        *,
        unanswerable: Unanswerable,
    ) -> None:
        self.inbox: asyncio.Queue[Item] = asyncio.Queue()
        self._url = url
        self._events = KaspadClient(url, timeout_s=CALL_DEADLINE_S)
        self._network = network
        self._database = database
        self._counters = counters
        self._holder = holder
        self._unanswerable = unanswerable
        self._reader = Reader(url, database, self.inbox, unanswerable)
        self._followed: set[str] = set()
        self._held: list[Change] = []
        """Changes of addresses that are being read, in order."""
        self._queued_size = 0
        """Of the notifications in the inbox."""
        self._confirmed_at = 0.0
        self._suspects: frozenset[str] = frozenset()

    async def run(self, cause: str) -> None:
        """Raises NodeFault, NodeUnsuitable, ChainReplaced, DatabaseUnavailable or ValueError, perhaps in a group."""
        async with self._events, asyncio.TaskGroup() as group:
            await node.server_info(self._events, self._network, CALL_DEADLINE_S)
            group.create_task(self._receive())
            group.create_task(self._heartbeat())
            await self._resync(cause)
            group.create_task(self._reader.run())
            group.create_task(self._schedule_retries())
            group.create_task(self._schedule_audits())
            while True:
                await self._handle(await self._next_batch())

    async def _receive(self) -> None:
        async for note in self._events.notifications():
            if isinstance(note, Closed):
                raise NodeUnreachable(f"kaspad closed the connection ({note.code} {note.reason}".rstrip() + ")")
            self._queued_size += note.size
            if self.inbox.qsize() >= MAX_QUEUED or self._queued_size > MAX_QUEUED_SIZE:
                raise NodeUnreachable("kaspad sent more notifications than the database could store")
            self.inbox.put_nowait(note)

    async def _heartbeat(self) -> None:
        """Call on the connection of the subscription, which may otherwise be silent for a long time."""
        while True:
            info = await node.server_info(self._events, self._network, CALL_DEADLINE_S)
            self.inbox.put_nowait(Heartbeat(info, time.time()))
            await asyncio.sleep(KASPAD.every_s)

    async def _schedule_retries(self) -> None:
        while True:
            await asyncio.sleep(RETRY_EVERY_S)
            for address in self._unanswerable.due(time.time()):
                if address not in self._reader.waiting:
                    self.inbox.put_nowait(Follow(address, "retry"))

    async def _schedule_audits(self) -> None:
        while True:
            await asyncio.sleep(AUDIT_EVERY_S)
            await self.audit()

    async def _next_batch(self) -> list[Item]:
        batch = [await self.inbox.get()]
        while not self.inbox.empty():
            batch.append(self.inbox.get_nowait())
        self._queued_size = 0
        return batch

    async def _handle(self, batch: Sequence[Item]) -> None:
        """Handle everything queued, the ends of readings after the notifications that wait for them."""
        notes = [item for item in batch if isinstance(item, Notification)]
        for item in batch:
            if isinstance(item, Unfollow):
                await self._unfollow(item.address)
        if any(note.scope == "PruningPointUtxoSetOverride" for note in notes):
            raise ChainReplaced("kaspad has replaced its set of unspent outputs")
        await self._apply([note for note in notes if note.scope == "UtxosChanged"])
        for item in batch:
            if isinstance(item, Read):
                await self._end_reading(item)
        await self._follow([item for item in batch if isinstance(item, Follow)])
        if any(isinstance(item, FirstPass) for item in batch):
            now = time.time()
            self._set(following=True, reason="", waits_for=(), confirmed_at=now, since=now)
            log.info("addresses followed: %d", len(self._followed))
        if heartbeats := [item for item in batch if isinstance(item, Heartbeat)]:
            await self._confirm(heartbeats[-1])

    async def _resync(self, cause: str) -> None:
        """Subscribe to every followed address and queue it for reading. Until then no balance counts as confirmed."""
        self._set(following=False, reason="the tracker is reading all balances", waits_for=("kaspad",))
        followed = [account.address for account in await self._database.run(accounts.listing)]
        self._followed = set(followed)
        self._unanswerable.answered(list(self._unanswerable.failures.keys() - self._followed))
        self._counters.resyncs[cause] += 1
        await self._events.subscribe("PruningPointUtxoSetOverride")
        batches = self._unanswerable.batches(followed)
        await self._subscribe([address for batch in batches for address in batch])
        self._reader.add(batches)
        self._show_unread()

    async def _follow(self, asked: Sequence[Follow]) -> None:
        new = {item.address: item.cause for item in asked if item.cause == "follow" or item.address in self._followed}
        if not new:
            return
        self._followed.update(new)
        for cause in set(new.values()):
            self._counters.resyncs[cause] += 1
        await self._subscribe(list(new))
        together = [address for address, cause in new.items() if cause == "follow"]
        alone = [(address,) for address, cause in new.items() if cause == "retry"]
        self._reader.add([*chunks(together, BATCH), *alone])
        self._show_unread()

    async def _unfollow(self, address: str) -> None:
        self._followed.discard(address)
        self._unanswerable.answered([address])
        await self._events.unsubscribe("UtxosChanged", {"addresses": [address]})
        self._show_unread()

    async def _subscribe(self, addresses: Sequence[str]) -> None:
        for chunk in chunks(addresses, 1000):  # an empty list would subscribe to all addresses of the chain
            await self._events.subscribe("UtxosChanged", {"addresses": list(chunk)})

    async def _end_reading(self, read: Read) -> None:
        """Apply the changes that waited for this snapshot; or give up the address that has none."""
        free = self._reader.done(read.addresses)
        if read.fault:
            await self._give_up(read.addresses[0], read.fault)
        else:
            self._unanswerable.answered(read.addresses)
            await self._write(fold(change.only(free) for change in self._held))
        self._held = [rest for change in self._held if (rest := change.only(self._reader.waiting)).addresses]
        self._show_unread()

    async def _give_up(self, address: str, fault: str) -> None:
        """Leave this address out until its next attempt; without a subscription, so that it burdens no other."""
        if address not in self._followed:
            return
        await self._events.unsubscribe("UtxosChanged", {"addresses": [address]})
        failure = self._unanswerable.failed(address, fault, time.time())
        log.warning("cannot read %s (attempt %d): %s", address, failure.attempts, fault)

    async def _apply(self, notes: Sequence[Notification]) -> None:
        if not notes:
            return
        change = fold(parse_change(note.body) for note in notes)
        waiting = self._reader.waiting.keys()
        if (later := change.only(waiting)).addresses:
            self._held.append(later)
            if sum(len(each.removed) + len(each.added) for each in self._held) > MAX_HELD:
                raise NodeUnreachable("kaspad sent more changes than the tracker holds while it reads balances")
        await self._write(change.only(change.addresses - waiting - self._unanswerable.failures.keys()))
        self._counters.events += len(notes)
        self._set(last_event_at=time.time())

    async def _write(self, change: Change) -> None:
        if not change.addresses:
            return
        newest = max((utxo.block_daa_score for utxo in change.added.values()), default=0)
        moment = Moment(datetime.now(UTC), max(newest, self._holder.state.daa_score))
        changed = await self._database.run(lambda connection: balances.apply(connection, CHAIN, change, moment))
        for address, balance in changed.items():
            log.debug("%s has %d sompi at DAA score %d", address, balance, moment.daa_score)

    async def _confirm(self, heartbeat: Heartbeat) -> None:
        """Only what was read since the connection can be confirmed; the database confirms all balances or none."""
        state = self._holder.state
        self._set(synced=heartbeat.info.synced)
        if not state.following:
            return
        self._set(confirmed_at=heartbeat.at, daa_score=heartbeat.info.daa_score)
        complete = not state.reading and not state.unanswerable
        if complete and heartbeat.info.synced and heartbeat.at - self._confirmed_at >= CONFIRM_EVERY_S:
            self._confirmed_at = heartbeat.at
            moment = Moment(datetime.fromtimestamp(heartbeat.at, UTC), heartbeat.info.daa_score)
            await self._database.run(lambda connection: balances.confirm(connection, CHAIN, moment))

    async def audit(self) -> None:
        """Compare our balances with the node's. Those that differ twice in a row missed a change and are read again.

        A single difference proves nothing: the node may be one notification ahead.
        """
        held = {account.address: account.balance for account in await self._database.run(accounts.listing)}
        for address in self._reader.waiting.keys() | self._unanswerable.failures.keys():
            held.pop(address, None)
        differing = await audit.differing(self._url, held)
        lost = sorted(differing & self._suspects & self._followed - self._reader.waiting.keys())
        self._suspects = differing
        if lost:
            log.warning("kaspad did not report changes to %d addresses; reading them again", len(lost))
            self._counters.resyncs["audit"] += 1
            self._reader.add(list(chunks(lost, BATCH)))
            self._show_unread()

    def _show_unread(self) -> None:
        failures = self._unanswerable.failures
        reading = frozenset(self._reader.waiting)
        self._set(reading=reading, unanswerable={address: failure.sentence for address, failure in failures.items()})

    def _set(self, **fields: object) -> None:
        self._holder.state = replace(self._holder.state, **fields)  # type: ignore[arg-type]  # names of its fields
