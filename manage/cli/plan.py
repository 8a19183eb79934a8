"""`manage plan`: what `up` would change, and why."""

from __future__ import annotations

import click

from manage.cli import output
from manage.cli.options import with_dir, with_json
from manage.errors import EXIT_CHANGES
from manage.host.layout import Layout


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
    """Show each operation that `up` would do, with its cause; changes nothing."""
    from manage.apply import yard
    from manage.plan import make, model

    plans = yard.plan_all(yard.load(layout))
    whole = model.Plan(tuple(operation for plan in plans for operation in plan.operations))
    if as_json:
        output.emit(model.as_json(whole))
    else:
        output.say(make.text(whole))
    return EXIT_CHANGES if whole.changes else 0
