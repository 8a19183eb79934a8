"""The weights: stored as fitted, and fitted by rules that hold on data with a known answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from oracle.attribution import counts_by_amount
from oracle.errors import OracleError
from oracle.fit import USD, fit_weights, main, split
from oracle.points import Day
from oracle.weights import Weights, dump, load


def test_amounts_are_told_apart_by_what_divides_their_satoshis() -> None:
    random = np.random.default_rng(4)
    true = {5.0: 3000, 15.0: 500, 50.0: 6000, 100.0: 9000, 300.0: 1500, 1000.0: 4000}
    prices = np.concatenate([usd / random.integers(2_000, 9_000_000, n) * 1e8 for usd, n in true.items()])
    rounded = np.concatenate([usd / (10 * random.integers(2_000, 900_000, n // 5)) * 1e8 for usd, n in true.items()])
    found = dict(zip(USD, counts_by_amount(np.concatenate([prices, rounded]), np.array(USD)), strict=True))
    for usd in USD:
        assert found[usd] == pytest.approx(1.2 * true.get(usd, 0), rel=0.15, abs=500)


def test_every_fifth_day_is_kept_out(days: list[Day]) -> None:
    fitted, kept_out = split(days)
    assert [day.name for day in kept_out] == [days[4].name]
    assert len(fitted) == 5


@pytest.mark.promise("The stored weights have four decimals and were fitted without the days kept out", runs="ci")
def test_the_stored_weights_never_saw_the_days_kept_out(weights: Weights) -> None:
    assert len(weights.days) == 32
    assert len(weights.kept_out) == 8
    assert not set(weights.days) & set(weights.kept_out)
    assert sorted(weights.days + weights.kept_out)[4::5] == list(weights.kept_out)


def test_the_stored_weights_have_four_decimals_and_belong_together(weights: Weights) -> None:
    for numbers in (weights.contrast, weights.offsets, weights.shape):
        assert all(round(x, 4) == x for x in numbers)
    assert len(weights.usd) == len(weights.contrast) == len(USD)
    assert list(weights.offsets) == sorted(weights.offsets)
    assert len(weights.shape) == len(weights.offsets)
    assert sum(weights.motion.shares) == pytest.approx(1)


def test_weights_are_read_as_they_were_written(weights: Weights, tmp_path: Path) -> None:
    file = tmp_path / "weights.json"
    file.write_text(dump(weights))
    assert load(file) == weights
    file.write_text(dump(weights).replace('"version": 1', '"version": 2'))
    with pytest.raises(ValueError, match="version 1"):
        load(file)


def test_two_days_fit_to_nearly_the_stored_weights(days: list[Day], hours: dict[int, float], weights: Weights) -> None:
    fitted = fit_weights(days[:2], hours, days[4:5])
    assert fitted == fit_weights(days[:2], hours, days[4:5])
    assert fitted.days == (days[0].name, days[1].name)
    assert np.argmax(fitted.shape) == np.argmax(weights.shape)
    assert max(fitted.shape) == pytest.approx(max(weights.shape), abs=0.5)
    assert np.mean(np.abs(np.subtract(fitted.contrast, weights.contrast))) < 0.6


def test_days_without_prices_cannot_be_fitted(days: list[Day]) -> None:
    with pytest.raises(OracleError, match="hour before"):
        fit_weights(days[:1], {})


def test_the_command_says_what_it_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 64
    assert "usage" in capsys.readouterr().err
    assert main([str(tmp_path)]) == 1
    assert "no days" in capsys.readouterr().err
