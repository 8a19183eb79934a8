"""The history that the oracle keeps, and ranges that it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.oracle.conftest import Start
from tests.oracle.generator import Generator
from tests.stage.waiting import until


@pytest.mark.promise("A chain without a market shows no older price in its history", runs="ci")
@pytest.mark.promise("`/api/v1/history` is kept in SQLite when the oracle runs alone", runs="ci")
def test_history_outlives_a_restart(start: Start, generator: Generator, tmp_path: Path) -> None:
    oracle = start(HISTORY_FILE=str(tmp_path / "history.db"))
    oracle.wait_state("ok", "wide")

    def prices() -> list[dict[str, Any]]:
        return [bucket for bucket in oracle.get("/api/v1/history").body["history"] if bucket["price"]]

    before = until(prices)
    assert before[0]["low"] < before[0]["price"] < before[0]["high"]
    assert before[0]["market"] == "synthetic"
    oracle.stop()
    oracle.start()
    assert prices()
    one = oracle.get(f"/api/v1/history?from={before[0]['at']}&to={before[0]['at'] + 3600}&step=3600").body
    assert one["step"] == 3600
    assert len(one["history"]) <= 2
    oracle.stop()
    oracle = start(HISTORY_FILE=str(tmp_path / "history.db"), MARKET="none")
    oracle.wait_state("no_market")
    assert prices() == [], "the same payments are worth nothing where no market is claimed"


def test_without_a_store_history_says_so(start: Start) -> None:
    oracle = start()
    answer = oracle.get("/api/v1/history")
    assert answer.status == 503
    assert "keeps no history" in answer.body["error"]


@pytest.mark.promise("An absurd range is refused in a sentence", runs="ci")
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=nonsense", "unix seconds or a time such as"),
        ("from=-1e99&to=1", "must lie between 2009-01-03"),
        ("from=inf", "unix seconds"),
        ("from=NaN", "unix seconds"),
        ("from=1700000000&to=1600000000", "must be before"),
        ("to=99999999999", "and now"),
        ("from=1500000000&step=1", "more than 5000 steps"),
        ("step=0", "Expected seconds from"),
        ("step=-5", "Expected seconds from"),
        ("step=abc", "Expected seconds from"),
        ("from=9999-99-99", "unix seconds or a time such as"),
        ("from=" + "9" * 4000, "unix seconds or a time such as"),
    ],
)
def test_an_absurd_range_is_refused_in_a_sentence(start: Start, query: str, words: str) -> None:
    oracle = start()
    answer = oracle.get(f"/api/v1/history?{query}")
    assert answer.status == 422
    assert words in answer.body["error"]
