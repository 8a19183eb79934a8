"""`manage up`: bring the stack to the state that stack.yml describes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from manage.cli import completion, output
from manage.cli.options import require_root, with_dir
from manage.cli.progress import printer
from manage.installation.layout import Layout

if TYPE_CHECKING:
    from manage.apply.inputs import Inputs
    from manage.engine.reader import Reader


@click.command(
    epilog="""\b
Examples:
  manage up
  manage up tracker proxy      only these services

See what would change, and why: manage plan"""
)
@click.argument("services", nargs=-1, shell_complete=completion.services)
@click.option(
    "--yes",
    is_flag=True,
    help="Do not ask, even if the plan puts data at risk or a Dockerfile of your own services is new.",
)
@click.option(
    "--take-over",
    is_flag=True,
    help="First end another change that hangs, or what it left running. Asks first; with --yes, only if it still runs.",
)
@click.option(
    "--accept-data",
    multiple=True,
    metavar="SERVICE",
    shell_complete=completion.services,
    help="Start this service with the chain folder or volume that is there now, even if it is not the one that it had "
    "before (empty, moved, or on another disk).",
)
@with_dir
def command(
    services: tuple[str, ...], yes: bool, take_over: bool, accept_data: tuple[str, ...], layout: Layout
) -> None:
    """Apply stack.yml; wait until each service is healthy.

    Builds or pulls missing images, shows the plan, then applies it service by service: the next one starts when `watch`
    reports the one before as healthy, syncing or waiting. New services of one group start together. If nothing differs,
    nothing changes.
    """
    require_root("Starting the stack")
    if take_over:
        from manage.cli import take_over as taking_over

        taking_over.run(layout, yes=yes)
    run(layout, services, yes=yes, accepted_data=accept_data)


def run(
    layout: Layout, services: tuple[str, ...] = (), *, yes: bool = False, accepted_data: tuple[str, ...] = ()
) -> None:
    """Get the images, show the plan, ask if data is at risk, then apply it; prints progress."""
    from manage.apply import data_guard, desired_state, host_disks, inputs, planned, refusals, up
    from manage.cli.consent import PlanReview
    from manage.engine.reader import Reader

    host_disks.require_room([layout.dir])  # before an image is built
    reader = Reader()
    answers = planned.asked(layout, reader)
    found = inputs.read(layout)
    refusals.require_known_services((*services, *accepted_data), found.config.settings)  # before minutes of building
    current = _with_images(found, reader, yes=yes)
    state = desired_state.render(current)
    facts_and_plan = planned.read_facts_and_plan(state, reader, answers if current is found else None)
    plan = up.plan(facts_and_plan, services)
    data_guard.require_data(state, plan.operations, facts_and_plan.facts, accepted=accepted_data)
    review = PlanReview(yes=yes)
    review(plan, None)
    receipt = up.apply(
        state, services=services, accepted_data=accepted_data, shown=plan, review=review, progress=printer()
    )
    output.say(receipt.summary)


def _with_images(found: Inputs, reader: Reader, *, yes: bool) -> Inputs:
    """The inputs, after building or pulling every image that is missing or outdated."""
    from manage.images import current

    source = found.config.image_source
    if current.are_current(found.image_names, found.recipes, found.locked, source, reader):
        return found
    from manage.cli.consent import BuildReview, DigestReview
    from manage.images import ensure

    confirm, trust = BuildReview(yes=yes), DigestReview(yes=yes)
    ensure.images(found.image_names, found.layout, printer(), source, confirm=confirm, trust=trust)
    return found.with_locked_images()
