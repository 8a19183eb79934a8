"""`manage urls`: where everything is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from manage.cli import output
from manage.cli.options import dir_option, with_dir, with_json
from manage.installation.layout import Layout

if TYPE_CHECKING:
    from manage.catalog.model import Service


def addresses(layout: Layout) -> dict[str, dict[str, str]]:
    """Name -> {"url", "auth"} of the dashboard and of every service behind the proxy."""
    from manage.catalog import load
    from manage.config import load as load_config

    catalog = load.load()
    config = load_config(layout.stack_file, catalog)
    found: dict[str, dict[str, str]] = {}
    offsets: dict[str, int] = {}
    for name in ("dashboard", *config.services):
        service = load.resolve(catalog, name, config.network)
        for port in service.ports:
            if port.publish == "loopback":
                offsets[name] = port.offset
    host = f"[{config.bind}]" if ":" in config.bind else config.bind
    found["dashboard"] = {
        "url": f"http://{host}:{config.port_base + offsets['dashboard']}/",
        "auth": f"name and password; a new one: manage user reset admin{dir_option(layout)}",
    }
    if "proxy" in offsets:
        for name in config.services:
            service = load.resolve(catalog, name, config.network)
            if service.proxy_path:
                found[name] = {
                    "url": f"http://{host}:{config.port_base + offsets['proxy']}{service.proxy_path}",
                    "auth": _auth(service, layout),
                }
    return found


def _auth(service: Service, layout: Layout) -> str:
    tokens = [secret.name for secret in service.secrets if secret.kind == "token"]
    return f"bearer token; show it: manage secrets show {tokens[0]}{dir_option(layout)}" if tokens else "none"


@click.command(
    epilog="""\b
Examples:
  manage urls
  manage urls --json"""
)
@with_dir
@with_json
def command(layout: Layout, as_json: bool) -> None:
    """Where everything is reached, and how to get in."""
    found = addresses(layout)
    if as_json:
        output.emit(found)
    else:
        output.table([(name, entry["url"], entry["auth"]) for name, entry in found.items()])
