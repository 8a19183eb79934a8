"""Figures and faults that take minutes, each by the script that a person would run."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest
from sandbox.bitcoind.flow import price_at

from tests.journeys.installed import Installed, until
from tests.long.scripts import run


@pytest.mark.parametrize(
    "bench", ["help", "render", "overview", "tracker_pay", "tracker_rich", "watch_idle", "install"]
)
def test_a_bench_meets_its_goal(bench: str) -> None:
    run(f"tests.bench.{bench}")


@pytest.mark.parametrize("audit", ["code_findings", "api_contract"])
def test_an_audit_finds_nothing(audit: str) -> None:
    run(f"tests.long.{audit}")


@pytest.mark.parametrize("bench", ["plan", "idle", "attack_load"])
def test_a_bench_of_a_running_stack_meets_its_goal(bench: str, installed: Installed) -> None:
    run(f"tests.bench.{bench}", "--dir", str(installed.dir))


def test_containers_and_files_break_no_rule_of_the_benchmark(installed: Installed) -> None:
    run("tests.long.container_rules", "--dir", str(installed.dir))


def test_twenty_faults_lose_nothing(installed: Installed) -> None:
    run("tests.long.soak", "--dir", str(installed.dir))


@pytest.mark.parametrize("campaign", ["kills", "state_files", "containers"])
def test_a_campaign_ends_whole(campaign: str) -> None:
    run(f"tests.long.{campaign}")


@pytest.mark.promise(
    "The sandbox's price is its simulator's within 1 %, its history lies in a TimescaleDB hypertable",
    runs="long",
)
def test_the_oracle_of_a_sandbox_tells_the_simulators_price_and_keeps_it_in_a_hypertable(installed: Installed) -> None:
    def answer(path: str) -> Any:
        return installed.http(f"/oracle/api/v1/{path}").json()

    price = until(lambda: (told := answer("price")).get("price") and told, 90, "a price")
    assert price["market"] == "synthetic"
    assert price["price"] == pytest.approx(price_at(price["as_of"]), rel=0.01)
    kept = until(lambda: [each for each in answer("history")["history"] if each["price"]], 60, "a price in the history")
    assert kept[-1]["price"] == pytest.approx(price["price"], rel=0.02)
    ask = "SELECT hypertable_name FROM timescaledb_information.hypertables"
    psql = ["psql", "-XAtc", ask, "-d", "oracle_sandbox", "-U", "postgres", "-h", "/run/postgresql"]
    argv = ["docker", "exec", installed.container("timescaledb"), *psql]
    assert subprocess.run(argv, check=True, capture_output=True, text=True).stdout.split() == ["price"]
