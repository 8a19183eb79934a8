"""`manage --help` and `manage status` against `tutor --version` (PyPI tutor), in turn.

Goals: median ratio at most 0.35 and 0.5. `status` reads a snapshot of nine services from a temporary folder.

tutor lives in an environment of its own (`--tutor-venv`), made from requirements/bench.txt at the first run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from manage.health import snapshot as snapshots
from manage.installation.layout import Layout
from tests.bench import common
from tests.stage import scenery

HELP_GOAL = 0.35
STATUS_GOAL = 0.5


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
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder))
        layout.watch_dir.mkdir(parents=True)
        snapshots.write(layout.snapshot_file, scenery.healthy(time.time()))
        figures, details = [], {}
        for words, goal in ((["--help"], HELP_GOAL), (["status", "--dir", folder], STATUS_GOAL)):
            ours = [str(common.VENV / "manage"), *words]
            ratio, milliseconds = measured(ours, baseline, arguments.n)
            figures.append(common.Figure(f"manage {words[0]} / tutor --version", ratio, goal, "x"))
            details[f"manage {words[0]} and tutor --version, median ms"] = milliseconds
    return common.report(figures, details, as_json=arguments.json)


def measured(ours: list[str], baseline: list[str], n: int) -> tuple[float, list[float]]:
    """(median ratio, medians in ms)."""
    mine, theirs = common.alternately(n, lambda: common.seconds(ours), lambda: common.seconds(baseline))
    ratio = common.median([a / b for a, b in zip(mine, theirs, strict=True)])
    return ratio, [round(1000 * common.median(times), 1) for times in (mine, theirs)]


if __name__ == "__main__":
    sys.exit(main())
