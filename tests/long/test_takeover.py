"""An installation of the version before is taken over by `manage up`: its data, secrets and receipts are kept."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.installed import CHECKOUT, INSTALLATIONS, Installed, free_ports, until
from tests.journeys.test_first_evening import PAYEE, amount, follow

BEFORE = "21ca694ac66d"
"""The last commit with one catalog file for each service and no relations."""


@dataclass(frozen=True)
class Earlier(Installed):
    """The installation as the checkout of the version before drives it."""

    checkout: Path = Path()

    def run(self, *arguments: str, expect: int | None = 0, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "manage.cli.main", *arguments, "--dir", str(self.dir)]
        environment = os.environ | {"PYTHONPATH": f"{self.checkout}:{self.checkout / 'services'}"}
        done = subprocess.run(
            argv,
            cwd=self.checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if expect is not None and done.returncode != expect:
            raise AssertionError(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Earlier]:
    """The sandbox as the version before installed it, with a followed address that was paid."""
    checkout = tmp_path_factory.mktemp("earlier")
    archive = subprocess.run(["git", "archive", BEFORE], cwd=CHECKOUT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(checkout)], input=archive, check=True)
    found = Earlier(INSTALLATIONS / "takeover", free_ports(3), checkout)
    now = Installed(found.dir, found.port_base)
    now.run("uninstall", "--purge", "--yes", expect=None)
    try:
        found.run("setup", "--yes", "--profile", "sandbox", "--port-base", str(found.port_base))
        follow(found, PAYEE)
        found.json("sandbox", "pay", PAYEE, "5")
        token = found.token()
        until(lambda: amount(found, PAYEE, token) >= 500_000_000, 10, "the payment in the portfolio")
        yield found
    finally:
        now.run("uninstall", "--purge", "--yes", expect=None)


def volumes(installation: str) -> list[str]:
    """The volumes of the installation."""
    return subprocess.run(
        ["docker", "volume", "ls", "-q", "--filter", f"label=io.nodeyard.installation={installation}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()


def kept(installed: Installed) -> dict[str, Any]:
    """Everything that a takeover must not change."""
    files = sorted((installed.dir / "secrets").iterdir())
    return {
        "id": installed.id,
        "secrets": {file.name: file.read_text() for file in files if "rpcauth" not in file.name},
        "receipts": {file.name: file.read_text() for file in sorted((installed.dir / "receipts").iterdir())},
        "volumes": volumes(installed.id),
        "balance": amount(installed, PAYEE, installed.token()),
        "users": (installed.dir / "agent/users.json").read_text(),
    }


@pytest.mark.promise(
    "An installation of the version before is taken over by `up`: data, secrets and receipts are kept", runs="long"
)
def test_up_takes_an_installation_of_the_version_before_over(earlier: Earlier) -> None:
    before = kept(earlier)
    now = Installed(earlier.dir, earlier.port_base)
    assert now.run("plan", expect=10).stdout
    now.run("up", "--yes", timeout=900)
    until(lambda: amount(now, PAYEE, now.token()) == before["balance"], 60, "the balance, which the tracker reads anew")

    after = kept(now)
    assert {name: after["receipts"][name] for name in before["receipts"]} == before["receipts"]
    assert len(after["receipts"]) == len(before["receipts"]) + 1
    assert after | {"receipts": {}} == before | {"receipts": {}}
    until(lambda: {v for v, _ in now.verdicts().values()} == {"healthy"}, 60, "every service healthy")
    assert now.json("plan")["operations"] == []


@pytest.mark.promise("An older checkout refuses the new layout with a sentence", runs="long")
def test_the_earlier_checkout_refuses_it_then(earlier: Earlier) -> None:
    for verb in (["plan"], ["up", "--yes"], ["restart", "tracker"]):
        refused = earlier.run(*verb, expect=1)
        assert "was written by a newer manage (version 2, this one knows 1)" in refused.stderr
