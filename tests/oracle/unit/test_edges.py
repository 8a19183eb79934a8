"""The edges of the live oracle: clock, history, metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from oracle.estimate import State
from oracle.history.entries import Bucket, Entry, HistoryUnavailable, entry
from oracle.history.sqlite import SqliteStore
from oracle.history.writer import EVERY_S, Writer
from oracle.live import answer
from oracle.live.answer import Answer, Market
from oracle.live.clock import SteadyClock
from oracle.live.core import Live
from oracle.web import metrics
from serving.prometheus import exposition

NOW = 1_795_000_000.0


def given(at: float, state: State = State.OK, price: float | None = 50_000.0) -> Answer:
    as_of = at if price is not None else None
    return Answer(at, price, price, price, 0.9, state, "why", 3, Market.SYNTHETIC, as_of)


def test_a_clock_that_was_set_is_noticed_and_ours_goes_on() -> None:
    wall = [NOW]
    clock = SteadyClock(lambda: wall[0])
    before = clock.now()
    wall[0] += 3600
    assert clock.jumped() == pytest.approx(3600, abs=1)
    assert clock.now() - before < 1, "frames keep their order"
    clock.set()
    assert clock.jumped() == 0
    assert clock.now() == pytest.approx(NOW + 3600, abs=1)


def test_history_comes_back_in_steps(tmp_path: Path) -> None:
    async def scene() -> list[Bucket]:
        store = SqliteStore(tmp_path / "history.db")
        await store.open()
        await store.write([Entry(NOW + n, 100.0 + n, 90.0, 110.0 + n, 0.5, "ok", "real") for n in range(10)])
        await store.write([Entry(NOW + 10, None, None, None, 0.0, "no_signal", "real")])
        await store.forget(NOW + 1)
        found = await store.read(NOW, NOW + 60, 10)
        await store.close()
        return found

    first, second = asyncio.run(scene())
    assert first == Bucket(NOW, 105.0, 90.0, 119.0, 0.5, "ok", "real", 9)
    assert second == Bucket(NOW + 10, None, None, None, 0.0, "no_signal", "real", 1)


def test_a_broken_file_is_told_and_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "history.db"
    file.write_bytes(b"not a database" * 100)

    async def scene() -> None:
        await SqliteStore(file).open()

    with pytest.raises(HistoryUnavailable, match=r"history\.db"):
        asyncio.run(scene())
    assert file.read_bytes().startswith(b"not a database")


def test_a_stale_answer_keeps_no_number() -> None:
    assert entry(given(NOW)).price == 50_000
    stale = entry(given(NOW, State.STALE))
    assert (stale.price, stale.state) == (None, "stale")


class Memory:
    """A store that can be away."""

    def __init__(self) -> None:
        self.away = True
        self.written = asyncio.Event()
        self.entries: list[Entry] = []

    async def open(self) -> None:
        self._check()

    async def write(self, entries: Sequence[Entry]) -> None:
        self._check()
        self.entries += entries
        self.written.set()

    async def read(self, first: float, last: float, step: float) -> list[Bucket]:
        return []

    async def forget(self, before: float) -> None:
        self.entries = [each for each in self.entries if each.at >= before]

    async def close(self) -> None:
        return

    def _check(self) -> None:
        if self.away:
            raise HistoryUnavailable("it is away")


def test_one_answer_of_ten_seconds_is_kept_and_each_new_state() -> None:
    async def scene() -> tuple[str, list[Entry]]:
        store = Memory()
        writer = Writer(store)
        for n in range(50):
            writer.note(given(NOW + n / 2, State.OK if n < 30 else State.WIDE))
        running = asyncio.create_task(writer.run())
        await asyncio.sleep(0)
        fault, store.away = writer.fault, False
        await asyncio.wait_for(store.written.wait(), EVERY_S)
        running.cancel()
        return fault, store.entries

    fault, entries = asyncio.run(scene())
    assert fault == "it is away"
    assert [(each.at - NOW, each.state) for each in entries] == [(0, "ok"), (10, "ok"), (15, "wide")]


def test_metrics_are_in_prometheus_words(weights: object) -> None:
    from oracle.weights import Weights

    assert isinstance(weights, Weights)
    live = Live(weights, Market.REAL)
    text = exposition(metrics.families(live, given(NOW), 2, ""))
    assert "oracle_price_usd 50000\n" in text
    assert 'oracle_state{state="ok",market="synthetic"} 1\n' in text
    assert "oracle_clients 2\n" in text
    without = exposition(
        metrics.families(live, answer.without_price(State.NOT_READY, "x", Market.REAL, NOW), 0, "away")
    )
    assert "\noracle_price_usd " not in without
    assert "oracle_history_written 0\n" in without
    for line in text.splitlines():
        assert line.startswith("#") or len(line.rsplit(" ", 1)) == 2
