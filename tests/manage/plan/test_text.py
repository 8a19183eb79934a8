"""The terminal and the dashboard say the same about an operation."""

from __future__ import annotations

from typing import get_args

import pytest

from manage.plan.model import Difference, Kind, Operation, Plan, as_json
from manage.plan.text import as_text
from manage.web.pages.plan.rows import plan_row


def plan(kind: Kind, downtime_s: int, *services: str) -> Plan:
    cause = (Difference("requested", "running", "removed"),)
    return Plan(tuple(Operation(kind, service, cause, downtime_s, "kept", "safe") for service in services))


@pytest.mark.parametrize("downtime_s", [0, 40, 250])
@pytest.mark.parametrize("kind", [kind for kind in get_args(Kind) if kind != "keep"])
def test_terminal_and_dashboard_say_the_same_about_downtime(kind: Kind, downtime_s: int) -> None:
    shown = plan(kind, downtime_s, "kaspad")
    row = plan_row(as_json(shown)["operations"][0])
    assert f"  {row.downtime}  " in as_text(shown).splitlines()[0]


def test_a_plan_that_stops_services_does_not_promise_that_there_is_no_downtime() -> None:
    text = as_text(plan("remove", 0, "kaspad", "tracker"))
    assert "no downtime" not in text
    assert "2 operations. Afterwards, kaspad and tracker stay stopped." in text
