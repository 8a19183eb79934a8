"""`manage uninstall`: everything of this installation stops; with --purge its data goes too."""

from __future__ import annotations

import click

from manage import words
from manage.cli import output
from manage.cli.options import require_root, with_dir
from manage.host.layout import Layout


@click.command(
    epilog="""\b
Examples:
  manage uninstall             containers and networks go; data and configuration stay
  manage uninstall --purge     volumes, images, secrets and configuration go too"""
)
@click.option("--purge", is_flag=True, help="Delete this installation's volumes, images and folder too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_dir
def command(purge: bool, yes: bool, layout: Layout) -> None:
    """Stop everything of this installation; with --purge delete its data too.

    Only what carries this installation's label is touched, it is shown first, and asked for. Docker stays.
    """
    require_root("Uninstalling")
    from manage.apply import uninstall as uninstalls
    from manage.cli.consent import type_to_confirm
    from manage.cli.progress import printer

    doomed = uninstalls.survey(layout, everything=purge)
    if doomed.empty:
        output.say(f"Nothing of an installation in {layout.dir} is left.")
        return
    for kind, names in doomed.named():
        output.note(f"{words.plural(len(names), kind)}: {', '.join(names)}")
    if not yes:
        type_to_confirm("delete" if purge else "stop")
    uninstalls.carry_out(layout, doomed, progress=printer())
    output.say(
        "Gone. Docker itself stays." if purge else f"Stopped and removed; data and configuration stay in {layout.dir}."
    )
