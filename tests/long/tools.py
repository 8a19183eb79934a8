"""Auditing programs of others, in an environment of their own that the first run makes from requirements/audit.txt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.bench.common import CHECKOUT

LOCKED = CHECKOUT / "requirements" / "audit.txt"
ENVIRONMENT = CHECKOUT / ".cache" / "audit"


def program(name: str, environment: Path = ENVIRONMENT) -> str:
    """The path of bandit or schemathesis; every package is checked against its hash."""
    mark, wanted = environment / "locked", LOCKED.read_text(encoding="utf-8")
    if not mark.exists() or mark.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(environment)], check=True)
        install = [str(environment / "bin" / "pip"), "install", "-q", "--require-hashes", "-r", str(LOCKED)]
        subprocess.run(install, check=True)
        mark.write_text(wanted, encoding="utf-8")
    return str(environment / "bin" / name)
