"""`manage status` claims nothing about the present while watch is silent."""

from __future__ import annotations

import json
import time

import pytest

from manage.installation.layout import Layout
from tests.manage.cli.conftest import Manage
from tests.stage import scenery


@pytest.mark.promise("While watch is silent, `status` does not call the services healthy", runs="ci")
@pytest.mark.parametrize(("age_s", "silent"), [(2, False), (40, True)])
def test_status_says_that_watch_is_silent(manage: Manage, layout: Layout, age_s: int, silent: bool) -> None:
    layout.watch_dir.mkdir(exist_ok=True)
    scenery.put(layout, scenery.healthy(time.time() - age_s))
    page = manage("status", "--dir", str(layout.dir)).out
    sentence = json.loads(manage("status", "--json", "--dir", str(layout.dir)).out)["sentence"]
    for said in (page, sentence):
        assert ("All 9 services are healthy." in said) is not silent
        assert ("watch has not reported for 4" in said) is silent
        assert ("; what follows is what it said then." in said) is silent
