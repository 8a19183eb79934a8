"""`manage profiles`: list what can be deployed."""

from __future__ import annotations

import click

from manage.cli import output
from manage.cli.options import with_json


@click.command(
    epilog="""\b
Examples:
  manage profiles
  manage profiles --json"""
)
@with_json
def command(as_json: bool) -> None:
    """List what can be deployed: each profile, its services and its networks."""
    from manage.catalog import load_catalog

    catalog = load_catalog()
    profiles = list(catalog.profiles.values())
    if as_json:
        output.emit(
            [
                {
                    "name": profile.name,
                    "title": profile.title,
                    "summary": profile.summary,
                    "services": list(profile.services),
                    "default_network": profile.default_network,
                    "networks": list(profile.networks),
                }
                for profile in profiles
            ]
        )
        return
    for profile in profiles:
        output.say(f"{output.tone(profile.name, 'strong')}  {profile.title}")
        output.table(
            [
                ("", profile.summary),
                ("services", ", ".join(profile.services)),
                ("networks", ", ".join(profile.networks) + f" (default {profile.default_network})"),
            ]
        )
        output.say()
