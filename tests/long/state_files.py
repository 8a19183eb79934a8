"""Every state file of a running sandbox, damaged in every way: each command says so, and `up` converges afterwards.

    python -m tests.long.state_files [--n 200] [--first 0] [--seed 1] [--only FILE] [--dir DIR] [--json]

The files are those that `Layout` names, the ways those of tests/stage/damages.py. A round damages one file in one way
and runs commands that read and `up`: each must end in time with an exit code and a sentence, and leave every file alone
that holds what cannot be made again. Then the file is put back, unless `up` has written it again itself, and `up` must
converge with every service healthy and the tracker's balance the same to the sompi.
The order of the rounds depends on the seed alone, so `--first 20 --n 10` runs rounds 20 to 29 of the same campaign.
Runs on a sandbox of its own, or on the installation of `--dir DIR`. Exit 1 unless every round ends whole.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from manage.installation.layout import Layout
from tests.bench import common
from tests.journeys.installed import Installed, until
from tests.long.sandbox import ADDRESS, follow, healthy, held, running
from tests.stage import whole
from tests.stage.damages import KINDS, damage

DEADLINE_S = 120
RECOVERY_S = 60
COMMANDS = (
    ("status",),
    ("why", "tracker"),
    ("history",),
    ("plan",),
    ("user", "list"),
    ("audit", "verify"),
    ("secrets", "list"),
    ("up", "--yes"),
)
PRECIOUS = ("installation_file", "stack_file", "users_file", "secret_generations_file", "second_factors_file")
ENDS = {0, 1, 10}


def cases(seed: int) -> list[tuple[str, str]]:
    """(file, way), shuffled."""
    found = [(file, kind) for file in sorted(whole.names()) for kind in KINDS]
    random.Random(seed).shuffle(found)
    return found


def precious(layout: Layout) -> dict[str, bytes]:
    """What no command may change here: the files that cannot be made again, and every secret."""
    paths = [getattr(layout, name) for name in PRECIOUS] + sorted(layout.secrets_dir.iterdir())
    return {str(path): path.read_bytes() for path in paths if path.is_file()}


def asked(installed: Installed) -> tuple[list[str], bool]:
    """What is wrong with the commands' answers, and whether `up` was content."""
    found, code = [], None
    for words in COMMANDS:
        try:
            done = installed.run(*words, expect=None, timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            found.append(f"{' '.join(words)} has not ended after {DEADLINE_S} s")
            continue
        said, code = done.stdout + done.stderr, done.returncode
        if code not in ENDS or not said or "Traceback" in said or "unexpectedly" in said:
            found.append(f"{' '.join(words)} ended with {code}: {said[-400:]}")
    return found, code == 0


def restore(path: Path, aside: Path) -> None:
    """Put the file back with its owner and mode."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    shutil.copy2(aside, path)
    os.chown(path, aside.stat().st_uid, aside.stat().st_gid)


def round_of(installed: Installed, file: str, kind: str, token: str, expected: int) -> list[str]:
    """What is wrong after one file was damaged in one way and put back."""
    layout = Layout(installed.dir)
    path = whole.files(layout)[file]
    before = precious(layout)
    before.pop(str(path), None)
    with tempfile.TemporaryDirectory() as folder:
        aside = Path(folder) / path.name
        present = path.is_file()
        if present:
            shutil.copy2(path, aside)
            os.chown(aside, path.stat().st_uid, path.stat().st_gid)
        else:
            path.touch()
        damage(kind, path)
        damaged = path.lstat()
        found, content = asked(installed)
        after = precious(layout)
        found += [f"{name} was changed" for name, was in before.items() if after.get(name) != was]
        is_new = path.is_file() and path.lstat().st_ino != damaged.st_ino
        if not (content and is_new):
            if present:
                restore(path, aside)
            elif path.is_dir():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
    done = installed.run("up", "--yes", expect=None)
    if done.returncode:
        return [*found, f"up ended with {done.returncode} afterwards: {done.stderr[-400:]}"]
    try:
        until(lambda: healthy(installed), RECOVERY_S, "everything healthy again")
        until(lambda: held(installed, token) == expected, RECOVERY_S, f"{expected} sompi")
    except AssertionError as error:
        found.append(f"{error}; {[one for one in installed.verdicts().items() if one[1][0] != 'healthy']}")
    return found


def run(installed: Installed, arguments: argparse.Namespace) -> int:
    token = installed.token()
    until(lambda: healthy(installed), RECOVERY_S, "healthy before the first round")
    follow(installed, token, "state files")
    installed.run("sandbox", "pay", ADDRESS, "1")
    expected = until(lambda: max(0, held(installed, token)), 20, "the payment")
    chosen = [case for case in cases(arguments.seed) if not arguments.only or case[0] in arguments.only]
    chosen = chosen[arguments.first : arguments.first + arguments.n]
    faults = {}
    for number, (file, kind) in enumerate(chosen, arguments.first):
        found = round_of(installed, file, kind, token, expected)
        if found:
            faults[f"{file} {kind}"] = found
        mark = "; ".join(found) or "whole again"
        print(f"{number:3} {file}, {kind}: {mark}", flush=True, file=sys.stderr if arguments.json else None)
    whole_again = len(chosen) - len(faults)
    figure = common.Figure("rounds that ended whole", whole_again, len(chosen), "rounds", at_most=False)
    details = {"files": len(whole.names()), "ways": len(KINDS), "faults": faults}
    return common.report([figure], details, as_json=arguments.json)


def main() -> int:
    parser = common.options(__doc__ or "", n=200, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0, help="number of the first round [0]")
    parser.add_argument("--only", nargs="*", default=(), choices=whole.names(), help="rounds of these files alone")
    parser.add_argument("--dir", type=Path, help="a running installation [a sandbox of its own]")
    arguments = parser.parse_args()
    with running(arguments.dir, "state-files") as installed:
        return run(installed, arguments)


if __name__ == "__main__":
    sys.exit(main())
