"""`manage secrets`: list the names, show one value."""

from __future__ import annotations

import click

from manage.cli import output
from manage.cli.options import Verbs, require_installation, require_root, with_dir, with_json
from manage.installation.layout import Layout


@click.group(
    cls=Verbs,
    epilog="""\b
Examples:
  manage secrets list
  manage secrets show tracker_token""",
)
def command() -> None:
    """List or show the generated secrets.

    They are files in the installation's folder that only root can read; each service gets a copy of those it needs.
    """


@command.command("list")
@with_dir
@with_json
def list_secrets(layout: Layout, as_json: bool) -> None:
    """List names and generations, never values."""
    require_root("Reading the list of secrets")
    from manage.apply import secrets

    require_installation(layout)
    generations = secrets.generations(layout)
    if as_json:
        output.emit([{"name": name, "generation": number} for name, number in sorted(generations.items())])
    else:
        output.table([(name, f"generation {number}") for name, number in sorted(generations.items())])


@command.command()
@click.argument("name")
@with_dir
def show(name: str, layout: Layout) -> None:
    """Print the value of one secret on a line of its own."""
    require_root("Reading a secret")
    from manage.apply import secrets

    require_installation(layout)
    output.verbatim(secrets.value(layout, name))
