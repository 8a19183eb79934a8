"""Runs the scripts of figures and soaks as a person runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def run(module: str, *arguments: str) -> str:
    """Run `python -m MODULE` and return what it printed; a missed goal fails the test with that text."""
    argv = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(argv, cwd=CHECKOUT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    return done.stdout
