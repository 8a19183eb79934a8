"""An exact copy of the node's mempool, from its ZMQ notifications alone. Pure: frames in, events out.

Facts: Bitcoin Core v31.99 `doc/zmq.md`, `src/zmq/zmqnotificationinterface.cpp`, `src/validation.cpp`,
`test/functional/interface_zmq.py`.

- All notifications come from one queue. On one address, a transaction's `rawtx` comes right before its `A`, and all
  `rawtx` of a block right before its `C` or `D`. So `rawtx` is buffered until the next letter says what it was.
- Mined transactions get no `R`, but each takes a mempool sequence number. Conflicts of a block get their `R` before its
  `C`, so the sequence of an `R` may be ahead by the number of mined transactions; the `C` must then account for it. An
  `A` is never ahead. (In a reorganisation it may be, because `C` comes last. That looks like a loss, and the recovery
  is the same.)
- `rawblock` follows the last `C` of a change of the tip; its number of transactions is compared with those received.
- Any inconsistency means that messages were missed: `lost` says which, and the owner takes a snapshot with
  `getrawmempool(mempool_sequence=true)`. Older notifications are recognised by their sequence number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import NamedTuple

from nodeclients.zmq import CounterCheck, Frame, sequence_event

from oracle.parse import HEADER, Verdict, scan_transaction, transaction_id
from oracle.wire import NULL_PARENT, Malformed, compact_size

TOPICS = ("rawtx", "rawblock", "sequence")
UNEXPLAINED_S = 5.0
"""How long the sequence of an `R` may be ahead without a block that explains it."""
MOST_PENDING = 20_000
"""Limit on transactions between two letters: a block of weight 4,000,000 fits 16,666 of the smallest (60 bytes)."""
MOST_HELD = 200_000
"""Limit on frames buffered during a snapshot; beyond it, another snapshot is cheaper than the memory."""


class Transaction(NamedTuple):
    """One transaction; `txid` in wire order, as everywhere in this module."""

    txid: bytes
    raw: bytes
    verdict: Verdict
    outputs: tuple[bytes, ...] | None
    """The filter's result from its own bytes, as in `oracle.parse.Scanned`."""


class Added(NamedTuple):
    """A transaction entered the mempool at `at` (unix s)."""

    transaction: Transaction
    at: float


class Removed(NamedTuple):
    """A transaction was replaced, evicted or expired, so the payment will not happen."""

    txid: bytes


class Connected(NamedTuple):
    """A block was connected; its transactions, the coinbase first."""

    block_hash: bytes
    transactions: list[Transaction]
    at: float


class Left(NamedTuple):
    """A transaction left while messages were missed: mined or replaced."""

    txid: bytes


Event = Added | Removed | Connected | Left


def read_transaction(raw: bytes) -> Transaction:
    """Raises Malformed unless the bytes are exactly one transaction."""
    body_end, end, verdict, outputs = scan_transaction(raw)
    if end != len(raw):
        raise Malformed("bytes after the transaction")
    return Transaction(transaction_id(raw, 0, body_end, end), raw, verdict, outputs)


class Mempool:
    """The set of tracked transactions, and whether it is exact.

    Pass every frame to `take`. While `lost` is not "", call `begin`, fetch a snapshot and `load` it. Then `fill` the
    `missing` transactions.
    """

    def __init__(self) -> None:
        self.tracked: set[bytes] = set()
        self.missing: set[bytes] = set()
        """Tracked transactions whose bytes are not known yet."""
        self.lost = "no snapshot has been taken yet"
        """Why a snapshot is needed; "" while the set is exact."""
        self.events_missed = 0
        self.malformed = 0
        self.resyncs = 0
        self.expected = 0
        """The next mempool sequence number."""
        self._counters = CounterCheck()
        self._held: list[Frame] | None = None
        self._snapshot: frozenset[bytes] = frozenset()
        self._snapshot_sequence = 0
        self._pending: dict[bytes, Transaction] = {}
        self._unread = False  # a transaction since the last letter could not be parsed
        self._block: tuple[bytes, int] | None = None  # hash and number of transactions of the last `C`
        self._ahead = 0
        self._ahead_since = 0.0

    @property
    def exact(self) -> bool:
        """Whether the tracked set equals the node's."""
        return not self.lost and self._held is None

    def take(self, frame: Frame) -> list[Event]:
        """The events of one frame. Frames of other topics are counted and otherwise ignored."""
        gap = self._counters.see(frame.topic, frame.counter)
        if gap is not None:
            self.events_missed += gap.missed
            self._lose("the node has restarted" if gap.restarted else f"{gap.missed} messages of {gap.topic} were lost")
        if self._held is not None:
            self._held.append(frame)
            if len(self._held) > MOST_HELD:
                self._lose("too many messages arrived during the snapshot")
            return []
        if self.lost:
            return []
        if frame.topic == "rawtx":  # no event by itself, and a block sends thousands
            self._hear(frame.body)
            return []
        return list(self._apply(frame))

    def interrupted(self, reason: str) -> None:
        """Messages may have been lost for another reason: an interrupted connection, or a set that differs."""
        self._lose(reason)

    def forget(self, reason: str) -> None:
        """Discard everything: after the next snapshot, all transactions are `missing`."""
        self.tracked.clear()
        self.missing.clear()
        self._lose(reason)

    def begin(self) -> None:
        """Call before requesting a snapshot: from now on, frames are buffered."""
        self.lost = ""
        self._held = []
        self._pending.clear()
        self._unread = False
        self._block = None
        self._ahead = 0

    def load(self, sequence: int, txids: Iterable[bytes]) -> list[Event]:
        """Load a snapshot: all transaction ids and the next sequence number. Then apply the buffered frames."""
        held, self._held = self._held or [], None
        self._snapshot, self._snapshot_sequence = frozenset(txids), sequence
        self.expected = sequence
        self.resyncs += 1
        events: list[Event] = [Left(txid) for txid in self.tracked - self._snapshot]
        self.missing = (self.missing & self._snapshot) | (self._snapshot - self.tracked)
        self.tracked = set(self._snapshot)
        for frame in held:
            if not self.lost:
                events += self._apply(frame)
        return events

    def fill(self, transaction: Transaction, at: float) -> list[Event]:
        """Add the bytes of a `missing` transaction that entered at `at`. No event if it has left meanwhile."""
        if transaction.txid not in self.missing:
            return []
        self.missing.discard(transaction.txid)
        return [Added(transaction, at)]

    def check_clock(self, now: float) -> None:
        """Detect an `R` whose sequence is ahead and that no block has explained."""
        if self._ahead and now - self._ahead_since > UNEXPLAINED_S:
            self._lose("the sequence of a removal is ahead, and no block explains it")

    def _apply(self, frame: Frame) -> Iterator[Event]:
        match frame.topic:
            case "rawtx":
                self._hear(frame.body)
            case "sequence":
                yield from self._letter(frame)
                self._pending.clear()
                self._unread = False
            case "rawblock":
                self._compare(frame.body)

    def _hear(self, raw: bytes) -> None:
        try:
            transaction = read_transaction(raw)
        except Malformed:
            self.malformed += 1
            self._unread = True
            return
        self._pending[transaction.txid] = transaction
        if len(self._pending) > MOST_PENDING:
            self._lose("transactions arrived without sequence notifications")

    def _letter(self, frame: Frame) -> Iterator[Event]:
        try:
            event = sequence_event(frame.body)
        except ValueError:
            self.malformed += 1
            self._lose("a sequence notification cannot be read")
            return
        name = bytes.fromhex(event.hash)[::-1]
        match event.kind:
            case "A":
                yield from self._added(name, event.mempool_sequence or 0, frame.at)
            case "R":
                yield from self._removed(name, event.mempool_sequence or 0, frame.at)
            case "C":
                yield from self._connected(name, frame.at)

    def _compare(self, raw: bytes) -> None:
        """Compare a block with the transactions received before its `C`."""
        if self._block is None or sha256(sha256(raw[:HEADER]).digest()).digest() != self._block[0]:
            return
        try:
            count, _ = compact_size(raw, HEADER)
        except (Malformed, IndexError):
            self.malformed += 1
            return
        if count != self._block[1]:
            self._lose(f"ZMQ sent {self._block[1]} of a block's {count} transactions")

    def _added(self, txid: bytes, sequence: int, at: float) -> Iterator[Event]:
        if sequence < self._snapshot_sequence:  # older than the snapshot, which is authoritative
            if txid in self._snapshot:
                self.tracked.add(txid)
                if txid in self.missing and (known := self._pending.get(txid)):
                    yield from self.fill(known, at)
            return
        if sequence != self.expected or self._ahead:
            self._lose(f"expected mempool sequence {self.expected}, got {sequence}")
            return
        self._caught_up(sequence)
        self.tracked.add(txid)
        self.missing.add(txid)
        if transaction := self._pending.get(txid):
            yield from self.fill(transaction, at)

    def _removed(self, txid: bytes, sequence: int, at: float) -> Iterator[Event]:
        if sequence < self._snapshot_sequence:
            return
        if sequence < self.expected or txid not in self.tracked:
            self._lose(f"an unknown transaction left with mempool sequence {sequence}")
            return
        if sequence > self.expected:
            self._ahead += sequence - self.expected
            self._ahead_since = at
        self._caught_up(sequence)
        self.tracked.discard(txid)
        self.missing.discard(txid)
        yield Removed(txid)

    def _connected(self, block_hash: bytes, at: float) -> Iterator[Event]:
        transactions = list(self._pending.values())
        if self._unread or not transactions or not _is_coinbase(transactions[0].raw):
            self._lose("ZMQ did not send all transactions of a block")
            return
        mined = [t.txid for t in transactions if t.txid in self.tracked]
        if len(mined) < self._ahead:
            self._lose("a block mined fewer transactions than the mempool sequence implies")
            return
        self.expected += len(mined) - self._ahead
        self._ahead = 0
        self._block = (block_hash, len(transactions))
        self.tracked.difference_update(mined)
        self.missing.difference_update(mined)
        yield Connected(block_hash, transactions, at)

    def _caught_up(self, sequence: int) -> None:
        """The first change after the snapshot: the snapshot is no longer needed."""
        self.expected = sequence + 1
        self._snapshot = frozenset()

    def _lose(self, reason: str) -> None:
        if not self.lost:
            self.lost = reason
            self._held = None


def _is_coinbase(raw: bytes) -> bool:
    """Whether a well-formed transaction is a coinbase."""
    first = 5 if raw[4] else 7
    return raw[first - 1] == 1 and raw[first : first + 36] == NULL_PARENT
