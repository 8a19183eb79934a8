"""The promises that a short program proves and that no suite runs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from manage.docs.proof import Command, load
from manage.installation.layout import CHECKOUT

COMMANDS = [entry for entry in load(CHECKOUT).commands if entry.runs == "ci"]


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.sentence)
def test_a_command_prints_what_it_promises(entry: Command) -> None:
    program, *arguments = shlex.split(entry.command)
    assert program == "python"
    argv = [sys.executable, *arguments]
    done = subprocess.run(argv, cwd=CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(entry.expected, done.stdout), done.stdout


def test_every_promise_names_a_test_that_pytest_collects() -> None:
    promises = [each for each in load(CHECKOUT).promises if not each.file.startswith("tests/hosts/")]
    argv = [
        sys.executable,
        "-m",
        "pytest",
        "-m",
        "",
        "--collect-only",
        "-q",
        "--real",
        *sorted({each.file for each in promises}),
    ]
    done = subprocess.run(argv, cwd=CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    collected = {line for line in done.stdout.splitlines() if "::" in line}
    for each in promises:
        prefix = each.proof if each.case else f"{each.proof}["
        assert each.proof in collected or any(test.startswith(prefix) for test in collected), each.proof
