"""Figures and faults that take minutes, each by the script that a person would run."""

from __future__ import annotations

import pytest
from installed import Installed

from tests.long.scripts import run


@pytest.mark.parametrize("bench", ["help", "render", "overview", "tracker_pay", "watch_idle", "install"])
def test_a_bench_meets_its_goal(bench: str) -> None:
    run(f"bench/{bench}.py")


@pytest.mark.parametrize("bench", ["plan", "idle"])
def test_a_bench_of_a_running_stack_meets_its_goal(bench: str, yard: Installed) -> None:
    run(f"bench/{bench}.py", "--dir", str(yard.dir))


def test_twenty_faults_lose_nothing(yard: Installed) -> None:
    run("long/soak.py", "--dir", str(yard.dir))
