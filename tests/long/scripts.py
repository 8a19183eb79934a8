"""The scripts of figures and soaks, called as a person calls them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def run(script: str, *arguments: str) -> str:
    """What a script below `tests/` printed; fails with it when a goal was missed."""
    argv = [sys.executable, str(TESTS / script), *arguments]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    return done.stdout
