"""A node reduced to what its ZMQ tells: a mempool, a chain, the order of notifications of Bitcoin Core v31.99."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from hashlib import sha256

from nodeclients.zmq import Frame

Outpoint = tuple[bytes, int]


def double_sha256(raw: bytes) -> bytes:
    return sha256(sha256(raw).digest()).digest()


@dataclass(frozen=True)
class Tx:
    """A transaction without witness; `txid` in wire order."""

    spends: tuple[Outpoint, ...]
    amounts: tuple[int, ...]

    @property
    def raw(self) -> bytes:
        ins = b"".join(txid + vout.to_bytes(4, "little") + b"\x00" + b"\xfd\xff\xff\xff" for txid, vout in self.spends)
        outs = b"".join(sats.to_bytes(8, "little") + b"\x16\x00\x14" + bytes(20) for sats in self.amounts)
        head = b"\x02\x00\x00\x00" + bytes([len(self.spends)]) + ins
        return head + bytes([len(self.amounts)]) + outs + bytes(4)

    @property
    def txid(self) -> bytes:
        return double_sha256(self.raw)


@dataclass(frozen=True)
class Block:
    transactions: tuple[Tx, ...]
    salt: bytes

    @property
    def header(self) -> bytes:
        return self.salt.ljust(68, b"\0") + bytes(12)

    @property
    def hash(self) -> bytes:
        return double_sha256(self.header)

    @property
    def raw(self) -> bytes:
        count = len(self.transactions)
        size = bytes([count]) if count < 0xFD else b"\xfd" + count.to_bytes(2, "little")
        return self.header + size + b"".join(tx.raw for tx in self.transactions)


@dataclass
class ModelNode:
    """Every move returns the frames that it sends. `at` is the time they carry."""

    rng: random.Random
    at: float = 1000.0
    mempool: dict[bytes, Tx] = field(default_factory=dict)
    chain: list[Block] = field(default_factory=list)
    sequence: int = 1
    _counters: dict[str, int] = field(default_factory=dict)
    _coins: int = 0

    def snapshot(self) -> tuple[int, list[bytes]]:
        return self.sequence, list(self.mempool)

    def tx(self, spends: tuple[Outpoint, ...] = ()) -> Tx:
        """A new payment, by default from a coin of its own."""
        self._coins += 1
        own = (sha256(b"coin %d" % self._coins).digest(), 0)
        return Tx(spends or (own,), (self.rng.randint(2_000, 10**8), self.rng.randint(2_000, 10**8)))

    def add(self, tx: Tx | None = None) -> list[Frame]:
        return self._admit(tx or self.tx())

    def replace(self) -> list[Frame]:
        """A higher fee for one of those that wait."""
        if not self.mempool:
            return self.add()
        old = self._any()
        frames = self._remove(self._family(old))
        return frames + self._admit(self.tx(old.spends))

    def child(self) -> list[Frame]:
        return self.add(self.tx(((self._any().txid, 0),))) if self.mempool else self.add()

    def evict(self) -> list[Frame]:
        return self._remove(self._family(self._any())) if self.mempool else []

    def mine(self) -> list[Frame]:
        """A block of some mempool transactions, an unknown one, and one that conflicts with a mempool transaction."""
        block = self._block()
        frames = self._take_in(block)
        self.chain.append(block)
        return frames + self._told(block, "C") + [self._frame("rawblock", block.raw)]

    def reorganise(self, depth: int) -> list[Frame]:
        """`depth` blocks go, one more comes; Core tells of the new ones after the mempool has been put in order."""
        frames: list[Frame] = []
        gone = [self.chain.pop() for _ in range(min(depth, len(self.chain)))]
        for block in gone:
            frames += self._told(block, "D")
        new = [self._block() for _ in range(len(gone) + 1)]
        for block in new:
            frames += self._take_in(block)
            self.chain.append(block)
        mined = {tx.txid for block in new for tx in block.transactions}
        spent = {spend for block in new for tx in block.transactions for spend in tx.spends}
        for block in reversed(gone):
            for tx in block.transactions[1:]:
                taken = spent | {spend for waiting in self.mempool.values() for spend in waiting.spends}
                if tx.txid not in mined | self.mempool.keys() and not taken & set(tx.spends):
                    frames += self._admit(tx)
        for block in new:
            frames += self._told(block, "C")
        return [*frames, self._frame("rawblock", new[-1].raw)]

    def restart(self) -> list[Frame]:
        """Restart counters and the mempool sequence; the mempool was saved."""
        self._counters.clear()
        self.sequence = 1
        return []

    def _block(self) -> Block:
        number = self.rng.randint(0, len(self.mempool))
        chosen: list[Tx] = []
        for tx in list(self.mempool.values())[:number]:
            if all(parent not in self.mempool or self.mempool[parent] in chosen for parent, _ in tx.spends):
                chosen.append(tx)
        waiting = [tx for tx in self.mempool.values() if tx not in chosen]
        rivals = [self.tx(self.rng.choice(waiting).spends)] if waiting and self.rng.random() < 0.5 else []
        parents = {txid for rival in rivals for txid, _ in rival.spends}
        rivals = [] if parents & self.mempool.keys() else rivals
        coinbase = Tx(((bytes(32), 0xFFFFFFFF),), (5_000_000_000, self.rng.getrandbits(40)))
        return Block((coinbase, *chosen, self.tx(), *rivals), self.rng.randbytes(16))

    def _take_in(self, block: Block) -> list[Frame]:
        """The effect of a block on the mempool: mined transactions leave silently, conflicts with an R."""
        spent = {spend for tx in block.transactions for spend in tx.spends}
        for tx in block.transactions:
            if self.mempool.pop(tx.txid, None):
                self.sequence += 1
        frames: list[Frame] = []
        for tx in list(self.mempool.values()):
            if tx.txid in self.mempool and set(tx.spends) & spent:
                frames += self._remove(self._family(tx))
        return frames

    def _family(self, root: Tx) -> list[Tx]:
        """With all that descends from it, children first."""
        found = [root]
        for tx in found:
            found += [each for each in self.mempool.values() if any(p == tx.txid for p, _ in each.spends)]
        return list(reversed(dict.fromkeys(found)))

    def _any(self) -> Tx:
        return self.rng.choice(list(self.mempool.values()))

    def _admit(self, tx: Tx) -> list[Frame]:
        self.mempool[tx.txid] = tx
        return [self._frame("rawtx", tx.raw), self._letter(tx.txid, "A", next_sequence=True)]

    def _remove(self, family: list[Tx]) -> list[Frame]:
        frames = []
        for tx in family:
            del self.mempool[tx.txid]
            frames.append(self._letter(tx.txid, "R", next_sequence=True))
        return frames

    def _told(self, block: Block, letter: str) -> list[Frame]:
        return [self._frame("rawtx", tx.raw) for tx in block.transactions] + [self._letter(block.hash, letter)]

    def _letter(self, name: bytes, letter: str, next_sequence: bool = False) -> Frame:
        number = b""
        if next_sequence:
            number, self.sequence = self.sequence.to_bytes(8, "little"), self.sequence + 1
        return self._frame("sequence", name[::-1] + letter.encode() + number)

    def _frame(self, topic: str, body: bytes) -> Frame:
        counter = self._counters.get(topic, 0)
        self._counters[topic] = counter + 1
        self.at += 0.01
        return Frame(topic, body, counter, self.at)
