"""`manage plan`: what `up` would change, and why."""

from __future__ import annotations

import click

from manage import words
from manage.cli import output
from manage.cli.options import with_dir, with_json
from manage.errors import EXIT_CHANGES
from manage.installation.layout import Layout


@click.command(
    epilog="""\b
Examples:
  manage plan
  manage plan --json
  manage plan; test $? -eq 10 && echo "there is something to do"

Exit codes: 0 nothing to do, 10 changes pending, 1 failed, 64 usage."""
)
@with_dir
@with_json
def command(layout: Layout, as_json: bool) -> int:
    """Show each operation that `up` would do, with its cause; changes nothing.

    Images whose sources changed since they were built are named: `up` builds them first.
    """
    from manage.apply import yard
    from manage.images import freshness
    from manage.plan import make, model
    from manage.render import image_names

    mine = yard.load(layout)
    images = freshness.outdated(layout, image_names(mine.catalog, mine.config), mine.config.image_source)
    plans = yard.plan_all(mine)
    whole = model.Plan(tuple(operation for plan in plans for operation in plan.operations))
    if as_json:
        output.emit({**model.as_json(whole), "images": list(images)})
        return EXIT_CHANGES if whole.changes or images else 0
    if whole.changes or not images:
        output.say(make.text(whole, output.width()))
    if images:
        output.say(
            f"Older than what they are made from: {words.plural(len(images), 'image')} ({words.listing(images)}).\n"
            "manage up builds anew first, and replaces what runs from it. To see that before: manage images build"
        )
    return EXIT_CHANGES if whole.changes or images else 0
