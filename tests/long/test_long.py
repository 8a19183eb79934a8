"""Figures and faults that take minutes, each by the script that a person would run."""

from __future__ import annotations

import subprocess
import sys

import pytest
from installed import CHECKOUT, Installed


def run(script: str, *arguments: str) -> str:
    """What the script printed; fails with it when a goal was missed."""
    argv = [sys.executable, str(CHECKOUT / "tests" / script), *arguments]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
    return done.stdout


@pytest.mark.parametrize("bench", ["help", "render", "overview", "tracker_pay", "watch_idle", "install"])
def test_a_bench_meets_its_goal(bench: str) -> None:
    run(f"bench/{bench}.py")


@pytest.mark.parametrize("bench", ["plan", "idle"])
def test_a_bench_of_a_running_stack_meets_its_goal(bench: str, yard: Installed) -> None:
    run(f"bench/{bench}.py", "--dir", str(yard.dir))


def test_twenty_faults_lose_nothing(yard: Installed) -> None:
    run("long/soak.py", "--dir", str(yard.dir))
