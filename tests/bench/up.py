"""`manage up` with nothing to do against `docker-compose up -d` of the same project with nothing to do, in turn.

Goal: median ratio at most 3, for the sandbox (nine services in two projects against the stack's six) and for thirty
services of three kinds. Both run on tiny images (tests/bench/synthesised.py); `--dir DIR` takes an installation that
runs instead of the sandbox. Same compose binary, both called as processes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from manage.installation.layout import Layout
from tests.bench import common, synthesised

GOAL = 3.0


def ratio(name: str, ours: list[str], layout: Layout, n: int) -> tuple[common.Figure, dict[str, float]]:
    """The figure of one stack and the medians behind it, in ms."""
    file, project = synthesised.rendered(layout), synthesised.project(layout)
    baseline = [str(common.VENV / "docker-compose"), "-p", project, "-f", str(file), "up", "-d"]
    env = synthesised.ENVIRONMENT
    mine, theirs = common.alternately(
        n, lambda: common.seconds(ours, env=env), lambda: common.seconds(baseline, env=env)
    )
    value = common.median([a / b for a, b in zip(mine, theirs, strict=True)])
    details: dict[str, float] = {
        f"{name}, manage up, median ms": round(1000 * common.median(mine)),
        f"{name}, docker-compose up -d, median ms": round(1000 * common.median(theirs)),
    }
    return common.Figure(f"{name}: manage up / docker-compose up -d", value, GOAL, "x"), details


def main() -> int:
    parser = common.options(__doc__ or "", n=11)
    parser.add_argument("--dir", type=Path, help="a running installation [the sandbox on tiny images]")
    arguments = parser.parse_args()
    with synthesised.installed(arguments.dir) as layout:
        ours = [str(common.VENV / "manage"), "up", "--dir", str(layout.dir)]
        first, details = ratio("installation" if arguments.dir else "sandbox", ours, layout, arguments.n)
    with synthesised.thirty() as layout:
        second, more = ratio("30 services", synthesised.command("up", layout), layout, arguments.n)
    return common.report([first, second], {**details, **more}, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
