"""`./install.sh` on a machine without Docker and without a registry, to all healthy: at most 100 s.

With the images in place (an installation was removed and its images stayed) at most 25 s; again, on a running stack, at
most 20 s. Each run makes a machine of its own (tests/hosts/machine.py). Judged on the medians; also prints the steps of
the last installation from nothing.
"""

from __future__ import annotations

import re
import sys
import time

from tests.bench import common
from tests.hosts.machine import CODE, SUITES, Machine, bare

FIRST_S, IN_PLACE_S, AGAIN_S = 100.0, 25.0, 20.0
GIVE_UP_S = 900.0
STEP = re.compile(r"(?m)^ *(\d+) s  ([A-Z][^:]*): ")
"""`  34 s  Docker's engine: ...`: a step of install.sh, with the seconds since its start."""
IMAGE = re.compile(r"Image (\S+) built in (.+)")


def healthy(machine: Machine) -> tuple[float, str]:
    """Seconds of `install.sh` until everything is healthy, and what it printed."""
    start = time.monotonic()
    output = machine.run(f"{CODE}/install.sh --yes").output
    while set(machine.verdicts().values()) != {"healthy"}:
        if time.monotonic() - start > GIVE_UP_S:
            sys.exit(f"not healthy after {GIVE_UP_S:.0f} s: {machine.verdicts()}")
        time.sleep(0.5)
    return time.monotonic() - start, output


def measured(machine: Machine) -> tuple[float, float, float, str]:
    """Seconds from nothing, of a run on the running stack, and from images alone; and what the first run printed."""
    first, output = healthy(machine)
    again = machine.run(f"{CODE}/install.sh --yes").seconds
    machine.run(f"{CODE}/install.sh --uninstall --yes")
    in_place, _ = healthy(machine)
    return first, again, in_place, output


def steps(output: str) -> dict[str, str]:
    """Step of the installer -> the second at which it was done; image -> how long its build took."""
    done = {title: f"done at {second} s" for second, title in STEP.findall(output)}
    return done | {f"image {name}": took for name, took in IMAGE.findall(output)}


def main() -> int:
    parser = common.options(__doc__ or "", n=1)
    parser.add_argument("--suite", choices=SUITES, default="bookworm", help="distribution of the bare machine")
    arguments = parser.parse_args()
    runs = []
    for _ in range(arguments.n):
        with bare(arguments.suite) as machine:
            runs.append(measured(machine))
    first, again, in_place = (common.median([run[place] for run in runs]) for place in range(3))  # type: ignore[misc]
    return common.report(
        [
            common.Figure("install.sh, nothing there, to all healthy", first, FIRST_S, "s"),
            common.Figure("install.sh, images in place, to all healthy", in_place, IN_PLACE_S, "s"),
            common.Figure("install.sh again", again, AGAIN_S, "s"),
        ],
        {"suite": arguments.suite, "runs": arguments.n, **steps(runs[-1][3])},
        as_json=arguments.json,
    )


if __name__ == "__main__":
    sys.exit(main())
