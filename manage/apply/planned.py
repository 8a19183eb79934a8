"""The facts, read once, and the plans of both projects that follow from them."""

from __future__ import annotations

from dataclasses import dataclass

from manage.apply.desired_state import DesiredState
from manage.engine import facts, hashes
from manage.engine.model import Facts
from manage.engine.reader import Reader
from manage.plan import planner
from manage.plan.model import Plan


@dataclass(frozen=True)
class Planned:
    """The facts at one time, and the plans that follow from them."""

    facts: Facts
    manager: Plan
    stack: Plan

    @property
    def whole(self) -> Plan:
        """Both projects as one plan, the manager first, as `up` applies it."""
        return Plan((*self.manager.operations, *self.stack.operations))


def read_facts_and_plan(state: DesiredState, reader: Reader) -> Planned:
    """Read the facts once and plan both projects. Compose's hashing runs in parallel if it is needed."""
    with hashes.lookup(state.layout, state.compose_texts) as config_hashes:
        found = facts.read(
            reader,
            state.installation,
            state.layout.specs_dir,
            image_digests=state.image_digests,
            config_hashes=config_hashes,
        )
    return Planned(found, planner.plan_project(state.manager, found), planner.plan_project(state.stack, found))
