"""`manage plan`: what `up`, `down` or `restart` would change, and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from manage import words
from manage.cli import completion, output
from manage.cli.options import with_dir, with_json
from manage.errors import EXIT_CHANGES, EXIT_USAGE, NodeyardError
from manage.installation.layout import Layout

if TYPE_CHECKING:
    from manage.apply.inputs import Inputs
    from manage.engine.facts import Answers
    from manage.engine.reader import Reader
    from manage.plan.model import Plan


@click.command(
    epilog="""\b
Examples:
  manage plan                      what `manage up` would change
  manage plan up tracker proxy     only these services
  manage plan down --all
  manage plan restart tracker
  manage plan --json
  manage plan; test $? -eq 10 && echo "there is something to do"

Exit codes: 0 nothing to do, 10 changes pending, 1 failed, 64 usage."""
)
@click.argument("verb", type=click.Choice(["up", "down", "restart"]), default="up", required=False)
@click.argument("services", nargs=-1, shell_complete=completion.services)
@click.option("--all", "everything", is_flag=True, help="With down: include the manager (agent, watch, dashboard).")
@with_dir
@with_json
def command(verb: str, services: tuple[str, ...], everything: bool, layout: Layout, as_json: bool) -> int:
    """Show each operation that a verb (default: up) would do, with its cause; changes nothing.

    `digest` in the JSON is equal for plans that do the same. Also lists the images whose sources changed since they
    were built: `up` builds them first.
    """
    _require_usage(verb, services, everything)
    from manage.apply import inputs, planned
    from manage.engine.reader import Reader
    from manage.plan import model, text

    reader = Reader()
    answers = planned.asked(layout, reader) if verb == "up" else None
    found = inputs.read(layout)
    images = _outdated(found) if verb == "up" else ()
    plan = _plan(found, verb, services, everything, reader, answers)
    if as_json:
        output.emit({**model.as_json(plan), "images": list(images)})
        return EXIT_CHANGES if plan.changes or images else 0
    if plan.changes or not images:
        asked = " ".join(("manage", verb, *services, *(("--all",) if everything else ())))
        output.say(text.as_text(plan, output.width(), command=asked))
    if images:
        output.say(
            f"{words.plural(len(images), 'image')} older than the sources: {words.listing(images)}.\n"
            "manage up builds them first and replaces the containers that run them. To build them now: "
            "manage images build"
        )
    return EXIT_CHANGES if plan.changes or images else 0


def _require_usage(verb: str, services: tuple[str, ...], everything: bool) -> None:
    if verb == "down" and services:
        raise NodeyardError("manage plan down accepts no services.", "See: manage plan --help", exit_code=EXIT_USAGE)
    if verb == "restart" and not services:
        raise NodeyardError(
            "manage plan restart needs at least one service.",
            "For example: manage plan restart tracker",
            exit_code=EXIT_USAGE,
        )
    if everything and verb != "down":
        raise NodeyardError("--all is only valid with down.", "See: manage plan --help", exit_code=EXIT_USAGE)


def _outdated(found: Inputs) -> tuple[str, ...]:
    from manage.images import freshness

    return freshness.outdated(found.image_names, found.recipes, found.locked, found.config.image_source)


def _plan(
    found: Inputs,
    verb: str,
    services: tuple[str, ...],
    everything: bool,
    reader: Reader,
    answers: Callable[[], Answers] | None,
) -> Plan:
    from manage.apply import data_guard, desired_state, refusals
    from manage.engine import facts

    refusals.require_known_services(services, found.config.settings)
    state = desired_state.render(found)
    if verb == "up":
        from manage.apply import planned, up

        outcome = planned.read_facts_and_plan(state, reader, answers)
        plan = up.plan(outcome, services) if services else outcome.whole
        data_guard.require_data(state, plan.operations, outcome.facts)
        return plan
    containers = facts.containers(reader, state.installation)
    if verb == "down":
        from manage.apply import down

        return down.plan(state, containers, everything=everything)
    from manage.apply import restart

    plan = restart.plan(state, containers, services)
    data_guard.require_data(state, plan.operations)
    return plan
