"""The plan of a verb, which a page shows, and the consent to it."""

from __future__ import annotations

from collections.abc import Sequence

from manage.access.refusals import Refused
from manage.apply import data_guard, desired_state, down, inputs, refusals, restart, up
from manage.apply.consent import Review
from manage.apply.planned import read_facts_and_plan
from manage.engine import facts
from manage.engine.reader import Reader
from manage.errors import NodeyardError
from manage.installation.layout import Layout
from manage.plan.model import Plan

VERBS = ("up", "restart", "down")


def of_verb(layout: Layout, verb: str, services: Sequence[str]) -> Plan:
    """The plan of `up`, `restart` or `down` for the stack's project; only the host can change the manager's project.

    Raises NodeyardError for an unknown service, and if the manager itself would change.
    """
    if verb not in VERBS:
        raise Refused("usage", f"There is no plan for {verb}.", f"Choose one of: {', '.join(VERBS)}.")
    state = desired_state.render(inputs.read(layout))
    refusals.require_known_services(services, state.names)
    reader = Reader()
    if verb == "up":
        planned = read_facts_and_plan(state, reader)
        refusals.require_manager_unchanged(planned.manager)
        plan = up.plan(planned, services)
        data_guard.require_data(state, plan.operations, planned.facts, host=False)
        return plan
    found = facts.containers(reader, state.installation)
    if verb == "restart":
        plan = restart.plan(state, found, services, manager=False)
        data_guard.require_data(state, plan.operations, host=False)
        return plan
    return down.plan(state, found)


def review(digest: str) -> Review:
    """The agent's consent to a plan: the plan must keep all data and have this `digest`.

    `digest` is that of the plan that the page showed; "" if the caller saw no plan.
    """

    def agree(plan: Plan, _shown: Plan | None) -> None:
        require_kept(plan)
        if digest and plan.digest != digest:
            raise Refused(
                "changed",
                "The plan changed since it was shown, so nothing was done.",
                "Look at the new plan, then confirm it.",
                digest=plan.digest,
            )

    return agree


def require_kept(plan: Plan) -> None:
    """Refuse a plan that can lose data: consent to it must be typed at the host's terminal."""
    if plan.risky:
        names = ", ".join(operation.service for operation in plan.risky)
        raise NodeyardError(
            f"Data of {names} may be lost, so the agent does not apply this plan.",
            "Run this on the host, where you are asked for your consent: manage up",
        )
