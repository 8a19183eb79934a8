"""The price at which a simulator generates payments, to compare estimates of a synthetic market with.

It is published beside the estimates (as `flow`). The estimator never sees it, and recordings do not contain it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import NoReturn

from nodeclients.errors import NodeFault

from oracle.live.answer import Answer
from oracle.live.node import FlowPrice, Node

ASK_EVERY_S = 2.0
ASK_AGAIN_S = 60.0
"""If the node does not provide it: a node that refuses the method logs every request."""
FRESH_S = 10.0
"""Largest time between the two prices. The simulator's moves at most 1.5 % per hour, so 0.005 % in this time."""


@dataclass(frozen=True)
class Compared:
    """The generator's price in USD per BTC, and the error of the estimate as a fraction of it (positive: too high)."""

    price: float
    error: float


class GeneratorPrice:
    """Asks the node for the price and keeps the latest."""

    def __init__(self) -> None:
        self.latest: FlowPrice | None = None
        """None if the node does not provide it."""

    async def run(self, node: Node) -> NoReturn:
        """Keep asking."""
        while True:
            again_s = await self.ask(node)
            await asyncio.sleep(again_s)

    async def ask(self, node: Node) -> float:
        """Ask once; the seconds until the next request. If the node does not answer, the latest price ages."""
        try:
            self.latest = await node.flow_price()
        except NodeFault:
            return ASK_EVERY_S
        return ASK_EVERY_S if self.latest else ASK_AGAIN_S


def compare(answer: Answer, flow: FlowPrice | None) -> Compared | None:
    """The answer compared with the generator's price; None if either is missing or they are from different times."""
    if flow is None or answer.price is None or answer.as_of is None:
        return None
    if not all(abs(at - flow.at) <= FRESH_S for at in (answer.as_of, answer.at)):
        return None
    return Compared(flow.usd, (answer.price - flow.usd) / flow.usd)
