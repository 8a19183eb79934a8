"""`manage logs SERVICE`."""

from __future__ import annotations

import click

from manage.cli import completion, output
from manage.cli.options import with_dir
from manage.installation.layout import Layout


@click.command(
    epilog="""\b
Examples:
  manage logs kaspad
  manage logs tracker --lines 500
  manage logs bitcoind --follow"""
)
@click.argument("service", shell_complete=completion.services)
@click.option(
    "--lines",
    "-n",
    default=100,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="How many lines to show, counted from the end.",
)
@click.option("--follow", "-f", is_flag=True, help="Show new lines until Ctrl-C.")
@with_dir
def command(service: str, lines: int, follow: bool, layout: Layout) -> None:
    """Show a service's log lines, oldest first, with the time of each."""
    from manage.engine import logs
    from manage.installation import identity

    for line in logs.read(identity.read(layout), service, lines=lines, follow=follow):
        if not output.verbatim(line):
            return
