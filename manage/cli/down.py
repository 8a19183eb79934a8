"""`manage down`: stop the stack."""

from __future__ import annotations

import click

from manage.cli import output
from manage.cli.options import require_root, with_dir
from manage.cli.progress import printer
from manage.host.layout import Layout


@click.command(
    epilog="""\b
Examples:
  manage down              the stack stops; the dashboard goes on and says so
  manage down --all        everything of this installation stops
  manage up                and back"""
)
@click.option("--all", "everything", is_flag=True, help="The manager (agent, watch, dashboard) too.")
@with_dir
def command(everything: bool, layout: Layout) -> None:
    """Stop and remove the stack's containers; data is kept, the manager stays.

    Only containers that carry this installation's label are touched.
    """
    require_root("Stopping the stack")
    from manage.apply import down, inputs

    receipt = down.down(inputs.load(layout), everything=everything, progress=printer())
    output.say(receipt.summary)
