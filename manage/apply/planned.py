"""The facts, read once, and the plans of both projects that follow from them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from manage import untrusted
from manage.apply import data_updates
from manage.apply.desired_state import DesiredState
from manage.engine import facts, hashes, threads
from manage.engine.model import Facts
from manage.engine.reader import Reader
from manage.immutable import dataclass
from manage.installation import identity
from manage.installation.layout import Layout
from manage.plan import planner
from manage.plan.model import Plan
from manage.render.model import ServiceSpec


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


def asked(layout: Layout, reader: Reader) -> Callable[[], facts.Answers]:
    """Ask the engine in a thread: it answers while this process loads and renders. For `read_facts_and_plan`."""
    return threads.started(lambda: facts.ask(reader, identity.read(layout)))


def read_facts_and_plan(
    state: DesiredState, reader: Reader, answers: Callable[[], facts.Answers] | None = None
) -> Planned:
    """Read the facts once and plan both projects. Compose's hashing runs in parallel if it is needed.

    `answers` come from `asked`. Without them, the engine is asked now.
    """
    with hashes.lookup(state.layout, state.compose_texts) as config_hashes:
        found = facts.read(
            answers() if answers else facts.ask(reader, state.installation),
            state.installation,
            state.layout.specs_dir,
            image_digests=state.image_digests,
            config_hashes=config_hashes,
        )
    live_files = {spec.name: _text(state.layout.watch_list_file) for spec in _live(state)}
    found = replace(found, live_files=live_files, updates=data_updates.found(state.layout, time.time()))
    return Planned(found, planner.plan_project(state.manager, found), planner.plan_project(state.stack, found))


def _live(state: DesiredState) -> list[ServiceSpec]:
    return [spec for spec in state.services if spec.live_file]


def _text(path: Path) -> str:
    """The content of the file; "" if there is none or it cannot be read, and then it is written again."""
    try:
        return untrusted.text(path)
    except (OSError, ValueError):
        return ""
