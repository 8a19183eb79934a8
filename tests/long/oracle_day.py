"""A day of the oracle in minutes: 24 simulated hours of payments, blocks and accidents, answered every ten seconds.

    python -m tests.long.oracle_day [--n 24] [--seed 1] [--json]    (--n is hours)

A model of the node pays round dollars at the simulator's price, replaces, evicts, mines and reorganises; once an hour a
message is lost, and every six hours the node restarts. Judged: no hour without a price, no drift, the tracked set is
the node's at every full hour, no loss goes unnoticed, and memory is flat (the model keeps its own share constant).
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psutil
from nodeclients.zmq import Frame
from oracle.live import recording
from oracle.live.answer import Market
from oracle.live.core import Live
from oracle.web import messages
from oracle.web.stream import Stream
from oracle.weights import load
from sandbox.bitcoind import flow

from tests.bench import common
from tests.oracle.unit.modelnode import ModelNode, Tx

BEGIN = 1_795_000_000.0
PAY_EVERY_S = 0.5
TICK_EVERY_S = 10
BLOCK_EVERY_S = 600
HOUR = 3600
WINDOW_H = 4
"""Hours until the window of three is full and its allocations have been made once."""
KEPT_BLOCKS = 10
RESTART_EVERY_H = 6
ERROR, DRIFT, GROWTH = 1.0, 0.3, 1.15


@dataclass
class Course:
    """What was found at each full hour, and of each accident."""

    errors: list[float] = field(default_factory=list)
    """Answer over true price, less 1."""
    memory: list[int] = field(default_factory=list)
    """Bytes of this process."""
    unpriced: int = 0
    apart: int = 0
    """Hours at which the tracked set was not the node's."""
    accidents: int = 0
    unnoticed: int = 0


class Day:
    """One node, one oracle, and everything that reaches its clients."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.node = ModelNode(random.Random(seed), at=BEGIN)
        self.live = Live(load(), Market.SYNTHETIC)
        self.stream = Stream()
        self.amounts: Iterator[int] = flow.payments(self.rng, lambda: self.node.at)
        self.course = Course()

    def hour(self) -> None:
        """Sixty minutes, and a look at the end of them."""
        began = self.node.at
        accident_at = self.rng.randrange(HOUR)
        for second in range(HOUR):
            self.node.at = began + second
            for _ in range(round(1 / PAY_EVERY_S)):
                self._pay()
            self._change_minds(second)
            if second == accident_at:
                self._accident(self.node.add)
            if second % BLOCK_EVERY_S == BLOCK_EVERY_S - 1:
                self._mine()
            if second % TICK_EVERY_S == 0:
                self._answer()
        self._look()

    def restart(self) -> None:
        """The node comes back with its counters begun anew."""
        self._accident(self.node.restart)

    def sync(self) -> None:
        """What the feed does whenever something was lost."""
        at = self.node.at
        self.live.take(recording.own(recording.BEGIN, at))
        sequence, txids = self.node.snapshot()
        self.live.take(recording.snapshot(sequence, [txid[::-1].hex() for txid in txids], at))
        for txid in self.live.mempool.missing & self.node.mempool.keys():
            self.live.take(recording.transaction(self.node.mempool[txid].raw, at, at))
        self.live.take(recording.readiness(True, "", at))

    def _pay(self) -> None:
        tx = Tx(self.node.tx().spends, (next(self.amounts), self.rng.randint(10**6, 10**9)))
        self._take(self.node.add(tx))

    def _change_minds(self, second: int) -> None:
        match second % 60:
            case 10:
                self._take(self.node.replace())
            case 25:
                self._take(self.node.child())
            case 40:
                self._take(self.node.evict())

    def _mine(self) -> None:
        for _ in range(3):
            self._take(self.node.mine())
        if self.rng.random() < 0.2:
            self._take(self.node.reorganise(self.rng.randint(1, 3)))
        del self.node.chain[:-KEPT_BLOCKS]

    def _accident(self, happen: Callable[[], object]) -> None:
        """Something of which nothing is heard, and a payment after it."""
        resyncs = self.live.mempool.resyncs
        happen()
        self._pay()
        self.course.accidents += 1
        self.course.unnoticed += self.live.mempool.resyncs == resyncs

    def _take(self, frames: list[Frame]) -> None:
        for frame in frames:
            self.live.take(frame)
        if self.live.mempool.lost:
            self.sync()

    def _answer(self) -> None:
        told = self.live.take(recording.own(recording.TICK, self.node.at))
        assert told is not None
        self.stream.publish(told, messages.stats(self.live, BEGIN, self.node.at))
        self.stream.message(self.stream.number - 1)

    def _look(self) -> None:
        course, node = self.course, self.node
        answer = self.stream.answer
        if answer is None or answer.price is None:
            course.unpriced += 1
        else:
            course.errors.append(answer.price / flow.price_at(answer.at) - 1)
        course.apart += not self.live.mempool.exact or self.live.mempool.tracked != node.mempool.keys()
        self.stream.message(None)
        course.memory.append(psutil.Process().memory_info().rss)


def main() -> int:
    arguments = common.options(__doc__ or "", n=24, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    day = Day(arguments.seed)
    day.sync()
    for hour in range(arguments.n):
        if hour % RESTART_EVERY_H == RESTART_EVERY_H - 1:
            day.restart()
        day.hour()
    course = day.course
    settled = course.memory[WINDOW_H - 1 :] or course.memory
    figures = [
        common.Figure("hours without a price", course.unpriced, 0, ""),
        common.Figure("worst error", 100 * max(map(abs, course.errors), default=100.0), ERROR, "%"),
        common.Figure("drift (mean error)", 100 * abs(sum(course.errors) / max(1, len(course.errors))), DRIFT, "%"),
        common.Figure("hours with another set than the node's", course.apart, 0, ""),
        common.Figure("accidents that went unnoticed", course.unnoticed, 0, ""),
        common.Figure("memory at the end / when the window was full", settled[-1] / settled[0], GROWTH, "x"),
    ]
    details = {
        "simulated hours": arguments.n,
        "transactions": day.live.window.verdicts.total(),
        "accidents": course.accidents,
        "snapshots": day.live.mempool.resyncs,
        "memory MB by the hour": " ".join(f"{each / 1e6:.0f}" for each in course.memory),
    }
    return common.report(figures, details, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
