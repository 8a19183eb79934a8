"""An installation of the version before is taken over by `manage up`: its data, secrets and receipts are kept."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.installed import CHECKOUT, INSTALLATIONS, MANAGE, Installed, free_ports, until
from tests.journeys.test_first_evening import PAYEE, amount, follow

BEFORE = "566c3670c8ec"
"""The last commit whose services have user ids among those of people, and whose folders everyone may open."""


SERVICES = {"timescaledb": 70010, "bitcoind": 70012, "kaspad": 70013}
"""The services with volumes, and the user ids that they have now."""
WITHOUT_DATA = ("proxy", "tracker", "oracle", "agent", "watch", "dashboard")


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


def owners_of_data(installation: str) -> dict[str, set[int]]:
    """Volume -> every user and group that owns something in it."""
    found = {}
    for name in volumes(installation):
        place = subprocess.run(
            ["docker", "volume", "inspect", "--format", "{{.Mountpoint}}", name],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        entries = [Path(place), *Path(place).rglob("*")]
        found[name.rsplit("_", 2)[-2]] = {number for path in entries for number in path.lstat()[4:6]}
    return found


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


def kill_when_data_moves(installed: Installed) -> None:
    """`manage up`, killed at its first word about the data of the database."""
    argv = [str(MANAGE), "up", "--yes", "--dir", str(installed.dir)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        assert any("The data of timescaledb moves" in line for line in process.stdout)
        process.kill()
    assert process.returncode == -signal.SIGKILL


@pytest.mark.promise(
    "An installation of the version before is taken over by `up`, also after a kill while its data moves: data, "
    "secrets and receipts are kept, services have their present user ids",
    runs="long",
)
def test_up_takes_an_installation_of_the_version_before_over(earlier: Earlier) -> None:
    before = kept(earlier)
    now = Installed(earlier.dir, earlier.port_base)
    assert {name: 60000 + min(ids) for name, ids in owners_of_data(earlier.id).items()} == SERVICES
    plan = now.json("plan", expect=10)
    assert {step["service"] for step in plan["operations"]} == {*SERVICES, *WITHOUT_DATA}
    causes = {step["service"]: [cause["name"] for cause in step["cause"]] for step in plan["operations"]}
    assert all("user" in causes[name] for name in SERVICES)
    kill_when_data_moves(now)
    until(lambda: now.run("up", "--yes", timeout=900, expect=None).returncode == 0, 60, "an up that ends")
    until(lambda: amount(now, PAYEE, now.token()) == before["balance"], 60, "the balance, which the tracker reads anew")

    after = kept(now)
    assert {name: after["receipts"][name] for name in before["receipts"]} == before["receipts"]
    assert len(after["receipts"]) == len(before["receipts"]) + 2, "the killed change and the one that finished it"
    assert after | {"receipts": {}} == before | {"receipts": {}}
    until(lambda: {v for v, _ in now.verdicts().values()} == {"healthy"}, 60, "every service healthy")
    assert now.json("plan")["operations"] == []
    assert owners_of_data(now.id) == {name: {uid} for name, uid in SERVICES.items()}
    assert [
        path for path in now.dir.rglob("*") if {10010, 10012, 10013, 10014, 10015, 10021} & {*path.lstat()[4:6]}
    ] == []
    assert stat.S_IMODE(now.dir.stat().st_mode) == 0o750


@pytest.mark.promise("An older checkout refuses the new layout with a sentence", runs="long")
def test_the_earlier_checkout_refuses_it_then(earlier: Earlier) -> None:
    for verb in (["plan"], ["up", "--yes"], ["restart", "tracker"]):
        refused = earlier.run(*verb, expect=1)
        assert "was written by a newer manage (version 3, this one knows 2)" in refused.stderr
