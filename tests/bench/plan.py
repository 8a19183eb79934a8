"""`manage plan` with nothing to do against `docker-compose config --hash '*'` of the same file: median ratio at most 8.

Needs a running installation: `--dir DIR` [/var/lib/nodeyard]. Same compose binary, both called as processes.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench import common

GOAL = 8.0


def main() -> int:
    parser = common.options(__doc__ or "", n=11)
    parser.add_argument("--dir", type=Path, default=Path("/var/lib/nodeyard"))
    arguments = parser.parse_args()
    rendered = max((arguments.dir / "compose").glob("*.yml"), key=lambda path: (len(path.read_bytes()), path.name))
    ours = [str(common.VENV / "manage"), "plan", "--dir", str(arguments.dir)]
    baseline = [str(common.VENV / "docker-compose"), "-f", str(rendered), "config", "--hash", "*"]
    mine, theirs = common.alternately(arguments.n, lambda: common.seconds(ours), lambda: common.seconds(baseline))
    ratio = common.median([a / b for a, b in zip(mine, theirs, strict=True)])
    return common.report(
        [common.Figure("manage plan / docker-compose config --hash", ratio, GOAL, "x")],
        {
            "manage plan, median ms": round(1000 * common.median(mine)),
            "compose, median ms": round(1000 * common.median(theirs)),
        },
        as_json=arguments.json,
    )


if __name__ == "__main__":
    sys.exit(main())
