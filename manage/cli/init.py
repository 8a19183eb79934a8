"""`manage init`: write a new stack.yml from answers or options."""

from __future__ import annotations

import sys

import click

from manage.catalog import Catalog
from manage.catalog.model import NETWORKS, Network
from manage.cli import completion, output
from manage.cli.options import require_root, with_dir
from manage.errors import EXIT_USAGE, NodeyardError
from manage.installation.layout import Layout


@click.command(
    epilog="""\b
Examples:
  manage init                                    ask for each choice
  manage init --profile sandbox --yes
  manage init --profile bitcoin --profile core --network private --dir /srv/nodes"""
)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    shell_complete=completion.profiles,
    help="What to deploy (see manage profiles); can be repeated.",
)
@click.option("--network", type=click.Choice(NETWORKS), help="Which network; the profile's default if omitted.")
@click.option("--name", default="home", show_default=True, help="A name for this installation.")
@click.option(
    "--port-base",
    type=click.IntRange(1024, 65000),
    default=8600,
    show_default=True,
    help="First port that it uses on this host.",
)
@click.option("--yes", is_flag=True, help="Take the defaults instead of asking.")
@with_dir
def command(
    profiles: tuple[str, ...], network: Network | None, name: str, port_base: int, yes: bool, layout: Layout
) -> None:
    """Write a new stack.yml and the installation's identity; nothing is started.

    An existing stack.yml is never overwritten.
    """
    require_root("Creating an installation")
    if layout.stack_file.exists():
        raise NodeyardError(
            f"{layout.stack_file} already exists.",
            "To change it: manage config set KEY VALUE. To create a second installation, add --dir DIR.",
        )
    create(layout, profiles, network, name=name, port_base=port_base, ask=not yes)
    output.say(f"Wrote {layout.stack_file}. Apply it: manage setup")


def create(
    layout: Layout,
    profiles: tuple[str, ...],
    network: Network | None,
    *,
    name: str = "home",
    port_base: int = 8600,
    ask: bool,
) -> None:
    """Decide where images come from, then write stack.yml and the identity. A failure writes neither."""
    from manage import config
    from manage.catalog import load_catalog
    from manage.images import source
    from manage.installation import identity

    catalog = load_catalog(layout)
    if not profiles and ask and sys.stdin.isatty():
        profiles = (_choose_profile(catalog),)
    profiles = profiles or ("sandbox",)
    for profile in profiles:
        if profile not in catalog.profiles:
            raise NodeyardError(
                f"There is no profile {profile!r}.",
                f"There are: {', '.join(catalog.profiles)}. More: manage profiles",
                exit_code=EXIT_USAGE,
            )
    chosen = network or catalog.profiles[profiles[0]].default_network
    if network is None and ask and sys.stdin.isatty() and len(catalog.profiles[profiles[0]].networks) > 1:
        chosen = click.prompt(
            "Which network", default=chosen, type=click.Choice(catalog.profiles[profiles[0]].networks), err=True
        )
    decision = source.decide(layout)
    output.note(decision.sentence)
    try:
        config.write_initial(
            layout.stack_file,
            name=name,
            profiles=profiles,
            network=chosen,
            image_source=decision.source,
            port_base=port_base,
            catalog=catalog,
        )
    except config.InvalidConfig as refused:
        raise refused.without_lines("These answers contradict each other") from None
    identity.create(layout)


def _choose_profile(catalog: Catalog) -> str:
    for profile in catalog.profiles.values():
        output.note(f"  {profile.name}: {profile.summary}")
    return str(click.prompt("Which profile", default="sandbox", type=click.Choice(list(catalog.profiles)), err=True))
