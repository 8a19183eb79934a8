"""The mix that the simulator pays in, from published days."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from oracle.mix import amount_shares, main, round_btc
from oracle.points import Day
from oracle.weights import Weights
from sandbox.bitcoind import flow


def test_the_mix_is_one_of_shares(days: list[Day], hours: dict[int, float], weights: Weights) -> None:
    found = amount_shares(days[:2], hours, weights)
    shares = found["usd"]
    assert isinstance(shares, dict)
    assert sum(shares.values()) == pytest.approx(1, abs=0.01)
    assert max(shares, key=lambda usd: shares[usd]) == "100"
    assert 0.03 < float(str(found["round_usd"])) < 0.2


@pytest.mark.promise("The simulator pays amounts like those of the days kept out", runs="ci")
def test_the_simulator_pays_like_the_days_that_it_was_taken_from(
    days: list[Day], hours: dict[int, float], weights: Weights
) -> None:
    shares = amount_shares([day for day in days if day.name in weights.kept_out], hours, weights)["usd"]
    assert isinstance(shares, dict)
    for usd, share in zip(flow.USD, flow.USD_SHARES, strict=True):
        assert shares[str(usd)] == pytest.approx(share, abs=0.05)


def test_a_tenth_of_a_blocks_outputs_is_round_in_bitcoin(block: Callable[[int], bytes]) -> None:
    assert round_btc([block(722010)]) == pytest.approx(flow.ROUND_BTC / 2, abs=0.04)


def test_the_command_prints_the_mix_of_the_kept_out_days(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(data / "points", tmp_path / "points")
    shutil.copy(data / "hourly_truth.csv", tmp_path)
    assert main([str(tmp_path)]) == 0
    assert set(json.loads(capsys.readouterr().out)) == {"usd", "round_usd"}
    assert main([]) == 64
    assert main([str(tmp_path / "nothing")]) == 1
