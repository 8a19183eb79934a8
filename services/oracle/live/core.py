"""The oracle as a function of its inputs: frames in (see `oracle.live.recording`), an answer at every tick."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from nodeclients.zmq import Frame

from oracle.estimate import Estimate, State, estimate_price
from oracle.histogram import SPAN
from oracle.live import answer, recording
from oracle.live.answer import Answer, Market
from oracle.live.mempool import TOPICS, Added, Connected, Event, Left, Mempool, Removed, read_transaction
from oracle.live.window import Window
from oracle.weights import Weights
from oracle.wire import Malformed

REUSED_S = 5.0
"""How long an estimate is reused while there are no new payments."""
PRIOR_EVERY_S = 1800.0
"""In block time: how often the prior is updated while old blocks are read."""
DOUBTED_S = 600.0
"""After the octave has been in doubt for this long, the payments alone decide."""
SETTLED = (State.OK, State.WIDE)
NOT_ASKED = "waiting for the node's first answer"
CONNECTING = "connecting to ZMQ"
READING = "reading the last blocks"
STARTING = (NOT_ASKED, CONNECTING, READING)
"""Reasons for not being ready that are normal after a start and end within seconds."""


@dataclass(frozen=True)
class Update:
    """An answer, and the payments since the previous one as (unix s, implied USD per BTC)."""

    answer: Answer
    points: list[tuple[float, float]]


class Live:
    """Mempool, window and prior. `take` does all the work, at the times of the frames."""

    def __init__(self, weights: Weights, market: Market) -> None:
        self.weights = weights
        self.market = market
        self.mempool = Mempool()
        self.window = Window()
        self.prior: float | None = None
        self.block_hashes: set[bytes] = set()
        """Hashes of the blocks received over ZMQ, in wire order."""
        self.ready = False
        self.reason = NOT_ASKED
        self._prior_at = 0.0
        self._doubted_since: float | None = None
        self._last: Estimate | None = None
        self._last_at = 0.0
        self._priced: Answer | None = None

    def take(self, frame: Frame) -> Update | None:
        """Process one input; returns an answer for a tick."""
        if frame.topic in TOPICS:
            if events := self.mempool.take(frame):
                self._apply(events)
            return None
        match frame.topic:
            case recording.TICK:
                return self._tick(frame.at)
            case recording.READINESS:
                found = recording.read_readiness(frame.body)
                self.ready, self.reason = found["ready"], found["reason"]
            case recording.BEGIN:
                self.mempool.begin()
            case recording.SNAPSHOT:
                self._apply(self.mempool.load(*recording.read_snapshot(frame.body)))
            case recording.TRANSACTION:
                raw, entered = recording.read_transaction(frame.body)
                try:
                    self._apply(self.mempool.fill(read_transaction(raw), entered))
                except Malformed:
                    self.window.malformed()
            case recording.BLOCK:
                self._read_block(frame.body)
            case recording.INTERRUPTED:
                self.mempool.interrupted(frame.body.decode())
            case recording.RESET:
                self._forget()
        return None

    def _apply(self, events: Iterable[Event]) -> None:
        window = self.window
        for event in events:
            match event:
                case Added(transaction, at):
                    window.add(transaction, at)
                case Removed(txid):
                    window.remove(txid)
                case Left(txid):
                    window.keep(txid)
                case Connected(block_hash, transactions, at):
                    self.block_hashes.add(block_hash)
                    window.mine(transactions, at)

    def _read_block(self, raw: bytes) -> None:
        at = self.window.add_block(raw)
        if self.prior is None or at - self._prior_at >= PRIOR_EVERY_S:
            self.window.settle(at)
            self._estimate(at)

    def _tick(self, now: float) -> Update:
        self.mempool.check_clock(now)
        if not self.ready:
            return Update(self._unready(now), [])
        if self.market is Market.NONE:
            self.window.settle(now)
            self.window.fresh.clear()
            return Update(
                answer.without_price(State.NO_MARKET, "coins on this chain have no price", self.market, now), []
            )
        changed = self.window.settle(now)
        if changed or self._last is None or now - self._last_at >= REUSED_S:
            self._last, self._last_at = self._estimate(now), now
        update = replace(answer.of_estimate(self._last, self.market, self._last_at), at=now)
        if update.price is None:
            return Update(update, [])
        self._priced = update
        return Update(update, self.window.take_points(update.price, self.weights.usd))

    def _unready(self, now: float) -> Answer:
        """The last price, marked as stale, as long as it is recent."""
        last = self._priced
        if last is None or last.as_of is None or now - last.as_of > SPAN:
            return answer.without_price(State.NOT_READY, self.reason, self.market, now)
        return replace(last, at=now, state=State.STALE, reason=self.reason)

    def _estimate(self, now: float) -> Estimate:
        """The estimate at `now`, which also becomes the next prior.

        For some minutes the prior keeps the octave although payments contradict it, so that a burst of fakes cannot
        change the price. It does not keep it longer, because the prior itself may be wrong.
        """
        found = estimate_price(self.window.histogram, now, self.weights, self.prior)
        if found.state is State.AMBIGUOUS and self._doubted_since is None:
            self._doubted_since = now
        doubted_s = 0.0 if self._doubted_since is None else now - self._doubted_since
        if self.prior is not None and (doubted_s > DOUBTED_S or now - self._prior_at > SPAN):
            alone = estimate_price(self.window.histogram, now, self.weights)
            if alone.state in SETTLED:
                found = alone
        if found.state in SETTLED:
            self.prior, self._prior_at, self._doubted_since = found.price, now, None
        return found

    def _forget(self) -> None:
        self.window = Window()
        self.block_hashes.clear()
        self.prior = self._doubted_since = self._last = self._priced = None
        self.mempool.forget("the clock was set")
