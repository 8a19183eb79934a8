"""`manage setup`: set up and start a watched stack; safe to repeat."""

from __future__ import annotations

import os
import socket
import sys

import click

from manage.catalog.model import NETWORKS, Network
from manage.cli import completion, output
from manage.cli.options import require_root, with_dir
from manage.installation.layout import Layout


@click.command(
    epilog="""\b
Examples:
  manage setup                                   set up the sandbox
  manage setup --profile bitcoin --network private --dir /srv/btc --port-base 8700
  manage setup --no-start                        set up everything, start nothing"""
)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    shell_complete=completion.profiles,
    help="What to deploy [sandbox]; can be repeated.",
)
@click.option("--network", type=click.Choice(NETWORKS), help="Which network; the profile's default if omitted.")
@click.option("--port-base", type=click.IntRange(1024, 65000), help="First port that it uses on this host [8600].")
@click.option("--yes", is_flag=True, help="Take the defaults instead of asking.")
@click.option("--no-start", is_flag=True, help="Create and build everything, start nothing.")
@with_dir
def command(
    profiles: tuple[str, ...], network: Network | None, port_base: int | None, yes: bool, no_start: bool, layout: Layout
) -> None:
    """Set up and start a watched stack; safe to repeat.

    An existing installation keeps its stack.yml; change it with `manage config set`.
    """
    require_root("Setting up")
    from manage.cli import init

    if layout.stack_file.exists():
        _say_what_is_kept(profiles, network, port_base, layout)
    else:
        init.create(layout, profiles, network, port_base=port_base or 8600, ask=not yes)
    if no_start:
        from manage.cli.consent import BuildReview, DigestReview
        from manage.cli.progress import printer
        from manage.images import ensure

        ensure.images_of(layout, printer(), BuildReview(yes=yes), DigestReview(yes=yes))
    else:
        from manage.cli import up

        up.run(layout, yes=yes)
    _first_user(layout)
    if no_start:
        output.say("Everything is built. Start it: manage up")
    else:
        _say_where(layout)


def _say_what_is_kept(
    profiles: tuple[str, ...], network: Network | None, port_base: int | None, layout: Layout
) -> None:
    from manage import config
    from manage.catalog import load_catalog

    present = config.load(layout.stack_file, load_catalog(layout))
    asked = {
        "profiles": (profiles and set(profiles) != set(present.profiles), ", ".join(present.profiles)),
        "network": (network is not None and network != present.network, present.network),
        "ports.base": (port_base is not None and port_base != present.port_base, str(present.port_base)),
    }
    for key, (differs, value) in asked.items():
        if differs:
            output.note(f"{layout.stack_file} keeps {key}: {value}. To change it: manage config set {key} ...")


def _first_user(layout: Layout) -> None:
    """Create `admin` if there is no user; its password goes to the terminal, or to a 0600 file without one."""
    from manage.access import audit, users

    if users.names(layout):
        output.note("If you forgot the password: manage user reset admin")
        return
    with audit.on_host(layout.audit_file, "user add", {"name": "admin", "role": "admin"}):
        password = users.create_first(layout, "admin", to_file=not sys.stdout.isatty())
    if sys.stdout.isatty():
        output.say(
            f"Sign in as admin with password {password} (shown only once; you choose a new one at the first sign-in)."
        )
    else:
        output.say(f"Sign in as admin; the password is in {users.first_password_file(layout)} until the first sign-in.")


def _say_where(layout: Layout) -> None:
    from manage.cli.urls import addresses
    from manage.host import commands

    found = addresses(layout)
    dashboard = found["dashboard"]
    output.say(f"Dashboard: {dashboard['url']}")
    if fingerprint := dashboard.get("fingerprint"):
        output.say(f"Its certificate has the SHA-256 fingerprint {fingerprint}")
    elif _headless() and dashboard["url"] == dashboard["local"]:
        port = dashboard["local"].rstrip("/").rsplit(":", 1)[1]
        who = f"{os.environ.get('SUDO_USER', 'root')}@{socket.gethostname()}"
        output.say(f"From another machine: ssh -L {port}:127.0.0.1:{port} {who}, then open the same address there")
    manage = commands.called()
    output.say(f"More: {manage} status, {manage} urls")


def _headless() -> bool:
    """Whether this machine is unlikely to have a browser."""
    return "SSH_CONNECTION" in os.environ or not ({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())
