"""`./install.sh` on a machine without Docker and without a registry, to all healthy: at most 6 minutes; again: 20 s.

Each run makes a machine of its own (tests/hosts/machine.py). Judged on the medians.
"""

from __future__ import annotations

import sys
import time

from tests.bench import common
from tests.hosts.machine import CODE, SUITES, Machine, bare

FIRST_S, AGAIN_S = 360.0, 20.0


def installed(machine: Machine) -> tuple[float, float]:
    """Seconds from nothing to all healthy, and of the second run."""
    start = time.monotonic()
    machine.run(f"{CODE}/install.sh --yes")
    while set(machine.verdicts().values()) != {"healthy"}:
        if time.monotonic() - start > 2 * FIRST_S:
            sys.exit(f"not healthy in twice the time: {machine.verdicts()}")
        time.sleep(0.5)
    first = time.monotonic() - start
    return first, machine.run(f"{CODE}/install.sh --yes").seconds


def main() -> int:
    parser = common.options(__doc__ or "", n=1)
    parser.add_argument("--suite", choices=SUITES, default="bookworm", help="distribution of the bare machine")
    arguments = parser.parse_args()
    runs = []
    for _ in range(arguments.n):
        with bare(arguments.suite) as machine:
            runs.append(installed(machine))
    return common.report(
        [
            common.Figure(
                "install.sh, nothing there, to all healthy", common.median([a for a, _ in runs]), FIRST_S, "s"
            ),
            common.Figure("install.sh again", common.median([b for _, b in runs]), AGAIN_S, "s"),
        ],
        {"suite": arguments.suite, "runs": arguments.n},
        as_json=arguments.json,
    )


if __name__ == "__main__":
    sys.exit(main())
