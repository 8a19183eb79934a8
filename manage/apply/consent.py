"""Consent to a plan before it is applied, and a new review if the plan changed since it was shown."""

from __future__ import annotations

from collections.abc import Callable

from manage.plan.model import Plan

Review = Callable[[Plan, Plan | None], None]
"""Agrees to a plan, or raises NodeyardError to stop the change. The second argument is the earlier, different plan that
was agreed to; None the first time."""


def accept(_plan: Plan, _shown: Plan | None) -> None:
    """A `Review` that agrees to every plan."""


def require_agreement(plan: Plan, shown: Plan | None, review: Review) -> None:
    """Review `plan`, which is about to be applied, unless it is equal to the one that was shown."""
    if shown is None or shown.digest != plan.digest:
        review(plan, shown)
