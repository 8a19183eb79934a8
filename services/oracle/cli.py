"""The command line for data in files: estimate, backtest, attack."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from oracle.attack import MOVES, smallest_attack
from oracle.backtest import Case, judge, replay_day
from oracle.errors import EXIT_FAILED, EXIT_USAGE, OracleError
from oracle.estimate import Estimate, estimate_price
from oracle.files import Payments, read_block, read_transactions
from oracle.points import read_days, read_hours
from oracle.weights import Weights, load

EXAMPLES = """commands that use a node: serve, record, replay (python -m oracle serve --help)

examples:
  python -m oracle estimate --block 722010.raw --prior 41000
  python -m oracle estimate --txs mempool.txt.gz --json
  python -m oracle backtest --points points --truth hourly_truth.csv
  python -m oracle attack --txs mempool.txt.gz --usd 100
"""
ESTIMATE_HELP = """Estimate the price of one BTC in USD from a file of payments.

--txs takes a text file with one raw transaction in hex per line, --block one raw block; both may be gzip files.
Without --prior every price from $250 to $1,600,000 is possible, and the answer may be "ambiguous".

--json prints price, low, high (90 % interval; null without a signal), confidence (probability that the price is
within 1 % of the true one), state, reason, n_points (round payments within 2 % of the price), n_txs, n_kept
(outputs that passed the filter), n_malformed.
"""
BACKTEST_HELP = """Replay published days hour by hour and compare each answer with the exchange's close of that hour.

--points is a folder of YYYY-MM-DD.npz files with the arrays price (USD per BTC implied by one output) and time
(unix s). --truth is a CSV file with the columns hour_utc (YYYY-MM-DDTHH:MMZ, start of the hour) and close (USD). The
last close before midnight is the first prior of a day; all others serve only for comparison.

--json prints cases (hour is the end of the window); median_error, p90_error and mean_width in percent; coverage from 0
to 1; interval_score and constant_score (the best interval of constant width) in percent.
"""
ATTACK_HELP = """Find how many fake outputs of N dollars move the price by 1 % and 5 %, and how many change the state.

--json prints price, state, n_kept and attacks: move (0.01 is 1 %), outputs (null: no number suffices), price, state,
noticed (null: the state stays ok until the price has moved).
"""


class Parser(argparse.ArgumentParser):
    """Prints usage errors as one sentence and exits with code 64."""

    def error(self, message: str) -> NoReturn:
        sys.stderr.write(f"{message[:1].upper()}{message[1:]}. Try: {self.prog} --help\n")
        raise SystemExit(EXIT_USAGE)


def _usd(text: str) -> float:
    try:
        value = float(text.replace(",", ""))
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive amount of dollars")
    return value


def _parser() -> Parser:
    raw = argparse.RawDescriptionHelpFormatter
    parser = Parser("python -m oracle", description=__doc__, epilog=EXAMPLES, formatter_class=raw)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser, metavar="COMMAND")

    def command(name: str, summary: str, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=text, epilog=EXAMPLES, formatter_class=raw)
        added.add_argument("--json", action="store_true", help="machine-readable output")
        return added

    one = command("estimate", "estimate the price from a file of payments", ESTIMATE_HELP)
    source = one.add_mutually_exclusive_group(required=True)
    source.add_argument("--txs", type=Path, metavar="FILE", help="raw transactions in hex, one per line, also .gz")
    source.add_argument("--block", type=Path, metavar="FILE", help="one raw block, also .gz")
    one.add_argument("--prior", type=_usd, metavar="USD", help="a price within 10 %% of the true one")
    back = command("backtest", "compare estimates with an exchange's prices", BACKTEST_HELP)
    back.add_argument("--points", type=Path, required=True, metavar="DIR", help="folder of YYYY-MM-DD.npz files")
    back.add_argument("--truth", type=Path, required=True, metavar="CSV", help="hourly prices of an exchange")
    fake = command("attack", "find how many fake outputs move the price", ATTACK_HELP)
    fake.add_argument("--txs", type=Path, required=True, metavar="FILE", help="honest transactions in hex, also .gz")
    fake.add_argument("--usd", type=_usd, required=True, metavar="N", help="amount of each fake output in dollars")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code: 0, 1 for a failure, 64 for a usage error."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "estimate":
            payments = read_block(options.block) if options.block else read_transactions(options.txs)
            text, machine = _estimate(payments, options.prior, load())
        elif options.command == "backtest":
            text, machine = _backtest(options.points, options.truth, load())
        else:
            text, machine = _attack(read_transactions(options.txs), options.usd, load())
    except OracleError as error:
        sys.stderr.write(f"{error.message} {error.hint}".rstrip() + "\n")
        return EXIT_FAILED
    sys.stdout.write((json.dumps(machine) if options.json else text) + "\n")
    return 0


def _numbers(answer: Estimate) -> dict[str, object]:
    return {
        "price": _cents(answer.price),
        "low": _cents(answer.low),
        "high": _cents(answer.high),
        "confidence": round(answer.confidence, 4),
        "state": answer.state.value,
    }


def _cents(usd: float | None) -> float | None:
    return None if usd is None else round(usd, 2)


def _words(answer: Estimate) -> str:
    if answer.price is None:
        return f"no price: {answer.state.value} ({answer.reason})"
    return (
        f"{answer.price:,.2f} USD (90 %: {answer.low:,.2f} to {answer.high:,.2f}), "
        f"confidence {answer.confidence:.2f}, {answer.state.value}: {answer.reason}"
    )


def _estimate(payments: Payments, prior: float | None, weights: Weights) -> tuple[str, object]:
    answer = estimate_price(payments.histogram(), payments.time, weights, prior)
    machine = _numbers(answer) | {
        "reason": answer.reason,
        "n_points": answer.n_points,
        "n_txs": payments.n_transactions,
        "n_kept": len(payments.amounts),
        "n_malformed": payments.n_malformed,
    }
    return (
        f"{_words(answer)}\n{payments.n_transactions:,} transactions ({payments.n_malformed:,} malformed), "
        f"{len(payments.amounts):,} outputs kept, {answer.n_points:,} round amounts near the price",
        machine,
    )


def _backtest(points: Path, truth: Path, weights: Weights) -> tuple[str, object]:
    hours = read_hours(truth)
    cases = [case for day in read_days(points) for case in replay_day(day, hours, weights)]
    if not cases:
        raise OracleError(f"{truth} has no price for the hour before any of these days.", "Each day needs one.")
    report = judge(cases)
    machine: dict[str, object] = {"cases": [_case(case) for case in cases]}
    fields = ("median_error", "p90_error", "coverage", "mean_width", "interval_score", "constant_score")
    machine |= {name: None if report is None else round(getattr(report, name), 6) for name in fields}
    if report is None:
        return f"{len(cases)} hours, none with both an estimate and a true price", machine
    return (
        f"{len(cases)} hours: median error {report.median_error:.4f} %, 90th percentile {report.p90_error:.3f} %\n"
        f"90 % interval: covers {report.coverage:.1%}, mean width {report.mean_width:.3f} %, "
        f"score {report.interval_score:.3f} (best constant width: {report.constant_score:.3f})",
        machine,
    )


def _case(case: Case) -> dict[str, object]:
    answer = case.estimate
    return {
        "hour": case.hour,
        "price": _cents(answer.price),
        "low": _cents(answer.low),
        "high": _cents(answer.high),
        "state": answer.state.value,
    }


def _attack(payments: Payments, usd: float, weights: Weights) -> tuple[str, object]:
    honest = estimate_price(payments.histogram(), payments.time, weights)
    if honest.price is None:
        raise OracleError("These transactions do not show a price.", f"The state is {honest.state.value}.")
    attacks = [smallest_attack(payments, usd, move, honest, weights) for move in MOVES]
    lines = [_words(honest)]
    for found in attacks:
        if found.outputs is None or found.answer is None:
            lines.append(f"no number of ${usd:g} outputs moves the price by {found.move:.0%}")
        else:
            lines.append(
                f"{found.outputs:,} outputs of ${usd:g} move the price by {found.move:.0%}: {_words(found.answer)}"
            )
        lines.append(
            f"  the state changes from {found.noticed:,} outputs on"
            if found.noticed
            else "  the state does not change before"
        )
    machine = {
        "price": _cents(honest.price),
        "state": honest.state.value,
        "n_kept": len(payments.amounts),
        "attacks": [
            {
                "move": found.move,
                "outputs": found.outputs,
                "price": _cents(found.answer.price) if found.answer else None,
                "state": found.answer.state.value if found.answer else None,
                "noticed": found.noticed,
            }
            for found in attacks
        ],
    }
    return "\n".join(lines), machine
