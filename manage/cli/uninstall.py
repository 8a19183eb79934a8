"""`manage uninstall`: stop everything of this installation; with --purge, delete its data too."""

from __future__ import annotations

import click

from manage.cli import output
from manage.cli.options import require_root, with_dir
from manage.installation.layout import Layout


@click.command(
    epilog="""\b
Examples:
  manage uninstall             remove containers and networks; keep data and configuration
  manage uninstall --purge     remove volumes, images, secrets and configuration too"""
)
@click.option("--purge", is_flag=True, help="Delete this installation's volumes, images and folder too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_dir
def command(purge: bool, yes: bool, layout: Layout) -> None:
    """Stop everything of this installation; with --purge, delete its data too.

    Only objects with this installation's label are touched, and with --purge the images that Nodeyard built on this
    engine, unless another installation is there. They are listed, and you are asked, before anything is removed. Docker
    itself stays installed.
    """
    require_root("Uninstalling")
    from manage.apply import uninstall
    from manage.cli.consent import RemovalReview
    from manage.cli.progress import printer

    removal = uninstall.plan(layout, everything=purge)
    if removal.empty:
        output.say(f"There is nothing to remove in {layout.dir}.")
        return
    review = RemovalReview(purge=purge, yes=yes)
    review(removal, None)
    uninstall.apply(layout, everything=purge, shown=removal, review=review, progress=printer())
    output.say(
        "Everything is removed. Docker itself stays installed."
        if purge
        else f"Containers and networks are removed; data and configuration are kept in {layout.dir}."
    )
