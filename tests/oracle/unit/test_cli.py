"""The command line: what it prints, and one sentence for every mistake."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from oracle.cli import main
from oracle.wire import compact_size, walk

Block = Callable[[int], bytes]
Make = Callable[..., bytes]


def transactions(raw: bytes) -> list[str]:
    count, pos = compact_size(raw, 80)
    found = []
    for _ in range(count):
        end = walk(raw, pos).end
        found.append(raw[pos:end].hex())
        pos = end
    return found


@pytest.fixture
def block_file(block: Block, tmp_path: Path) -> Path:
    file = tmp_path / "722010.raw"
    file.write_bytes(block(722010))
    return file


@pytest.fixture
def transaction_file(block: Block, tmp_path: Path) -> Path:
    file = tmp_path / "722010.txt.gz"
    file.write_bytes(gzip.compress("\n".join(transactions(block(722010))).encode(), 1))
    return file


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, object]:
    assert main([str(a) for a in arguments] + ["--json"]) == 0
    output = json.loads(capsys.readouterr().out)
    assert isinstance(output, dict)
    return output


@pytest.mark.promise("`estimate --json` estimates a block", runs="ci")
def test_a_block_is_estimated(block_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(capsys, "estimate", "--block", block_file, "--prior", "43,000")
    keys = {"price", "low", "high", "confidence", "state", "reason", "n_points", "n_txs", "n_kept", "n_malformed"}
    assert set(found) == keys
    assert (found["state"], found["n_txs"], found["n_kept"], found["n_malformed"]) == ("ok", 2668, 2683, 0)


@pytest.mark.promise("`estimate --block` and `estimate --txs` agree and give the documented keys", runs="ci")
def test_the_same_transactions_in_hex_give_the_same_answer(
    block_file: Path, transaction_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "estimate", "--block", block_file) == run(capsys, "estimate", "--txs", transaction_file)


def test_a_packed_block_gives_the_same_answer(block_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    packed = block_file.with_suffix(".raw.gz")
    packed.write_bytes(gzip.compress(block_file.read_bytes(), 1))
    assert run(capsys, "estimate", "--block", packed) == run(capsys, "estimate", "--block", block_file)


def test_words_say_the_same_as_json(block_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", "--block", str(block_file)]) == 0
    assert "41,53" in (words := capsys.readouterr().out)
    assert "2,668 transactions (0 malformed)" in words


def test_lines_that_are_no_transactions_are_counted(
    tmp_path: Path, transaction: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    good = transaction().hex()
    file = tmp_path / "mixed.txt"
    lines = [good, "zz", "00", good[:-2], good + "00", "", "   ", "é", "ab" * 5_000_000, transaction(values=[5]).hex()]
    file.write_text("\n".join(lines))
    found = run(capsys, "estimate", "--txs", file)
    assert (found["n_txs"], found["n_kept"], found["n_malformed"]) == (8, 2, 6)
    assert (found["price"], found["state"], found["confidence"]) == (None, "no_signal", 0)
    assert main(["estimate", "--txs", str(file)]) == 0
    assert "no price" in capsys.readouterr().out


def test_a_cut_off_block_gives_what_it_has(block_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    block_file.write_bytes(block_file.read_bytes()[:-1])
    found = run(capsys, "estimate", "--block", block_file)
    assert (found["state"], found["n_malformed"]) == ("ok", 1)


@pytest.mark.promise("`backtest --json` judges published days", runs="ci")
def test_published_days_are_judged(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "2024-10-22.npz").symlink_to(data / "points" / "2024-10-22.npz")
    arguments = ("backtest", "--points", tmp_path, "--truth", data / "hourly_truth.csv")
    found = run(capsys, *arguments)
    cases = found["cases"]
    assert isinstance(cases, list) and len(cases) == 22
    assert set(cases[0]) == {"hour", "price", "low", "high", "state"}
    assert cases[0]["hour"] == "2024-10-22T03:00Z"
    assert {"median_error", "p90_error", "coverage", "mean_width"} < set(found)
    assert main([str(a) for a in arguments]) == 0
    assert "22 hours: median error 0." in capsys.readouterr().out


def test_days_that_nothing_judges_are_replayed_all_the_same(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "2024-10-22.npz").symlink_to(data / "points" / "2024-10-22.npz")
    truth = tmp_path / "truth.csv"
    truth.write_text("hour_utc,open,high,low,close\n2024-10-21T23:00Z,1,1,1,67400\n")
    arguments = ("backtest", "--points", tmp_path, "--truth", truth)
    assert run(capsys, *arguments)["median_error"] is None
    assert main([str(a) for a in arguments]) == 0
    assert "none with both an estimate and a true price" in capsys.readouterr().out


@pytest.mark.promise("`attack --json` counts an attack in outputs", runs="ci")
def test_an_attack_is_counted_in_outputs(transaction_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = run(capsys, "attack", "--txs", transaction_file, "--usd", "100")
    attacks = found["attacks"]
    assert isinstance(attacks, list)
    assert [a["move"] for a in attacks] == [0.01, 0.05]
    assert all(a["outputs"] > 50 and a["state"] == "ambiguous" for a in attacks)
    assert main(["attack", "--txs", str(transaction_file), "--usd", "5"]) == 0
    assert "no number of $5 outputs moves the price by 5%" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "COMMAND"),
        (["estimate"], "--txs --block"),
        (["estimate", "--block", "a", "--txs", "b"], "not allowed"),
        (["estimate", "--block", "a", "--prior", "-5"], "not a positive amount of dollars"),
        (["estimate", "--block", "a", "--prior", "nan"], "not a positive amount of dollars"),
        (["estimate", "--block", "a", "--prior", "high"], "not a positive amount of dollars"),
        (["attack", "--txs", "a"], "--usd"),
        (["backtest", "--points", "a"], "--truth"),
        (["predict"], "invalid choice"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_64(
    arguments: Sequence[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 64
    error = capsys.readouterr().err
    assert word in error
    assert error.count("\n") == 1


def failing_calls(folder: Path) -> list[tuple[list[str], str]]:
    text = folder / "text.txt"
    text.write_text("no such thing")
    (folder / "cut.gz").write_bytes(gzip.compress(b"00" * 1000)[:-9])
    broken = folder / "broken"
    broken.mkdir()
    (broken / "2024-01-01.npz").write_bytes(b"PK no archive")
    odd = folder / "odd"
    odd.mkdir()
    np.savez(odd / "2024-01-01.npz", price=np.array([1.0, -1.0]), time=np.array([1, 2]))
    named = folder / "named"
    named.mkdir()
    np.savez(named / "monday.npz", price=np.array([1.0]), time=np.array([1]))
    fine = folder / "fine"
    fine.mkdir()
    np.savez(fine / "2024-01-01.npz", price=np.array([1.0]), time=np.array([1]))
    truth = folder / "truth.csv"
    truth.write_text("hour_utc,close\n2020-01-01T00:00Z,7\n")
    return [
        (["estimate", "--block", str(folder / "none")], "cannot be read"),
        (["estimate", "--block", str(folder)], "cannot be read"),
        (["estimate", "--block", str(text)], "is not a block"),
        (["estimate", "--block", str(folder / "cut.gz")], "cannot be read"),
        (["estimate", "--txs", str(folder / "none")], "cannot be read"),
        (["estimate", "--txs", str(folder / "cut.gz")], "cannot be read"),
        (["attack", "--txs", str(text), "--usd", "5"], "do not show a price"),
        (["backtest", "--points", str(folder / "none"), "--truth", str(truth)], "no days"),
        (["backtest", "--points", str(broken), "--truth", str(truth)], "not a day of points"),
        (["backtest", "--points", str(odd), "--truth", str(truth)], "not a day of points"),
        (["backtest", "--points", str(named), "--truth", str(truth)], "YYYY-MM-DD"),
        (["backtest", "--points", str(fine), "--truth", str(text)], "hourly prices"),
        (["backtest", "--points", str(fine), "--truth", str(truth)], "hour before"),
    ]


def test_what_cannot_be_done_is_one_sentence_and_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, words in failing_calls(tmp_path):
        assert main(arguments) == 1, arguments
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1


@pytest.mark.parametrize("command", [[], ["estimate"], ["backtest"], ["attack"]])
def test_help_shows_examples(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main([*command, "--help"])
    assert exit_info.value.code == 0
    assert "python -m oracle estimate --block" in capsys.readouterr().out
