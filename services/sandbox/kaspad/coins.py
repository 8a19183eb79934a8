"""The UTXO set, indexed by outpoint and by script."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.kaspad.model import Coin, Outpoint, Step


class Coins:
    """The unspent outputs as of the virtual block."""

    def __init__(self) -> None:
        self._all: dict[Outpoint, Coin] = {}
        self._by_script: dict[str, dict[Outpoint, Coin]] = {}
        self.supply = 0
        """Sum of all amounts, sompi."""

    def get(self, outpoint: Outpoint) -> Coin | None:
        return self._all.get(outpoint)

    def of_script(self, script: str) -> dict[Outpoint, Coin]:
        return self._by_script.get(script, {})

    def __iter__(self) -> Iterator[tuple[Outpoint, Coin]]:
        return iter(self._all.items())

    def put(self, outpoint: Outpoint, coin: Coin) -> None:
        self._all[outpoint] = coin
        self._by_script.setdefault(coin.script, {})[outpoint] = coin
        self.supply += coin.amount

    def take(self, outpoint: Outpoint) -> None:
        coin = self._all.pop(outpoint)
        of_script = self._by_script[coin.script]
        del of_script[outpoint]
        if not of_script:
            del self._by_script[coin.script]
        self.supply -= coin.amount

    def apply(self, step: Step) -> None:
        for outpoint, _ in step.spent:
            self.take(outpoint)
        for outpoint, coin in step.created:
            self.put(outpoint, coin)

    def undo(self, step: Step) -> None:
        for outpoint, _ in step.created:
            self.take(outpoint)
        for outpoint, coin in step.spent:
            self.put(outpoint, coin)
