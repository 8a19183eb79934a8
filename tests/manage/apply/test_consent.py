"""What was shown and agreed to is what is applied: a plan that changed in between goes back to the person."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from manage.access.refusals import Refused
from manage.agent import plans
from manage.apply import consent
from manage.apply.uninstall import Removal
from manage.cli.consent import PlanReview, RemovalReview
from manage.errors import NodeyardError
from manage.installation.identity import Installation
from manage.plan.model import Difference, Operation, Plan

CAUSE = (Difference("prune", "0", "600"),)
SAFE = Operation("recreate", "tracker", CAUSE, 5, "kept", "safe", "yard", "c1")
RISKY = replace(SAFE, service="bitcoind", data_risk="at-risk", container_id="c2", warning="Blocks are deleted.")


class Terminal(io.StringIO):
    """A person who types what they were going to type."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def typed(*words: str) -> None:
        monkeypatch.setattr(sys, "stdin", Terminal("".join(f"{word}\n" for word in words)))

    return typed


def test_equal_plans_have_one_digest_and_what_costs_nothing_is_not_part_of_it() -> None:
    plan = Plan((SAFE, replace(SAFE, kind="keep", service="proxy", container_id="c9")))
    assert plan.digest == Plan((SAFE,)).digest
    assert len(plan.digest) == 64


@pytest.mark.parametrize(
    "other",
    [
        replace(SAFE, container_id="c3"),
        replace(SAFE, cause=()),
        replace(SAFE, cause=(Difference("prune", "0", "601"),)),
        replace(SAFE, data_risk="at-risk"),
        replace(SAFE, kind="restart"),
        replace(SAFE, service="oracle"),
    ],
)
def test_a_plan_that_does_something_else_has_another_digest(other: Operation) -> None:
    assert Plan((other,)).digest != Plan((SAFE,)).digest


def test_the_digest_stays_the_same_from_one_release_to_the_next() -> None:
    """A page of yesterday's dashboard and today's agent must not disagree; changing this needs a reason."""
    assert Plan((SAFE,)).digest == "9fc23e7d48569378a26362c451a12d39b3ce94c591c58cc3fab7e439fb59be62"


def test_the_plan_that_was_shown_is_not_reviewed_again() -> None:
    def refuse(_plan: Plan, _shown: Plan | None) -> None:
        raise AssertionError("it was asked twice")

    consent.require_agreement(Plan((SAFE,)), Plan((SAFE,)), refuse)


def test_a_plan_that_changed_is_reviewed_with_the_one_that_was_shown() -> None:
    seen = []
    changed, shown = Plan((SAFE, RISKY)), Plan((SAFE,))
    consent.require_agreement(changed, shown, lambda plan, before: seen.append((plan, before)))
    assert seen == [(changed, shown)]


def test_a_safe_plan_is_shown_and_not_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    PlanReview()(Plan((SAFE,)), None)
    shown = capsys.readouterr().err
    assert "recreate" in shown and "tracker" in shown and "Apply with" not in shown


def test_a_risky_plan_is_shown_and_wants_the_word(
    types: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    types("risk")
    PlanReview()(Plan((RISKY,)), None)
    assert "data at risk" in capsys.readouterr().err
    types("yes")
    with pytest.raises(NodeyardError, match="You did not type risk"):
        PlanReview()(Plan((RISKY,)), None)


def test_without_a_terminal_a_risky_plan_is_refused() -> None:
    with pytest.raises(NodeyardError, match="no terminal to ask for it"):
        PlanReview()(Plan((RISKY,)), None)


@pytest.mark.promise("A plan that changed since it was shown is shown again and asked for again", runs="ci")
def test_a_plan_that_changed_is_shown_again_and_asked_for_again(
    types: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    review = PlanReview()
    types("risk", "risk")
    review(Plan((RISKY,)), None)
    review(Plan((SAFE, RISKY)), Plan((RISKY,)))
    shown = capsys.readouterr().err
    assert "The plan changed since it was shown:" in shown
    assert shown.count("Type risk to continue") == 2
    types("risk", "no")
    review(Plan((RISKY,)), None)
    with pytest.raises(NodeyardError, match="nothing was done"):
        review(Plan((SAFE, RISKY)), Plan((RISKY,)))


def test_a_plan_that_was_asked_for_is_asked_for_again_also_when_its_risk_went(types: Callable[..., None]) -> None:
    types("no")
    with pytest.raises(NodeyardError, match="You did not type apply"):
        PlanReview()(Plan((SAFE,)), Plan((RISKY,)))


def test_with_yes_a_changed_plan_goes_on_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    PlanReview(yes=True)(Plan((SAFE,)), Plan((RISKY,)))
    assert "The plan changed since it was shown:" in capsys.readouterr().err


@pytest.mark.promise("With `--yes`, a plan that puts more data at risk than the one shown is refused", runs="ci")
def test_with_yes_a_plan_whose_risk_grew_is_refused() -> None:
    review = PlanReview(yes=True)
    review(Plan((RISKY,)), None)
    with pytest.raises(NodeyardError, match="data of oracle may now be lost too"):
        review(Plan((RISKY, replace(RISKY, service="oracle"))), Plan((RISKY,)))


def test_the_agent_applies_only_the_plan_of_the_digest() -> None:
    plan = Plan((SAFE,))
    plans.review(plan.digest)(plan, None)
    plans.review("")(plan, None)
    with pytest.raises(Refused, match="The plan changed since it was shown") as refused:
        plans.review(plan.digest)(Plan((replace(SAFE, container_id="c3"),)), None)
    assert refused.value.kind == "changed"
    assert refused.value.detail == {"digest": Plan((replace(SAFE, container_id="c3"),)).digest}


def test_the_agent_applies_no_plan_that_risks_data_whatever_its_digest() -> None:
    plan = Plan((RISKY,))
    for digest in ("", plan.digest):
        with pytest.raises(NodeyardError, match="Data of bitcoind may be lost"):
            plans.review(digest)(plan, None)


# Uninstalling

BEFORE = Removal(Installation("0123abcd", "yard"), volumes=("yard_data",), paths=(Path("/srv/yard/stack.yml"),))


def test_a_removal_that_changed_is_shown_and_asked_for_again(
    types: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    review = RemovalReview(purge=True)
    types("delete", "no")
    review(BEFORE, None)
    with pytest.raises(NodeyardError, match="You did not type delete"):
        review(replace(BEFORE, volumes=("yard_data", "yard_new")), BEFORE)
    shown = capsys.readouterr().err
    assert "changed since it was shown" in shown and "yard_new" in shown


def test_with_yes_a_removal_of_more_data_than_was_shown_is_refused() -> None:
    review = RemovalReview(purge=True, yes=True)
    review(replace(BEFORE, images=("a:1",)), BEFORE)
    with pytest.raises(NodeyardError, match="More data would be removed than was shown: yard_new"):
        review(replace(BEFORE, volumes=("yard_data", "yard_new")), BEFORE)


def test_the_lock_that_the_uninstall_makes_is_no_change() -> None:
    locked = replace(BEFORE, paths=(*BEFORE.paths, Path("/srv/yard/lock")))
    assert locked.digest == BEFORE.digest
    assert locked.data == BEFORE.data
    assert replace(BEFORE, volumes=()).digest != BEFORE.digest
