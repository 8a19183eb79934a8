"""Suites run side by side: a port that one test was given is given to no other before its server listens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.stage import ports

CHECKOUT = Path(__file__).resolve().parents[2]
ASK_FOR = """
import sys
from tests.stage import ports

ports._candidates = iter(map(int, sys.argv[1:]))
print(ports.free_port())
"""


def test_another_process_is_not_given_a_port_of_this_one() -> None:
    first, second = ports.free_port(), ports.free_port()
    assert first != second
    spare = ports.free_port()
    ports._reserved.pop().close()
    argv = [sys.executable, "-c", ASK_FOR, *map(str, (first, second, spare))]
    done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout == f"{spare}\n"
