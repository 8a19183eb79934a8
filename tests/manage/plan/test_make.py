"""What cases as data cannot say: strangers, order, several containers, compose's own opinion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from manage.errors import NodeyardError
from manage.installation.labels import LABEL_INSTALLATION
from manage.plan import difference
from manage.plan.planner import plan_project
from manage.plan.text import as_text
from tests.manage.plan.conftest import container_of, facts_of, stack_of

SANDBOX = "profiles: [sandbox]\n"


def test_nothing_is_done_when_everything_is_as_wanted_and_every_service_is_named_as_kept() -> None:
    stack = stack_of(SANDBOX)
    plan = plan_project(stack, facts_of(stack, {}))
    assert plan.changes == ()
    assert [operation.service for operation in plan.operations] == [spec.name for spec in stack.services]


def test_services_are_created_in_start_order() -> None:
    stack = stack_of(SANDBOX)
    plan = plan_project(stack, facts_of(stack, {spec.name: None for spec in stack.services}))
    assert [(operation.kind, operation.service) for operation in plan.operations] == [
        ("create", spec.name) for spec in stack.services
    ]


def test_a_container_with_our_projects_name_but_not_our_id_is_a_refusal() -> None:
    stack = stack_of(SANDBOX)
    for stranger in ("", "ffffffff"):
        with pytest.raises(NodeyardError) as caught:
            plan_project(stack, facts_of(stack, {"proxy": {"installation": stranger}}))
        assert (
            "nodeyard-proxy-1 has this project's name (nodeyard) but not this installation's id" in caught.value.message
        )


def test_containers_of_other_projects_are_none_of_our_business() -> None:
    stack = stack_of(SANDBOX)
    facts = facts_of(stack, {})
    other = replace(facts.containers[0], project="shop", service="db", installation="")
    assert plan_project(stack, replace(facts, containers=(*facts.containers, other))).changes == ()


@pytest.mark.parametrize("labels", [{}, {LABEL_INSTALLATION: "ffffffff"}])
@pytest.mark.parametrize(
    ("kind", "name"), [("volumes", "nodeyard_sandbox_timescaledb_data"), ("networks", "nodeyard_kaspad-wrpc-json")]
)
def test_a_volume_or_network_of_our_name_without_our_id_is_a_refusal(
    labels: dict[str, str], kind: str, name: str
) -> None:
    stack = stack_of(SANDBOX)
    facts = facts_of(stack, {})
    there: dict[str, Any] = {kind: {**getattr(facts, kind), name: labels}}
    with pytest.raises(NodeyardError, match=name):
        plan_project(stack, replace(facts, **there))


def test_two_containers_of_one_service_are_what_a_killed_recreate_leaves() -> None:
    stack = stack_of(SANDBOX)
    facts = facts_of(stack, {})
    double = container_of(stack, stack.service("proxy"), id="id-2", state="created")
    (change,) = plan_project(stack, replace(facts, containers=(*facts.containers, double))).changes
    assert (change.kind, change.service, change.cause[0].name) == ("recreate", "proxy", "containers")


def test_what_compose_itself_would_recreate_is_in_the_plan_too() -> None:
    stack = stack_of(SANDBOX)
    facts = facts_of(stack, {}, config_hashes={"proxy": "another"})
    (change,) = plan_project(stack, facts).changes
    assert (change.service, change.cause[0].name) == ("proxy", "compose config hash")


def test_an_orphan_is_removed_by_its_id_and_its_volume_stays() -> None:
    before, after = stack_of(SANDBOX), stack_of(f"{SANDBOX}services: {{tracker: {{enabled: false}}}}\n")
    plan = plan_project(after, facts_of(before, {}))
    assert (plan.operations[0].kind, plan.operations[0].container_id) == ("remove", "id-tracker")
    assert plan.operations[0].data_risk == "kept"


def test_a_paused_container_is_unpaused_before_it_is_recreated() -> None:
    before, after = stack_of(SANDBOX), stack_of(f"{SANDBOX}services: {{kaspad: {{memory: 512m}}}}\n")
    plan = plan_project(after, facts_of(before, {"kaspad": {"state": "paused"}}))
    assert [(o.kind, o.service) for o in plan.changes] == [("unpause", "kaspad"), ("recreate", "kaspad")]


def test_switching_pruning_on_puts_data_at_risk_and_switching_it_off_does_not() -> None:
    nodes = "profiles: [bitcoin]\nnetwork: private\n"
    off, on = stack_of(nodes), stack_of(f"{nodes}services: {{bitcoind: {{prune: 600}}}}\n")
    (change,) = plan_project(on, facts_of(off, {})).changes
    assert (change.data_risk, change.rollback_class) == ("at-risk", "impossible")
    assert "download the whole chain again" in change.warning
    (change,) = plan_project(off, facts_of(on, {})).changes
    assert (change.data_risk, change.rollback_class, change.warning) == ("kept", "safe", "")


def test_a_network_of_the_agent_is_none_and_that_is_no_difference() -> None:
    stack = stack_of(SANDBOX)
    spec = replace(stack.service("proxy"), compose={"network_mode": "none", "mem_limit": 1})
    container = container_of(stack, spec, networks=["none"])
    assert list(difference.of_container(container, spec, [])) == []


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("a\nlimit rate=20r/s;\nz", "a\nlimit rate=10r/s;\nz", ("rate=20r/s", "rate=10r/s")),
        ("a", "a\nb c", ("none", "b c")),
        ("a b", "b a", ("a b", "b a")),
    ],
)
def test_a_changed_file_shows_the_words_of_its_first_changed_line(
    before: str, after: str, shown: tuple[str, str]
) -> None:
    assert difference.first_change(before, after) == shown


def test_where_rows_are_too_wide_every_cause_stands_below() -> None:
    running = stack_of("profiles: [core]\nnetwork: private\n")
    plan = plan_project(running, facts_of(running, {"kaspad": {"memory_bytes": 2**30, "networks": []}}))
    assert as_text(plan, 160).splitlines()[0].startswith("  1  recreate  kaspad  memory limit: 1g -> ")
    narrow = as_text(plan, 60).splitlines()
    assert narrow[0].split("  ")[1:4] == ["1", "recreate", "kaspad"]
    assert [line.strip().partition(":")[0] for line in narrow[1:3]] == ["memory limit", "networks"]
    assert max(map(len, narrow[:3])) <= 66


def test_an_engine_that_cannot_limit_memory_has_no_drift_of_it() -> None:
    stack = stack_of(SANDBOX)
    unlimited = {spec.name: {"memory_bytes": 0} for spec in stack.services}
    assert plan_project(stack, facts_of(stack, unlimited, limits_memory=False)).changes == ()
    by_hand = plan_project(stack, facts_of(stack, unlimited)).changes
    assert {change.cause[0].name for change in by_hand} == {"memory limit"}
