"""The firewall table is there before Docker publishes a port: its unit, and the table on a host without bridges."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from manage.host import firewall, firewall_unit, unit
from manage.host.firewall import Bridge
from manage.installation import identity
from manage.installation.layout import Layout
from tests.security.host import published
from tests.security.host.neighbour import Neighbour
from tests.security.host.published import BRIDGE, HOST, INSIDE, PORT, PUBLISHED, SUBNET
from tests.stage.owners import Paper


@pytest.fixture
def units(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of units under a systemd that does what it is asked."""
    folder = tmp_path / "units"
    folder.mkdir()
    monkeypatch.setattr(unit, "UNITS", folder)
    monkeypatch.setattr(unit, "RUNNING", folder)
    return folder


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What systemctl is asked."""
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(unit, "_systemctl", lambda *arguments, required=True: calls.append(arguments))
    return calls


def installation(folder: Path) -> Layout:
    layout = Layout(folder, Paper().owners())
    identity.create(layout)
    return layout


@pytest.mark.promise("At boot the firewall table is loaded before Docker starts, whatever starts Docker", runs="ci")
def test_docker_wants_the_unit_and_waits_for_it() -> None:
    parser = configparser.ConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(firewall_unit.text())
    assert parser["Unit"]["Before"] == "docker.service"
    assert parser["Install"]["WantedBy"] == "docker.service"
    assert parser["Service"]["Type"] == "oneshot", "its end is awaited, not its start"
    assert parser["Service"]["ExecStart"] == f"/usr/sbin/nft -f {firewall.SAVED}"
    assert "Requires" not in firewall_unit.text(), "a refused table does not keep Docker down"


@pytest.mark.promise("A start or restart of a service that removes every table brings ours back", runs="ci")
@pytest.mark.parametrize("name", ["nftables.service", "netfilter-persistent.service"])
def test_the_unit_follows_what_removes_every_table(name: str) -> None:
    lines = [line for line in firewall_unit.text().splitlines() if name in line]
    assert sorted(line.partition("=")[0] for line in lines) == ["After", "PartOf"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    file = tmp_path / firewall_unit.NAME
    file.write_text(firewall_unit.text())
    verify = ["systemd-analyze", "verify", "--man=no", str(file)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    complaints = [
        line for line in done.stderr.splitlines() if firewall_unit.NAME in line and firewall_unit.NFT not in line
    ]
    assert complaints == []


@pytest.mark.parametrize("enable", [True, False])
def test_the_installer_enables_it_also_for_a_stack_that_is_not_started(
    units: Path, asked: list[tuple[str, ...]], tmp_path: Path, enable: bool
) -> None:
    unit.install(installation(tmp_path / "one"), enable=enable)
    assert (units / firewall_unit.NAME).read_text() == firewall_unit.text()
    assert asked[:3] == [("daemon-reload",), ("enable", firewall_unit.NAME), ("start", firewall_unit.NAME)]
    asked.clear()
    unit.install(installation(tmp_path / "one"), enable=enable)
    assert ("daemon-reload",) not in asked, "nothing has changed"


def test_the_last_installation_takes_it_along(units: Path, asked: list[tuple[str, ...]], tmp_path: Path) -> None:
    one, two = installation(tmp_path / "one"), installation(tmp_path / "two")
    for layout in (one, two):
        unit.path(layout, units).write_text(unit.text(layout, tmp_path))
    (units / firewall_unit.NAME).write_text(firewall_unit.text())
    if unit.path(one, units) == unit.path(two, units):
        pytest.fail("two installations need units of their own")
    unit.remove(one)
    assert (units / firewall_unit.NAME).exists()
    unit.remove(two)
    assert list(units.iterdir()) == []
    assert ("disable", firewall_unit.NAME) in asked


@pytest.fixture
def booted() -> Iterator[Neighbour]:
    """A host whose table was loaded before it had bridges, containers and the engine's rules."""
    with published.segment(loaded_before=firewall.text([Bridge(BRIDGE, (SUBNET,))])) as neighbour:
        yield neighbour


@pytest.mark.root
@pytest.mark.promise(
    "A table that was loaded before Docker created its bridges closes ports and containers to neighbours", runs="ci"
)
def test_a_table_loaded_before_the_bridges_exist_holds_from_the_first_packet(booted: Neighbour) -> None:
    assert not booted.reaches("127.0.0.1", PUBLISHED)
    assert not booted.reaches(INSIDE, PORT)
    assert Neighbour(HOST).reaches("127.0.0.1", PUBLISHED), "the host itself"
