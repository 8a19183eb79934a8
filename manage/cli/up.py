"""`manage up`: make it so."""

from __future__ import annotations

import click

from manage.cli import output
from manage.cli.options import require_root, with_dir
from manage.cli.progress import printer
from manage.installation.layout import Layout


@click.command(
    epilog="""\b
Examples:
  manage up
  manage up tracker proxy      only these, if they differ

What would change, and why: manage plan"""
)
@click.argument("services", nargs=-1)
@click.option("--yes", is_flag=True, help="Do not ask, not even where data is at risk.")
@with_dir
def command(services: tuple[str, ...], yes: bool, layout: Layout) -> None:
    """Make the stack what stack.yml says, gated by chain facts.

    Builds or pulls images that are missing, then goes service by service: the next one starts when `watch` has seen
    the one before healthy, syncing or waiting. New services of one group start together. When nothing differs,
    nothing is changed.
    """
    require_root("Starting the stack")
    converge(layout, services, yes=yes)


def converge(layout: Layout, services: tuple[str, ...] = (), *, yes: bool = False) -> None:
    """Images, plan, consent where data is at risk, then apply; prints as it goes."""
    from manage import config
    from manage.apply import choose, up, yard
    from manage.catalog import load
    from manage.cli.consent import ask_where_data_is_at_risk
    from manage.images import ensure

    choose.known(services, config.load(layout.stack_file, load.load()).settings)  # before minutes of building
    ensure.ensure_for(layout, progress=printer())
    mine = yard.load(layout)
    manager, stack = yard.plan_all(mine)
    ask_where_data_is_at_risk((*manager.changes, *choose.operations(stack, services)), yes=yes)
    receipt = up.up(mine, names=services, progress=printer())
    output.say(receipt.summary)
