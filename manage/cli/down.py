"""`manage down`: stop the stack."""

from __future__ import annotations

import click

from manage.cli import output
from manage.cli.options import require_root, with_dir
from manage.cli.progress import printer
from manage.installation.layout import Layout


@click.command(
    epilog="""\b
Examples:
  manage down              stop the stack; the dashboard keeps running
  manage down --all        stop everything of this installation
  manage up                start it again"""
)
@click.option("--all", "everything", is_flag=True, help="Stop the manager (agent, watch, dashboard) too.")
@with_dir
def command(everything: bool, layout: Layout) -> None:
    """Stop and remove the stack's containers; data is kept, and the manager keeps running.

    Only containers with this installation's label are touched. See what would be removed: manage plan down
    """
    require_root("Stopping the stack")
    from manage.apply import desired_state, down, inputs
    from manage.cli.consent import PlanReview
    from manage.engine import facts
    from manage.engine.reader import Reader

    state = desired_state.render(inputs.read(layout))
    plan = down.plan(state, facts.containers(Reader(), state.installation), everything=everything)
    review = PlanReview()
    review(plan, None)
    receipt = down.apply(state, everything=everything, shown=plan, review=review, progress=printer())
    output.say(receipt.summary)
