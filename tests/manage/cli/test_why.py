"""`manage why` says how old its answer is."""

from __future__ import annotations

import json
import time

import pytest

from manage.installation.layout import Layout
from tests.manage.cli.conftest import Manage
from tests.stage import scenery


@pytest.mark.parametrize(("age_s", "roots"), [(2, []), (40, ["watch"])])
def test_a_snapshot_of_a_dead_watch_is_called_outdated(
    manage: Manage, layout: Layout, age_s: int, roots: list[str]
) -> None:
    layout.watch_dir.mkdir(exist_ok=True)
    scenery.put(layout, scenery.healthy(time.time() - age_s))
    found = manage("why", "tracker", "--dir", str(layout.dir))
    assert ("Outdated: watch last reported 4" in found.out) == bool(roots)
    answer = json.loads(manage("why", "tracker", "--json", "--dir", str(layout.dir)).out)
    assert answer["roots"] == roots
