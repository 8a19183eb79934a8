"""A running sandbox under faults: after each everything is healthy again, no payment is lost, memory stays flat.

A round draws one fault (a frozen, deaf, slow or erring node, a reorganisation, a paused, killed or restarted
container), pays while it lasts, ends it, and waits until all is healthy and the portfolio holds every payment
to the sompi.
Runs on a sandbox of its own, or on the installation of `--dir DIR`. Exit 1 when a round fails or memory grew by more
than the goal.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bench import common
from tests.journeys.installed import Installed, until
from tests.long.sandbox import ADDRESS, KAS, docker, follow, healthy, held, running

RECOVERY_S = 90
GROWTH = 1.3
"""Memory of all containers at the end, at most so many times that after the first round."""
MARGIN_BYTES = 40e6


def faults(installed: Installed) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Name -> (begin, end)."""

    def steer(node: str, *verb: str) -> tuple[Callable[[], object], Callable[[], object]]:
        return (
            lambda: installed.run("sandbox", verb[0], "--node", node, *verb[1:]),
            lambda: installed.run("sandbox", "clear", "--node", node),
        )

    def contain(service: str, begin: str, end: str) -> tuple[Callable[[], object], Callable[[], object]]:
        return lambda: docker(begin, installed.container(service)), lambda: docker(end, installed.container(service))

    return {
        "frozen kaspad": steer("kaspad", "freeze"),
        "frozen bitcoind": steer("bitcoind", "freeze"),
        "deaf kaspad": steer("kaspad", "drop"),
        "deaf bitcoind": steer("bitcoind", "drop"),
        "slow kaspad": steer("kaspad", "lag", "400"),
        "erring kaspad": steer("kaspad", "error", "getUtxosByAddresses"),
        "reorganised kaspad": steer("kaspad", "reorg", "3"),
        "paused tracker": contain("tracker", "pause", "unpause"),
        "paused database": contain("timescaledb", "pause", "unpause"),
        "killed tracker": contain("tracker", "kill", "start"),
        "restarted database": contain("timescaledb", "restart", "start"),
        "killed proxy": contain("proxy", "kill", "start"),
    }


def memory(installed: Installed) -> float:
    """Bytes that all containers of the installation use, page cache left out."""
    ids = docker("ps", "-q", "--filter", f"label=io.nodeyard.installation={installed.id}").split()
    total = 0.0
    for container in ids:
        with subprocess.Popen(
            ["docker", "stats", "--no-stream", "--format", "{{.MemUsage}}", container],
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            used = child.communicate()[0].split("/")[0].strip()
        for suffix, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10), ("B", 1)):
            if used.endswith(suffix):
                total += float(used.removesuffix(suffix)) * factor
                break
    if not total:
        sys.exit("Docker's engine gives no memory figures (docker stats), so this soak proves nothing of memory.")
    return total


def _holds(installed: Installed, token: str, expected: int) -> bool:
    return held(installed, token) == expected


def main() -> int:
    parser = common.options(__doc__ or "", n=20)
    parser.add_argument("--dir", type=Path, help="a running installation [a sandbox of its own]")
    arguments = parser.parse_args()
    with running(arguments.dir, "soak") as installed:
        return soak(installed, arguments)


def soak(installed: Installed, arguments: argparse.Namespace) -> int:
    token, draw, possible = installed.token(), random.Random(arguments.seed), faults(installed)
    follow(installed, token, "soak")
    until(lambda: healthy(installed), RECOVERY_S, "healthy before the first fault")
    base, paid, rounds, first = held(installed, token), 0, [], 0.0
    for number in range(arguments.n):
        name = draw.choice(sorted(possible))
        begin, end = possible[name]
        begin()
        try:
            if "kaspad" not in name:
                installed.run("sandbox", "pay", ADDRESS, "1")
                paid += KAS
            time.sleep(draw.uniform(1, 8))
        finally:
            end()
        start = time.monotonic()
        until(lambda: healthy(installed), RECOVERY_S, f"healthy after a {name} (round {number})")
        installed.run("sandbox", "pay", ADDRESS, "1")
        paid += KAS
        expected = base + paid
        until(partial(_holds, installed, token, expected), 10, f"every payment after a {name} (round {number})")
        rounds.append(time.monotonic() - start)
        first = first or memory(installed)
        if not arguments.json:
            print(f"{number + 1:3} {name}: whole again after {rounds[-1]:.1f} s", flush=True)
    growth = max(0.0, memory(installed) - MARGIN_BYTES) / first
    return common.report(
        [
            common.Figure("rounds that ended whole", len(rounds), arguments.n, "rounds", at_most=False),
            common.Figure("memory at the end / after the first round", growth, GROWTH, "x"),
        ],
        {"payments held, KAS": paid / KAS, "median recovery, s": round(common.median(rounds), 1)},
        as_json=arguments.json,
    )


if __name__ == "__main__":
    sys.exit(main())
