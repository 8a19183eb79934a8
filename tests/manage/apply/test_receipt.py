from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from manage.apply import receipt, selection
from manage.apply.receipt import Receipt, Step
from manage.errors import NodeyardError
from manage.installation import identity, lock
from manage.installation.layout import Layout
from manage.plan.model import Operation, Plan
from tests.stage.owners import Paper

DRAFT = Receipt(
    number=0,
    verb="up",
    by="root",
    started_at=1000.0,
    state="in_progress",
    operations=(Step("create", "one", "p"), Step("recreate", "two", "p"), Step("remove", "old", "p")),
    images={"one": "sha256:1"},
    references={"one": "localhost/nodeyard/one:1"},
    specs={"one": "abc"},
    secrets={"token": 2},
)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path, Paper().owners())
    identity.create(made)
    return made


def test_receipts_are_numbered_and_come_back_as_they_were(layout: Layout) -> None:
    first = receipt.begin(layout, DRAFT)
    second = receipt.begin(layout, DRAFT)
    receipt.save(layout, replace(first, state="healthy"))
    receipt.save(layout, replace(second, state="failed", reason="it broke"))
    assert receipt.history(layout) == (
        replace(DRAFT, number=1, state="healthy"),
        replace(DRAFT, number=2, state="failed", reason="it broke"),
    )
    assert receipt.find(receipt.history(layout), 2).reason == "it broke"
    with pytest.raises(NodeyardError, match="no change number 3"):
        receipt.find(receipt.history(layout), 3)


def test_a_change_that_ended_without_a_word_is_shown_as_interrupted(layout: Layout) -> None:
    receipt.begin(layout, DRAFT)
    assert receipt.history(layout)[0].state == "interrupted"
    latest = receipt.latest(layout)
    assert latest is not None
    assert latest.state == "in_progress", "only the next change writes it down"


def test_a_change_under_way_is_shown_as_such_and_an_older_one_is_not(layout: Layout) -> None:
    receipt.begin(layout, DRAFT)
    receipt.begin(layout, DRAFT)
    with lock.hold(layout, "up"):
        assert [entry.state for entry in receipt.history(layout)] == ["interrupted", "in_progress"]


def operation(kind: Any, service: str) -> Operation:
    return Operation(kind, service, (), 0, "kept", "safe")


def test_all_operations_are_chosen_but_those_that_keep() -> None:
    plan = Plan((operation("remove", "old"), operation("keep", "one"), operation("create", "two")))
    assert [chosen.service for chosen in selection.selected(plan, ())] == ["old", "two"]


def test_names_choose_services_and_remove_nothing() -> None:
    plan = Plan((operation("remove", "old"), operation("create", "one"), operation("create", "two")))
    assert [chosen.service for chosen in selection.selected(plan, ("two", "old"))] == ["two"]


@pytest.mark.parametrize("state", ["in_progress", "interrupted", "failed"])
def test_what_an_unfinished_change_left_unproven_is_proven_next(state: Any) -> None:
    latest = replace(DRAFT.with_outcome("one", "done"), state=state)
    assert selection.unproven(latest, ("one", "two", "three"), ()) == ("two",)
    assert selection.unproven(latest, ("one", "two", "three"), (operation("recreate", "two"),)) == ()


@pytest.mark.parametrize("latest", [None, replace(DRAFT, state="healthy"), replace(DRAFT, state="failed", verb="down")])
def test_after_a_change_that_ended_well_or_a_down_nothing_is_left_to_prove(latest: Any) -> None:
    assert selection.unproven(latest, ("one", "two"), ()) == ()
