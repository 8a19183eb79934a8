"""`manage restart SERVICE...`."""

from __future__ import annotations

import click

from manage.cli import output
from manage.cli.options import require_root, with_dir
from manage.cli.progress import printer
from manage.host.layout import Layout


@click.command(
    epilog="""\b
Examples:
  manage restart tracker
  manage restart bitcoind kaspad"""
)
@click.argument("services", nargs=-1, required=True)
@with_dir
def command(services: tuple[str, ...], layout: Layout) -> None:
    """Restart services, one after the other, each gated by its health.

    Configuration is not read anew: that is `up`.
    """
    require_root("Restarting services")
    from manage.apply import inputs, restart

    receipt = restart.restart(inputs.load(layout), services, progress=printer())
    output.say(receipt.summary)
