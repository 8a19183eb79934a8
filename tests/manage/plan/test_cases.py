"""Facts in, operations out: every file in `cases/` is one situation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from manage.plan.model import as_json
from manage.plan.planner import plan_project
from manage.plan.text import as_text
from tests.manage.plan.conftest import facts_of, stack_of

CASES = sorted((Path(__file__).parent / "cases").glob("*.json"))


@pytest.mark.promise("A plan is a pure function: facts in, operations out", runs="ci")
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_plan_is_what_the_case_says(path: Path) -> None:
    case: dict[str, Any] = json.loads(path.read_text())
    running = stack_of(case["running"], case.get("running_generations"), case.get("running_images"))
    wanted = stack_of(case.get("wanted", case["running"]), case.get("generations"), case.get("images"))
    more: dict[str, Any] = {"known_specs": {}} if case.get("specs_lost") else {}
    plan = plan_project(wanted, facts_of(running, case.get("containers", {}), **more))
    assert as_json(plan)["operations"] == case["operations"]
    assert as_text(plan).splitlines() == case["text"]
