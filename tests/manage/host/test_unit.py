from __future__ import annotations

import configparser
import os
from pathlib import Path

import pytest

from manage.host import firewall, unit
from manage.installation import documents, intent
from manage.installation.layout import Layout


def parsed(layout: Layout) -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(unit.text(layout, Path("/opt/nodeyard")))
    return parser


def test_the_unit_starts_this_installation_after_the_engine() -> None:
    file = parsed(Layout(Path("/srv/nodes")))

    assert file["Unit"]["Requires"] == "docker.service"
    assert "docker.service" in file["Unit"]["After"].split()
    assert file["Service"]["ExecStart"] == ":/opt/nodeyard/.venv/bin/python -m manage.host.unit start --dir /srv/nodes"
    assert file["Install"]["WantedBy"] == "multi-user.target"


def test_two_installations_have_units_of_their_own(tmp_path: Path) -> None:
    names = set()
    for project in ("nodeyard", "nodeyard-0123abcd"):
        layout = Layout(tmp_path / project)
        layout.dir.mkdir()
        documents.write(layout.installation_file, {"id": "0123abcd", "project": project})
        names.add(unit.path(layout).name)

    assert names == {"nodeyard.service", "nodeyard-0123abcd.service"}


@pytest.fixture
def restored(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes that the firewall was restored."""
    happened: list[str] = []
    monkeypatch.setattr(firewall, "restore", lambda: happened.append("firewall"))
    monkeypatch.setattr(os, "execv", lambda _path, argv: happened.append(argv[1]))
    return happened


@pytest.mark.promise("At boot the firewall table comes back first, also for a stack that stays down", runs="ci")
def test_a_stack_that_was_taken_down_on_purpose_is_not_started(tmp_path: Path, restored: list[str]) -> None:
    layout = Layout(tmp_path)
    layout.desired_file.parent.mkdir(parents=True)
    intent.record(layout, up=False)

    assert unit.start(layout) == "The stack was stopped on purpose and stays down."
    assert restored == ["firewall"]


def test_at_boot_the_firewall_comes_back_before_the_stack(tmp_path: Path, restored: list[str]) -> None:
    unit.start(Layout(tmp_path))
    assert restored == ["firewall", "up"]
