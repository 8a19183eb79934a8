"""What every bench shares: options, medians, the load, one way to print, and exit 1 below the goal."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
VENV = CHECKOUT / ".venv" / "bin"


def options(description: str, *, n: int, **extra: Any) -> argparse.ArgumentParser:
    """A parser with `--n --seed --json`; add further arguments to it."""
    parser = argparse.ArgumentParser(description=description, **extra)
    parser.add_argument("--n", type=int, default=n, help=f"how many runs [{n}]")
    parser.add_argument("--seed", type=int, default=1, help="seed of what is random")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


@dataclass(frozen=True)
class Figure:
    """One measured figure held against its goal; `at_most` False means the goal is a floor."""

    name: str
    value: float
    goal: float
    unit: str
    at_most: bool = True

    @property
    def met(self) -> bool:
        return self.value <= self.goal if self.at_most else self.value >= self.goal


def report(figures: Sequence[Figure], details: dict[str, Any], *, as_json: bool) -> int:
    """Print figures, details and the load; 1 if a goal is missed."""
    load = os.getloadavg()
    if as_json:
        rows = [{"name": f.name, "value": f.value, "goal": f.goal, "unit": f.unit, "met": f.met} for f in figures]
        print(json.dumps({"figures": rows, "load": load, **details}, indent=2))
    else:
        for figure in figures:
            word = "at most" if figure.at_most else "at least"
            mark = "met" if figure.met else "MISSED"
            print(f"{figure.name}: {figure.value:.3g} {figure.unit} (goal {word} {figure.goal:g}): {mark}")
        for name, value in details.items():
            print(f"  {name}: {value}")
        print(f"  load: {load[0]:.2f} {load[1]:.2f} {load[2]:.2f}")
    return 0 if all(figure.met for figure in figures) else 1


def seconds(argv: Sequence[str], *, expect: Sequence[int] = (0,), env: dict[str, str] | None = None) -> float:
    """Wall time of one run of a command; a run that fails ends the bench."""
    start = time.perf_counter()
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env, check=False)
    taken = time.perf_counter() - start
    if done.returncode not in expect:
        sys.exit(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr.strip()[-800:]}")
    return taken


def alternately(n: int, first: Callable[[], float], second: Callable[[], float]) -> tuple[list[float], list[float]]:
    """Run two measurements in turn, so that a drift of the machine meets both; one run of each is warm-up."""
    first(), second()
    pairs = [(first(), second()) for _ in range(n)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)
