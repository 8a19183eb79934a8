"""Who agrees to a plan before it is applied, and what happens if that plan is not the one that was shown."""

from __future__ import annotations

from collections.abc import Callable

from manage.plan.model import Plan

Review = Callable[[Plan, Plan | None], None]
"""Agrees to a plan, or raises NodeyardError to stop the change. The second argument is the earlier, different plan that
was agreed to; None the first time."""


def accept(_plan: Plan, _shown: Plan | None) -> None:
    """A `Review` that agrees to every plan."""


def require_agreement(plan: Plan, shown: Plan | None, review: Review) -> None:
    """Review `plan`, the one that is about to be applied, unless it is the one that was shown before."""
    if shown is None or shown.digest != plan.digest:
        review(plan, shown)
