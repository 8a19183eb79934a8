"""`manage restart SERVICE...`."""

from __future__ import annotations

import click

from manage.cli import completion, output
from manage.cli.options import require_root, with_dir
from manage.cli.progress import printer
from manage.installation.layout import Layout


@click.command(
    epilog="""\b
Examples:
  manage restart tracker
  manage restart bitcoind kaspad"""
)
@click.argument("services", nargs=-1, required=True, shell_complete=completion.services)
@with_dir
def command(services: tuple[str, ...], layout: Layout) -> None:
    """Restart services one after the other; wait until each is healthy.

    Changes of stack.yml are not applied; `up` does that. See what would happen: manage plan restart SERVICE
    """
    require_root("Restarting services")
    from manage.apply import data_guard, desired_state, inputs, restart
    from manage.cli.consent import PlanReview
    from manage.engine import facts
    from manage.engine.reader import Reader

    state = desired_state.render(inputs.read(layout))
    plan = restart.plan(state, facts.containers(Reader(), state.installation), services)
    data_guard.require_data(state, plan.operations)
    review = PlanReview()
    review(plan, None)
    receipt = restart.apply(state, services, shown=plan, review=review, progress=printer())
    output.say(receipt.summary)
