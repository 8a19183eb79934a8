"""The rules of tests/long/cis_rules.py against a running installation: `--dir DIR` [/var/lib/nodeyard].

Also the owners and modes of our files, as 3.x of docker/docker-bench-security 1.6.0 judges Docker's own files of that
kind (tests/3_docker_daemon_configuration_files.sh). Goal: nothing breaks a rule, except where the table gives the
reason.
"""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from manage.host.firewall import SAVED
from manage.host.unit import UNITS
from tests.bench import common
from tests.long.cis_rules import RULES, Document, broken


@dataclass(frozen=True)
class FileRule:
    """Files of ours: who owns them, and the most that their mode may allow."""

    number: str
    about: str
    where: Callable[[Path], Iterable[Path]]
    mode: int
    group: int = 0


FILE_RULES = (
    FileRule("3.1, 3.2", "units", lambda _: UNITS.glob("nodeyard*.service"), 0o644),
    FileRule("3.5, 3.6", "the folder in /etc", lambda _: SAVED.parent.parent.glob(SAVED.parent.name), 0o755),
    FileRule("3.13, 3.14", "secrets", lambda folder: (folder / "secrets").iterdir(), 0o600),
    FileRule("3.15, 3.16", "the agent's socket", lambda folder: (folder / "run/agent").glob("*.sock"), 0o660, 70020),
    FileRule("3.17, 3.18", "configuration", lambda folder: folder.glob("*.yml"), 0o644),
    FileRule("3.17, 3.18", "the firewall table", lambda _: SAVED.parent.glob(SAVED.name), 0o644),
)


def open_files(folder: Path) -> tuple[list[str], int]:
    """(files of ours that others could change or should not read, how many files were looked at)."""
    faults, seen = [], 0
    for rule in FILE_RULES:
        for path in rule.where(folder):
            found, seen = path.lstat(), seen + 1
            if (found.st_uid, found.st_gid) != (0, rule.group) or stat.S_IMODE(found.st_mode) & ~rule.mode:
                faults.append(f"{rule.number} {path}: {found.st_uid}:{found.st_gid} {stat.filemode(found.st_mode)}")
    return faults, seen


def inspected(folder: Path) -> dict[str, Document]:
    """Service -> what `docker inspect` says of its container."""
    installation = json.loads((folder / "installation.json").read_text(encoding="utf-8"))["id"]
    label = f"label=io.nodeyard.installation={installation}"
    ids = subprocess.run(["docker", "ps", "-q", "--filter", label], capture_output=True, text=True, check=True)
    done = subprocess.run(["docker", "inspect", *ids.stdout.split()], capture_output=True, text=True, check=True)
    return {each["Config"]["Labels"]["io.nodeyard.service"]: each for each in json.loads(done.stdout)}


def main() -> int:
    parser = common.options(__doc__ or "", n=1)
    parser.add_argument("--dir", type=Path, default=Path("/var/lib/nodeyard"), help="the running installation")
    arguments = parser.parse_args()
    documents = inspected(arguments.dir)
    faults, accepted = broken(documents)
    open_to_others, files = open_files(arguments.dir)
    return common.report(
        [
            common.Figure("container rules broken without a reason", len(faults), 0, "times"),
            common.Figure("files with a wrong owner or mode", len(open_to_others), 0, "files"),
            common.Figure("containers", len(documents), 1, "containers", at_most=False),
        ],
        {
            "rules": f"{len(RULES)} for containers, {len(FILE_RULES)} for {files} files",
            "broken": faults + open_to_others,
            "broken for a reason": len(accepted),
            "reasons": accepted,
        },
        as_json=arguments.json,
    )


if __name__ == "__main__":
    sys.exit(main())
