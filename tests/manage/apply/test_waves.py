"""New services of one group start together; everything that replaces something goes one at a time."""

from __future__ import annotations

import pytest

from manage.apply.waves import in_waves
from manage.plan.model import Kind, Operation

GROUPS = {
    "timescaledb": "data",
    "bitcoind": "chains",
    "kaspad": "chains",
    "oracle": "services",
    "proxy": "services",
}


def operation(kind: Kind, service: str) -> Operation:
    return Operation(kind, service, (), 0, "kept", "safe")


def names(operations: list[Operation]) -> list[list[str]]:
    return [[one.service for one in wave] for wave in in_waves(operations, GROUPS)]


@pytest.mark.promise("New services of one group start together; what replaces something goes one at a time", runs="ci")
def test_on_a_first_start_each_group_is_one_wave_in_start_order() -> None:
    assert names([operation("create", name) for name in GROUPS]) == [
        ["timescaledb"],
        ["bitcoind", "kaspad"],
        ["oracle", "proxy"],
    ]


@pytest.mark.parametrize("kind", ["recreate", "restart", "unpause"])
def test_a_service_that_runs_already_is_changed_alone(kind: Kind) -> None:
    operations = [operation("create", "oracle"), operation(kind, "proxy"), operation(kind, "kaspad")]
    assert names(operations) == [["oracle"], ["proxy"], ["kaspad"]]


def test_a_service_that_the_stack_does_not_know_is_a_wave_of_its_own() -> None:
    assert names([operation("create", "first"), operation("create", "second")]) == [["first"], ["second"]]


def test_a_removal_goes_before_what_takes_its_place() -> None:
    assert names([operation("remove", "kaspad"), operation("create", "kaspad")]) == [["kaspad"], ["kaspad"]]
