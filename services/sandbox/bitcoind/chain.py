"""The best chain: all headers, the last blocks in full, and the UTXO set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.bitcoind import block as blocks
from sandbox.bitcoind.block import Block, Header
from sandbox.bitcoind.coins import Coin, Coins
from sandbox.bitcoind.params import KEPT_BLOCKS
from sandbox.bitcoind.tx import Outpoint, Tx, TxOut

NO_BLOCK = bytes(32)
"""The parent hash of the genesis block."""


@dataclass(frozen=True)
class Connected:
    """A stored block and the coins that it spent, which are needed to undo it."""

    block: Block
    height: int
    spent: dict[Outpoint, Coin]


class Chain:
    """`connect` adds a block, `disconnect` removes one. Headers are stored as 80 bytes each to save memory."""

    def __init__(self, purse_of: dict[bytes, str]) -> None:
        first = blocks.genesis()
        self.coins = Coins(purse_of)
        self.headers: list[bytes] = []
        self.hashes: list[bytes] = []
        self.kept: dict[bytes, Connected] = {}
        self.stale: dict[bytes, Connected] = {}
        """Blocks that a reorg removed from the best chain; RPC still returns them, as Core does."""
        self._heights: dict[bytes, int] = {}
        self._add(Connected(first, 0, {}))

    @property
    def height(self) -> int:
        return len(self.headers) - 1

    @property
    def prune_height(self) -> int:
        """Height of the oldest block that is stored in full."""
        return max(0, self.height - KEPT_BLOCKS + 1)

    @property
    def tip(self) -> bytes:
        """Hash of the best block."""
        return self.hashes[-1]

    def on_best(self, block_hash: bytes) -> bool:
        return block_hash in self._heights

    def height_of(self, block_hash: bytes) -> int | None:
        """Height of a block on the best chain or of a stale block."""
        left = self.stale.get(block_hash)
        return self._heights.get(block_hash, left.height if left else None)

    def find(self, block_hash: bytes) -> Connected | None:
        """A block that is still stored in full."""
        return self.kept.get(block_hash) or self.stale.get(block_hash)

    def header(self, block_hash: bytes) -> Header:
        """Raises KeyError if the block is unknown."""
        left = self.stale.get(block_hash)
        return left.block.header if left else blocks.read_header(self.headers[self._heights[block_hash]])

    def median_time(self, block_hash: bytes) -> int:
        """Median time of this block and the ten before it."""
        times: list[int] = []
        while len(times) < 11 and block_hash != NO_BLOCK:
            header = self.header(block_hash)
            times.append(header.time)
            block_hash = header.previous
        return sorted(times)[len(times) // 2]

    def mined(self, script: bytes, chosen: Sequence[Tx], fees: int, now: int) -> Block:
        """A new block on the tip, not yet connected."""
        time = max(now, self.median_time(self.tip) + 1)
        return blocks.mine(self.tip, chosen, height=self.height + 1, time=time, script=script, fees=fees)

    def connect(self, block: Block) -> Connected:
        """Add a block that `mined` created on the tip; its transactions must be valid."""
        height = self.height + 1
        spent: dict[Outpoint, Coin] = {}
        for tx in block.transactions:
            if not tx.is_coinbase:
                spent |= {entry.outpoint: self.coins.take(entry.outpoint) for entry in tx.ins}
            for outpoint, output in _spendable(tx):
                self.coins.put(outpoint, Coin(output.amount, output.script, height, tx.is_coinbase))
        connected = Connected(block, height, spent)
        self._add(connected)
        return connected

    def disconnect(self) -> Connected:
        """Remove the tip. Raises KeyError if it is no longer stored in full."""
        connected = self.kept.pop(self.tip)
        self.stale[self.tip] = connected
        if len(self.stale) > KEPT_BLOCKS:
            del self.stale[next(iter(self.stale))]
        self.headers.pop()
        del self._heights[self.hashes.pop()]
        for tx in reversed(connected.block.transactions):
            for outpoint, _ in _spendable(tx):
                self.coins.take(outpoint)
            if not tx.is_coinbase:
                for entry in tx.ins:
                    self.coins.put(entry.outpoint, connected.spent[entry.outpoint])
        return connected

    def restore(self, headers: list[bytes], kept: list[Connected], coins: list[tuple[Outpoint, Coin]]) -> None:
        """Replace the current state with a saved one."""
        self.headers = headers
        self.hashes = [blocks.read_header(raw).hash for raw in headers]
        self._heights = {block_hash: height for height, block_hash in enumerate(self.hashes)}
        self.kept = {item.block.hash: item for item in kept if self._heights.get(item.block.hash) == item.height}
        for outpoint, _ in list(self.coins):
            self.coins.take(outpoint)
        for outpoint, coin in coins:
            self.coins.put(outpoint, coin)

    def _add(self, connected: Connected) -> None:
        self.headers.append(connected.block.header.raw)
        self.hashes.append(connected.block.hash)
        self._heights[connected.block.hash] = connected.height
        self.kept[connected.block.hash] = connected
        if self.prune_height:
            self.kept.pop(self.hashes[self.prune_height - 1], None)


def _spendable(tx: Tx) -> list[tuple[Outpoint, TxOut]]:
    """Outputs that enter the UTXO set: all except OP_RETURN."""
    return [(Outpoint(tx.txid, index), output) for index, output in enumerate(tx.outs) if output.script[:1] != b"\x6a"]
