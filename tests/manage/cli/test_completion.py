"""The shell completes verbs, services, keys and the values of a choice, through the script that `manage` prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from manage.cli.completion import SHELLS, VARIABLE

PROGRAM = [sys.executable, "-m", "manage.cli.main"]


def completed(line: str, directory: Path) -> list[str]:
    """What bash would offer after `line`."""
    words = line.split(" ")
    environment = os.environ | {
        VARIABLE: "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "NODEYARD_DIR": str(directory),
    }
    program = "import sys; sys.argv[0] = 'manage'; from manage.cli.main import main; main()"
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return [entry.partition(",")[2] for entry in run.stdout.splitlines()]


@pytest.mark.promise("The shell completes verbs, services, keys and the values of a choice", runs="ci")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("manage sta", ["status"]),
        ("manage config s", ["set", "show", "schema"]),
        ("manage why kas", ["kaspad"]),
        ("manage logs t", ["timescaledb", "tracker"]),
        ("manage up k", ["kaspad"]),
        ("manage plan restart t", ["timescaledb", "tracker"]),
        ("manage restart tracker b", ["bitcoind"]),
        ("manage render --files pro", ["proxy"]),
        ("manage config set services.proxy.r", ["services.proxy.rate_limit"]),
        ("manage config set network m", ["mainnet"]),
        ("manage config set services.tracker.log_level ", ["debug", "info", "warning", "error"]),
        ("manage config set services.kaspad.archival ", ["true", "false"]),
        ("manage init --profile or", ["oracle"]),
        ("manage completion f", ["fish"]),
    ],
)
def test_the_shell_offers(line: str, offered: list[str], tmp_path: Path) -> None:
    assert sorted(completed(line, tmp_path)) == sorted(offered)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_each_shell_is_printed(shell: str) -> None:
    run = subprocess.run([*PROGRAM, "completion", shell], capture_output=True, text=True, check=True)
    assert VARIABLE in run.stdout


def test_bash_accepts_its_script() -> None:
    script = subprocess.run([*PROGRAM, "completion", "bash"], capture_output=True, text=True, check=True).stdout
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
