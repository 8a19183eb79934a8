"""`manage --help` against `tutor --version` (PyPI tutor), in turn: median ratio at most 0.6.

tutor lives in an environment of its own (`--tutor-venv`), made from requirements/bench.txt at the first run.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bench import common

GOAL = 0.6


def tutor(folder: Path) -> Path:
    """The tutor command, installed into `folder` at the first use."""
    command = folder / "bin" / "tutor"
    if not command.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        locked = str(common.CHECKOUT / "requirements" / "bench.txt")
        subprocess.run([str(folder / "bin" / "pip"), "install", "-q", "--require-hashes", "-r", locked], check=True)
    return command


def main() -> int:
    parser = common.options(__doc__ or "", n=15)
    parser.add_argument(
        "--tutor-venv", type=Path, default=common.CHECKOUT / ".cache" / "tutor", help="where tutor is installed"
    )
    arguments = parser.parse_args()
    baseline = [str(tutor(arguments.tutor_venv)), "--version"]
    ours = [str(common.VENV / "manage"), "--help"]
    mine, theirs = common.alternately(arguments.n, lambda: common.seconds(ours), lambda: common.seconds(baseline))
    ratio = common.median([a / b for a, b in zip(mine, theirs, strict=True)])
    return common.report(
        [common.Figure("manage --help / tutor --version", ratio, GOAL, "x")],
        {
            "manage --help, median ms": round(1000 * common.median(mine), 1),
            "tutor --version, median ms": round(1000 * common.median(theirs), 1),
        },
        as_json=arguments.json,
    )


if __name__ == "__main__":
    sys.exit(main())
