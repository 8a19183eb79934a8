"""`manage services`: list, add and check services, shipped and the operator's own."""

from __future__ import annotations

import click

from manage import words
from manage.cli import completion, output
from manage.cli.options import Verbs, with_dir, with_json
from manage.errors import NodeyardError
from manage.installation.layout import Layout


@click.group(
    cls=Verbs,
    epilog="""\b
Examples:
  manage services list
  manage services new redis          a folder to fill in, in DIR/services/redis
  manage services check redis        list what is missing or wrong
  manage services schema             JSON Schema of service.yml, for an editor""",
)
def command() -> None:
    """List, add and check services, shipped and your own.

    Your own services are in the folder `services` of the installation. They consist of data and templates; Nodeyard
    runs no code of theirs.
    """


@command.command("list")
@with_dir
@with_json
def list_services(layout: Layout, as_json: bool) -> None:
    """List every service that can be part of a stack."""
    from manage.catalog import load_catalog

    catalog = load_catalog(layout)
    found = [(service, "own" if service.own else "shipped") for service in catalog.services("mainnet").values()]
    if as_json:
        output.emit(
            [{"name": s.name, "title": s.title, "group": s.group, "summary": s.summary, "origin": o} for s, o in found]
        )
    else:
        output.table([(service.name, origin, service.summary) for service, origin in found])


@command.command()
@click.argument("name")
@click.option(
    "--shipped", is_flag=True, help="Write it to the checkout's profiles/services, for a contribution to Nodeyard."
)
@with_dir
def new(name: str, shipped: bool, layout: Layout) -> None:
    """Write the folder of a new service NAME for you to fill in.

    No existing file is overwritten, and nothing is started.
    """
    from manage.catalog import scaffold
    from manage.installation.layout import CHECKOUT

    parent = CHECKOUT / "profiles" / "services" if shipped else layout.services_dir
    try:
        folder = scaffold.write(parent, name)
    except OSError as error:
        raise NodeyardError(
            f"{error.filename} cannot be written: {error.strerror}.", "Run it with sudo, or name a folder with --dir."
        ) from error
    output.say(f"Wrote {folder}. Fill it in, then: manage services check {name}")


@command.command()
@click.argument("name", default="", shell_complete=completion.catalog_services)
@with_dir
@with_json
def check(name: str, layout: Layout, as_json: bool) -> int:
    """List what is missing or wrong in the service NAME, or in every service.

    Needs neither root nor Docker. Renders each service for every network and checks it against the hardening preset.

    Exit codes: 0 no problems, 1 problems found.
    """
    from manage.render.service_check import problems

    found = problems(layout, name)
    if as_json:
        output.emit({"problems": list(found)})
    elif not found:
        output.say(f"{name or 'Every service'} is complete.")
    else:
        output.say(f"{words.plural(len(found), 'problem')}:")
        output.table([("-", sentence) for sentence in found])
    return 1 if found else 0


@command.command()
def schema() -> None:
    """Print the JSON Schema of service.yml for an editor."""
    from manage.catalog.json_schema import service_schema

    output.emit(service_schema())
