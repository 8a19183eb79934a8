"""`manage urls`: the address of each service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from manage.cli import output
from manage.cli.options import with_dir, with_json
from manage.commands import with_directory
from manage.installation.layout import Layout

if TYPE_CHECKING:
    from manage.catalog.model import Service


def addresses(layout: Layout) -> dict[str, dict[str, str]]:
    """Name -> {"url", "auth"} of the dashboard and of every service behind the proxy."""
    from manage.catalog import load_catalog
    from manage.config import load as load_config
    from manage.render import wiring

    catalog = load_catalog(layout)
    config = load_config(layout.stack_file, catalog)
    here = wiring.service_graph(catalog, config)
    host = f"[{config.bind}]" if ":" in config.bind else config.bind
    doors = {
        name: f"http://{host}:{config.port_base + port.offset}"
        for name, service in here.all.items()
        for port in service.ports
        if port.publish == "loopback"
    }
    found = {
        "dashboard": {
            "url": f"{doors['dashboard']}/",
            "auth": with_directory("name and password; reset it: manage user reset admin", layout.directory_to_name),
        }
    }
    for link in here.links:
        if link.relation == "route" and link.provider in doors:
            path = link.attributes["path"]
            found[link.user] = {"url": f"{doors[link.provider]}{path}", "auth": _auth(here.all[link.user], layout)}
    return found


def _auth(service: Service, layout: Layout) -> str:
    tokens = [secret.name for secret in service.secrets if secret.kind == "token"]
    if not tokens:
        return "none"
    return with_directory(f"bearer token; show it: manage secrets show {tokens[0]}", layout.directory_to_name)


@click.command(
    epilog="""\b
Examples:
  manage urls
  manage urls --json"""
)
@with_dir
@with_json
def command(layout: Layout, as_json: bool) -> None:
    """Show the address of each service, and how to sign in."""
    found = addresses(layout)
    if as_json:
        output.emit(found)
    else:
        output.table([(name, entry["url"], entry["auth"]) for name, entry in found.items()])
