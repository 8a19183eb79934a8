"""`manage status` names a firewall table that is missing."""

from __future__ import annotations

import json
import time

import pytest

from manage.apply import host_firewall
from manage.health import snapshot
from manage.health.model import Snapshot
from manage.installation.layout import Layout
from tests.manage.cli.conftest import Manage

MISSING = "The firewall rule is missing."


@pytest.mark.promise("`status` names the firewall table if it is missing", runs="ci")
@pytest.mark.parametrize("problem", ["", MISSING])
def test_status_names_a_missing_table(
    manage: Manage, layout: Layout, monkeypatch: pytest.MonkeyPatch, problem: str
) -> None:
    found = Snapshot(1, 1, time.time(), "nodeyard", "sandbox", "Everything is healthy.", "", ())
    monkeypatch.setattr(snapshot, "read", lambda _layout: found)
    monkeypatch.setattr(host_firewall, "problem", lambda: problem)
    page = manage("status", "--dir", str(layout.dir))
    assert (MISSING in page.out) == bool(problem)
    assert json.loads(manage("status", "--json", "--dir", str(layout.dir)).out)["firewall"] == problem
