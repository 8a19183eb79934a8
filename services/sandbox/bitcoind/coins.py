"""The UTXO set; the simulator's own coins are also grouped into purses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sandbox.bitcoind.tx import Outpoint


class Coin(NamedTuple):
    """An unspent output: satoshis, output script, height of its block."""

    amount: int
    script: bytes
    height: int
    coinbase: bool


class Coins:
    """`purses` maps each purse to its coins, oldest first. The script of a coin decides the purse."""

    def __init__(self, purse_of: dict[bytes, str]) -> None:
        self._all: dict[Outpoint, Coin] = {}
        self._purse_of = purse_of
        self.purses: dict[str, dict[Outpoint, Coin]] = {name: {} for name in purse_of.values()}

    def get(self, outpoint: Outpoint) -> Coin | None:
        return self._all.get(outpoint)

    def __iter__(self) -> Iterator[tuple[Outpoint, Coin]]:
        return iter(self._all.items())

    def __len__(self) -> int:
        return len(self._all)

    def put(self, outpoint: Outpoint, coin: Coin) -> None:
        self._all[outpoint] = coin
        if purse := self._purse_of.get(coin.script):
            self.purses[purse][outpoint] = coin

    def take(self, outpoint: Outpoint) -> Coin:
        coin = self._all.pop(outpoint)
        if purse := self._purse_of.get(coin.script):
            del self.purses[purse][outpoint]
        return coin
