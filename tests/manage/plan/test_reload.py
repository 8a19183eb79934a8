"""What changes for a running watch: networks that it joins and its list, without a new container."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from manage import config as configuration
from manage.apply import refusals
from manage.errors import NodeyardError
from manage.plan.model import Plan
from manage.plan.planner import plan_project
from manage.render import image_names, render_manager, render_stack
from manage.render.model import Image, Stack
from tests.manage.plan.conftest import CATALOG, OURS, container_of, facts_of

SANDBOX, LESS = "profiles: [sandbox]\n", "profiles: [sandbox]\nservices: {oracle: {enabled: false}}\n"


def manager_of(text: str) -> Stack:
    config = configuration.parse(f"version: 1\n{text}", "stack.yml", CATALOG)
    images = {name: Image(name, name, name) for name in image_names(CATALOG, config)}
    folder = Path("/srv/nodeyard")
    stack = render_stack(CATALOG, config, OURS, images, {}, folder)
    return render_manager(CATALOG, config, OURS, images, {}, folder, stack)


def plan(running: Stack, wanted: Stack, *, state: str = "running", **changed: Any) -> Plan:
    """The plan of `wanted` if `running` runs, with every network of watch and its list in place."""
    watch = running.service("watch")
    own = container_of(running, watch).networks
    found = {"watch": {"networks": sorted((*own, *watch.live_networks)), "state": state} | changed}
    return plan_project(wanted, facts_of(running, found, live_files={"watch": watch.live_file.decode()}))


def test_nothing_is_to_do_when_watch_is_on_all_its_networks() -> None:
    assert plan(manager_of(SANDBOX), manager_of(SANDBOX)).changes == ()


@pytest.mark.promise("A service that appears or leaves does not recreate watch", runs="ci")
@pytest.mark.parametrize(("before", "after"), [(LESS, SANDBOX), (SANDBOX, LESS)])
def test_a_service_that_appears_or_leaves_is_a_reload_of_watch(before: str, after: str) -> None:
    [step] = plan(manager_of(before), manager_of(after)).changes
    assert (step.kind, step.service, step.downtime_s, step.data_risk) == ("reload", "watch", 0, "kept")
    assert [cause.name for cause in step.cause] == ["networks", "watch.json"]
    change = "nodeyard_oracle-http"
    assert change in (step.cause[0].desired if after == SANDBOX else step.cause[0].current)
    refusals.require_manager_unchanged(Plan((step,)))


def test_another_entry_of_the_list_alone_is_a_reload_too() -> None:
    running = manager_of(SANDBOX)
    [step] = plan(running, manager_of(f"{SANDBOX}name: other\n")).changes
    assert (step.kind, [cause.name for cause in step.cause]) == ("reload", ["watch.json"])


def test_a_watch_that_lost_its_own_network_is_recreated() -> None:
    running = manager_of(SANDBOX)
    [step] = plan(running, running, networks=["nodeyard_oracle-http"]).changes
    assert (step.kind, [cause.name for cause in step.cause]) == ("recreate", ["networks"])


def test_a_stopped_watch_with_other_networks_is_recreated_because_it_could_not_start() -> None:
    [step] = plan(manager_of(SANDBOX), manager_of(LESS), state="exited").changes
    assert step.kind == "recreate"


def test_a_new_secret_recreates_watch_and_the_agent_refuses_that() -> None:
    without = "profiles: [sandbox]\nservices: {bitcoind: {enabled: false}, oracle: {enabled: false}}\n"
    [step] = plan(manager_of(without), manager_of(LESS)).changes
    assert step.kind == "recreate"
    assert "secret bitcoind_rpc_watch" in {cause.name for cause in step.cause}
    with pytest.raises(NodeyardError, match=r"watch \(recreate\)"):
        refusals.require_manager_unchanged(Plan((replace(step),)))
