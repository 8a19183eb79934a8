"""What waits in the node's mempool, transaction by transaction, from its ZMQ notifications alone. Pure: frames in,
events out.

Facts: Bitcoin Core v31.99 `doc/zmq.md`, `src/zmq/zmqnotificationinterface.cpp`, `src/validation.cpp`,
`test/functional/interface_zmq.py`.

- All notifications come from one queue. On one address a transaction's `rawtx` comes right before its `A`, and all of
  a block's right before its `C` or `D`; so `rawtx` is held until the letter that follows says what it was.
- Mined transactions get no `R`, but each took a mempool sequence number. Conflicts of a block get their `R` before its
  `C`, so an `R` may run ahead by the number of the mined; the `C` must then account for it. An `A` never runs ahead.
  (In a reorganisation it may, because `C` comes last. That is not told from a loss, and both are mended alike.)
- `rawblock` follows the last `C` of a change of the tip; how many transactions it holds is held against those heard.
- Whatever does not add up means that something was missed: `lost` says what, and the owner takes a snapshot with
  `getrawmempool(mempool_sequence=true)`. Notifications from before it are told by their sequence.
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
"""How long an `R` may run ahead without the block that explains it."""
MOST_PENDING = 20_000
"""Transactions between two letters: a block of 4,000,000 weight has room for 16,666 of the smallest (60 bytes)."""
MOST_HELD = 200_000
"""Frames held back for a snapshot; with more, another snapshot is cheaper than what they cost in memory."""


class Transaction(NamedTuple):
    """One transaction off the wire; `txid` in wire order, as everywhere here."""

    txid: bytes
    raw: bytes
    verdict: Verdict
    outputs: tuple[bytes, ...] | None
    """What the filter says of it by its own bytes, as in `oracle.parse.Scanned`."""


class Added(NamedTuple):
    """A transaction entered the mempool; `at` is the unix time of it."""

    transaction: Transaction
    at: float


class Removed(NamedTuple):
    """Replaced, evicted or expired: it will not be paid."""

    txid: bytes


class Connected(NamedTuple):
    """A block came; its transactions, the coinbase first."""

    block_hash: bytes
    transactions: list[Transaction]
    at: float


class Left(NamedTuple):
    """Gone while nobody listened, mined or replaced."""

    txid: bytes


Event = Added | Removed | Connected | Left


def read_transaction(raw: bytes) -> Transaction:
    """Raises Malformed when the bytes are no transaction, or more than one."""
    body_end, end, verdict, outputs = scan_transaction(raw)
    if end != len(raw):
        raise Malformed("bytes behind the transaction")
    return Transaction(transaction_id(raw, 0, body_end, end), raw, verdict, outputs)


class Mempool:
    """The tracked set and whether it can be trusted.

    `take` every frame; while `lost` is not "", call `begin`, fetch a snapshot, and `load` it. Then `fill` what is
    `missing`.
    """

    def __init__(self) -> None:
        self.tracked: set[bytes] = set()
        self.missing: set[bytes] = set()
        """Tracked, but their bytes are not known yet."""
        self.lost = "no snapshot was taken yet"
        """Why a snapshot is needed, "" while the set is exact."""
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
        self._unread = False  # one since the last letter could not be read
        self._block: tuple[bytes, int] | None = None  # hash and number of transactions of the last `C`
        self._ahead = 0
        self._ahead_since = 0.0

    @property
    def exact(self) -> bool:
        """Whether the tracked set is the node's."""
        return not self.lost and self._held is None

    def take(self, frame: Frame) -> list[Event]:
        """Everything that one frame tells. Frames of other topics are counted and otherwise passed over."""
        gap = self._counters.see(frame.topic, frame.counter)
        if gap is not None:
            self.events_missed += gap.missed
            self._lose("the node has restarted" if gap.restarted else f"{gap.missed} messages of {gap.topic} were lost")
        if self._held is not None:
            self._held.append(frame)
            if len(self._held) > MOST_HELD:
                self._lose("too much came while a snapshot was on its way")
            return []
        if self.lost:
            return []
        if frame.topic == "rawtx":  # tells nothing by itself, and a block brings thousands
            self._hear(frame.body)
            return []
        return list(self._apply(frame))

    def interrupted(self, reason: str) -> None:
        """Something else shows that messages may have been lost: a connection that broke, a set that differs."""
        self._lose(reason)

    def forget(self, reason: str) -> None:
        """Nothing that is known is of use any more: after the next snapshot all that waits is `missing`."""
        self.tracked.clear()
        self.missing.clear()
        self._lose(reason)

    def begin(self) -> None:
        """A snapshot is about to be asked for: from now on frames are held back for it."""
        self.lost = ""
        self._held = []
        self._pending.clear()
        self._unread = False
        self._block = None
        self._ahead = 0

    def load(self, sequence: int, txids: Iterable[bytes]) -> list[Event]:
        """A snapshot: everything that waits, and the sequence number that comes next. Held frames are applied to it."""
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
        """The bytes of a `missing` one, which entered the mempool at `at`; nothing if it left meanwhile."""
        if transaction.txid not in self.missing:
            return []
        self.missing.discard(transaction.txid)
        return [Added(transaction, at)]

    def check_clock(self, now: float) -> None:
        """Notice an `R` that ran ahead and that no block has explained."""
        if self._ahead and now - self._ahead_since > UNEXPLAINED_S:
            self._lose("a removal ran ahead and no block explains it")

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
            self._lose("transactions came without a word on what became of them")

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
        """Hold a block against the transactions that were heard before its `C`."""
        if self._block is None or sha256(sha256(raw[:HEADER]).digest()).digest() != self._block[0]:
            return
        try:
            count, _ = compact_size(raw, HEADER)
        except (Malformed, IndexError):
            self.malformed += 1
            return
        if count != self._block[1]:
            self._lose(f"{self._block[1]} of a block's {count} transactions were heard")

    def _added(self, txid: bytes, sequence: int, at: float) -> Iterator[Event]:
        if sequence < self._snapshot_sequence:  # older than the snapshot, which knows better what became of it
            if txid in self._snapshot:
                self.tracked.add(txid)
                if txid in self.missing and (known := self._pending.get(txid)):
                    yield from self.fill(known, at)
            return
        if sequence != self.expected or self._ahead:
            self._lose(f"mempool sequence {sequence} came where {self.expected} was due")
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
            self._lose(f"a transaction left with mempool sequence {sequence} that was not there")
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
            self._lose("not all transactions of a block were heard")
            return
        mined = [t.txid for t in transactions if t.txid in self.tracked]
        if len(mined) < self._ahead:
            self._lose("a block has taken less than the mempool sequence says")
            return
        self.expected += len(mined) - self._ahead
        self._ahead = 0
        self._block = (block_hash, len(transactions))
        self.tracked.difference_update(mined)
        self.missing.difference_update(mined)
        yield Connected(block_hash, transactions, at)

    def _caught_up(self, sequence: int) -> None:
        """The first change after the snapshot: from here on it has nothing more to say."""
        self.expected = sequence + 1
        self._snapshot = frozenset()

    def _lose(self, reason: str) -> None:
        if not self.lost:
            self.lost = reason
            self._held = None


def _is_coinbase(raw: bytes) -> bool:
    """Whether a well-formed transaction is the first of a block."""
    first = 5 if raw[4] else 7
    return raw[first - 1] == 1 and raw[first : first + 36] == NULL_PARENT
