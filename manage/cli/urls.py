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
    from manage.render.origins import Origin
    from manage.render.wiring import Link


def addresses(layout: Layout) -> dict[str, dict[str, str]]:
    """Name -> {"url", "auth"} of the dashboard and of every service behind the proxy.

    "local" is the address on this host, without a TLS proxy in front; "fingerprint" is that of the certificate if the
    service speaks TLS itself.
    """
    from manage.apply import secrets
    from manage.catalog import load_catalog
    from manage.config import load as load_config
    from manage.installation import identity
    from manage.render import wiring

    catalog = load_catalog(layout)
    config = load_config(layout.stack_file, catalog)
    here = wiring.service_graph(catalog, config, identity.read(layout).id)
    doors = {name: door for name, service in here.all.items() if (door := wiring.door(here, service))}
    fingerprints = secrets.fingerprints(layout) if doors["dashboard"].main.tls else {}
    found = {"dashboard": _entry(doors["dashboard"].main, "/", fingerprints.get("dashboard", ""))}
    found["dashboard"]["auth"] = with_directory(
        "name and password; reset it: manage user reset admin", layout.directory_to_name
    )
    for link in here.links:
        if link.relation == wiring.ROUTE and link.provider in doors:
            origin = doors[link.provider].origin_of(link.user)
            found[link.user] = _entry(origin, link.attributes["path"], fingerprints.get(link.provider, ""))
            found[link.user]["auth"] = _auth(here.all[link.user], link, layout)
    return found


def _entry(origin: Origin, path: str, fingerprint: str) -> dict[str, str]:
    entry = {"url": f"{origin.url}{path}", "auth": "", "local": f"{origin.local_url}{path}"}
    return entry | ({"fingerprint": fingerprint} if origin.tls and fingerprint else {})


def _auth(service: Service, link: Link, layout: Layout) -> str:
    if link.attributes["cookie"]:
        return "the service's own"
    tokens = [secret.name for secret in service.secrets if secret.kind == "token"]
    if not tokens:
        return "no sign-in"
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
        for fingerprint in dict.fromkeys(entry.get("fingerprint", "") for entry in found.values()):
            if fingerprint:
                users = ", ".join(name for name, entry in found.items() if entry.get("fingerprint") == fingerprint)
                output.say(f"Certificate of {users}, SHA-256: {fingerprint}")
