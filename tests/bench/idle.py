"""Memory of the idle stack, manager included: sum of the containers' own use (without page cache), at most 2.5 GB.

Needs a running installation: `--dir DIR` [/var/lib/nodeyard]. Judged on the median of n samples a second apart.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import docker

from tests.bench import common

GOAL_BYTES = 2.5e9


def used(container: object) -> int:
    """Bytes as `docker stats` counts them: usage without inactive file cache."""
    memory = container.stats(stream=False, one_shot=True)["memory_stats"]  # type: ignore[attr-defined]
    inactive = memory["stats"].get("total_inactive_file", memory["stats"].get("inactive_file", 0))
    return int(memory["usage"]) - int(inactive)


def main() -> int:
    parser = common.options(__doc__ or "", n=5)
    parser.add_argument("--dir", type=Path, default=Path("/var/lib/nodeyard"))
    arguments = parser.parse_args()
    installation = json.loads((arguments.dir / "installation.json").read_text())["id"]
    containers = docker.from_env().containers.list(filters={"label": f"io.nodeyard.installation={installation}"})
    if not containers:
        sys.exit(f"Nothing of the installation in {arguments.dir} runs. Start it: manage up --dir {arguments.dir}")
    sums, last = [], {}
    for _ in range(arguments.n):
        last = {container.labels["com.docker.compose.service"]: used(container) for container in containers}
        sums.append(sum(last.values()))
        time.sleep(1)
    return common.report(
        [common.Figure("idle memory", common.median(sums) / 1e9, GOAL_BYTES / 1e9, "GB")],
        {name: f"{count / 1e6:.0f} MB" for name, count in sorted(last.items())},
        as_json=arguments.json,
    )


if __name__ == "__main__":
    sys.exit(main())
