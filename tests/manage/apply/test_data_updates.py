"""Data that waits for an update: a step of the plan with consent, from what watch found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from manage.agent import plans
from manage.apply import data_updates
from manage.errors import NodeyardError
from manage.health.model import Fact
from manage.installation.layout import Layout
from manage.plan.planner import plan_project
from tests.manage.plan.conftest import facts_of, stack_of
from tests.stage import scenery

NOW = 1_795_300_000.0
TEXT = "tracker_sandbox 2.18.0 2.19.3 update"
UPDATE = ("tracker_sandbox", "2.18.0", "2.19.3")


def layout_with(tmp_path: Path, value: Any, as_of: float = NOW) -> Layout:
    layout = Layout(tmp_path)
    layout.watch_dir.mkdir()
    snapshot = scenery.healthy(as_of)
    services = tuple(
        replace(service, facts=(Fact("updates", value, as_of),)) if service.name == "timescaledb" else service
        for service in snapshot.services
    )
    scenery.put(layout, replace(snapshot, services=services))
    return layout


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ([TEXT], {"timescaledb": (UPDATE,)}),
        (["tracker_sandbox 2.20.0 2.19.3 none"], {}),  # there is no way, so there is nothing to consent to
        ([f"{TEXT}\x1b[2J", {"a": 1}, 7], {}),
        ("tracker_sandbox", {}),
        ([], {}),
    ],
)
def test_only_updates_in_the_expected_form_count(tmp_path: Path, value: Any, found: Any) -> None:
    assert data_updates.found(layout_with(tmp_path, value), NOW + 1) == found


def test_an_old_snapshot_or_none_offers_nothing(tmp_path: Path) -> None:
    assert data_updates.found(layout_with(tmp_path, [TEXT]), NOW + 61) == {}
    assert data_updates.found(Layout(tmp_path / "absent"), NOW) == {}


@pytest.mark.promise("The update of a database's format is a step of the plan, restore-needed, with consent", runs="ci")
def test_the_update_is_a_step_that_needs_consent() -> None:
    stack = stack_of("profiles: [sandbox]\nnetwork: sandbox\n")
    plan = plan_project(stack, facts_of(stack, {}, updates={"timescaledb": (UPDATE,)}))
    (step,) = plan.changes
    assert (step.kind, step.service, step.data_risk, step.rollback_class) == (
        "update",
        "timescaledb",
        "at-risk",
        "restore-needed",
    )
    assert [(d.name, d.current, d.desired) for d in step.cause] == [UPDATE]
    assert "only a backup brings it back" in step.warning
    with pytest.raises(NodeyardError, match="Data of timescaledb may be lost"):
        plans.review(plan.digest)(plan, None)


def test_a_container_that_is_replaced_or_not_running_is_not_updated_in_the_same_plan() -> None:
    stack = stack_of("profiles: [sandbox]\nnetwork: sandbox\n")
    for changed in ({"state": "exited"}, {"image_digest": "sha256:other"}, {"state": "paused"}):
        plan = plan_project(stack, facts_of(stack, {"timescaledb": changed}, updates={"timescaledb": (UPDATE,)}))
        assert "update" not in {step.kind for step in plan.changes}


class Output:
    """What an update prints in a container that somebody took over: a line without an end, then its error."""

    def __init__(self) -> None:
        self._response = self
        self.is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(1000):
            yield b"x" * 65536
        yield b"\nERROR:  no space left on device\n"

    def close(self) -> None:
        self.is_closed = True


def test_a_failed_update_says_what_the_database_said() -> None:
    output = Output()

    class Engine:
        def exec_create(self, _container: str, argv: list[str]) -> dict[str, str]:
            assert argv == ["/bin/sh", "/etc/nodeyard/update.sh"]
            return {"Id": "1"}

        def exec_start(self, _id: str, *, stream: bool) -> Output:
            assert stream
            return output

        def exec_inspect(self, _id: str) -> dict[str, int]:
            return {"ExitCode": 1}

    stack = stack_of("profiles: [sandbox]\nnetwork: sandbox\n")
    container = facts_of(stack, {}).containers[0]
    with pytest.raises(NodeyardError, match="no space left on device") as failed:
        data_updates.apply(Engine(), container, "timescaledb")
    assert len(failed.value.message) < 2 * data_updates.LINE_BYTES
    assert output.is_closed
