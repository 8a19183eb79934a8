"""`manage up`: bring the stack to what stack.yml says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from manage.cli import output
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
  manage up tracker proxy      only these, if they differ

What would change, and why: manage plan"""
)
@click.argument("services", nargs=-1)
@click.option(
    "--yes",
    is_flag=True,
    help="Do not ask, neither where the shown plan puts data at risk nor before a Dockerfile of yours is built.",
)
@with_dir
def command(services: tuple[str, ...], yes: bool, layout: Layout) -> None:
    """Make the stack what stack.yml says, gated by chain facts.

    Builds or pulls images that are missing and shows the plan. Then goes service by service: the next one starts when
    `watch` has seen the one before healthy, syncing or waiting. New services of one group start together. If nothing
    differs, nothing is changed.
    """
    require_root("Starting the stack")
    run(layout, services, yes=yes)


def run(layout: Layout, services: tuple[str, ...] = (), *, yes: bool = False) -> None:
    """Images, plan, consent where data is at risk, then the change; prints as it goes."""
    from manage.apply import desired_state, inputs, planned, refusals, up
    from manage.cli.consent import PlanReview
    from manage.engine.reader import Reader

    found = inputs.read(layout)
    refusals.require_known_services(services, found.config.settings)  # before minutes of building
    reader = Reader()
    state = desired_state.render(_with_images(found, reader, yes=yes))
    plan = up.plan(planned.read_facts_and_plan(state, reader), services)
    review = PlanReview(yes=yes)
    review(plan, None)
    receipt = up.apply(state, services=services, shown=plan, review=review, progress=printer())
    output.say(receipt.summary)


def _with_images(found: Inputs, reader: Reader, *, yes: bool) -> Inputs:
    """The inputs after every image is there as the checkout and stack.yml describe it."""
    from manage.images import current

    source = found.config.image_source
    if current.are_current(found.layout, found.image_names, found.locked, source, reader):
        return found
    from manage.cli.consent import BuildReview
    from manage.images import ensure

    ensure.ensure(found.image_names, found.layout, printer(), source, confirm=BuildReview(yes=yes))
    return found.with_locked_images()
