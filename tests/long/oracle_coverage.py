"""How much of `services/oracle` its tests reach, the processes that they start among it: at least 90 %.

    python -m tests.long.oracle_coverage [--json]

Runs `tests/oracle`, some minutes, and prints what each file misses. `coverage` counts lines and
branches in this process, in threads, and in every oracle that a test starts and stops.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench import common

SUITES = ("tests/oracle",)
TIMED = "tests/oracle/unit/test_malformed.py::test_four_hostile_megabytes_take_less_than_two_seconds"
"""It says how fast something is, which it is not while every line is counted."""
GOAL = 90.0


def settings(folder: Path) -> str:
    """coverage's own settings; `patch` and `sigterm` let child processes that are stopped write what they counted."""
    return (
        "[run]\nbranch = true\nparallel = true\npatch = subprocess\nsigterm = true\n"
        f"data_file = {folder / 'data'}\nsource = {common.CHECKOUT / 'services' / 'oracle'}\n"
    )


def main() -> int:
    arguments = common.options(__doc__ or "", n=1).parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rc = folder / "coveragerc"
        rc.write_text(settings(folder))
        coverage = [sys.executable, "-m", "coverage"]
        tests = subprocess.run(
            [*coverage, "run", f"--rcfile={rc}", "-m", "pytest", "-q", "--deselect", TIMED, *SUITES],
            cwd=common.CHECKOUT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if tests.returncode:
            sys.exit(tests.stdout[-4000:] + tests.stderr[-2000:])
        subprocess.run([*coverage, "combine", f"--rcfile={rc}", "-q"], cwd=common.CHECKOUT, check=True)
        report = folder / "report.json"
        subprocess.run([*coverage, "json", f"--rcfile={rc}", "-q", "-o", str(report)], cwd=common.CHECKOUT, check=True)
        found = json.loads(report.read_text())
    details = {
        os.path.relpath(
            file, "services"
        ): f"{entry['summary']['percent_covered']:.0f} % (lines missed: {_lines(entry)})"
        for file, entry in sorted(found["files"].items())
        if entry["missing_lines"]
    }
    figure = common.Figure("reached by tests", found["totals"]["percent_covered"], GOAL, "%", at_most=False)
    return common.report([figure], details, as_json=arguments.json)


def _lines(entry: dict[str, list[int]]) -> str:
    return " ".join(map(str, entry["missing_lines"]))


if __name__ == "__main__":
    sys.exit(main())
