"""The price that a simulator says people pay at: what an answer about a synthetic market can be held against.

It is told beside the answers. Estimates never see it, and recordings do not hold it.
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
"""After "nobody tells": a node that forbids the question writes each one into its log."""
FRESH_S = 10.0
"""How far apart the two prices may lie in time. The simulator's moves 1.5 % an hour at most, so 0.005 % within it."""


@dataclass(frozen=True)
class Compared:
    """The flow's price in USD per BTC, and how far the answer's lies above it, as a fraction of it."""

    price: float
    error: float


class Flow:
    """Asks the node what its flow is made at, and keeps what it said last."""

    def __init__(self) -> None:
        self.told: FlowPrice | None = None
        """None while nobody tells."""

    async def run(self, node: Node) -> NoReturn:
        while True:
            again_s = await self.ask(node)
            await asyncio.sleep(again_s)

    async def ask(self, node: Node) -> float:
        """Ask once; in how many seconds to ask again. What the node cannot say now is left to get old."""
        try:
            self.told = await node.flow_price()
        except NodeFault:
            return ASK_EVERY_S
        return ASK_EVERY_S if self.told else ASK_AGAIN_S


def compare(answer: Answer, flow: FlowPrice | None) -> Compared | None:
    """The answer beside the flow's price of its time; None when either is missing, or the flow's is of another time."""
    if flow is None or answer.price is None or answer.as_of is None:
        return None
    if not all(abs(at - flow.at) <= FRESH_S for at in (answer.as_of, answer.at)):
        return None
    return Compared(flow.usd, (answer.price - flow.usd) / flow.usd)
