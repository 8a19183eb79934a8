"""`manage setup`: from nothing to a running, watched stack; again: converges."""

from __future__ import annotations

import os
import socket
import sys

import click

from manage.catalog.model import NETWORKS, Network
from manage.cli import completion, output
from manage.cli.options import dir_option, require_root, with_dir
from manage.installation.layout import Layout


@click.command(
    epilog="""\b
Examples:
  manage setup                                   the sandbox, here and now
  manage setup --profile bitcoin --network private --dir /srv/btc --port-base 8700
  manage setup --no-start                        everything but the start"""
)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    shell_complete=completion.profiles,
    help="What to deploy [sandbox]; may be given more than once.",
)
@click.option("--network", type=click.Choice(NETWORKS), help="Which network; the profile's default if left out.")
@click.option("--port-base", type=click.IntRange(1024, 65000), help="First of its ports on this host [8600].")
@click.option("--yes", is_flag=True, help="Take the defaults instead of asking.")
@click.option("--no-start", is_flag=True, help="Make and build everything, start nothing.")
@with_dir
def command(
    profiles: tuple[str, ...], network: Network | None, port_base: int | None, yes: bool, no_start: bool, layout: Layout
) -> None:
    """From nothing to a running, watched stack; run again, it converges.

    An installation that is there keeps its stack.yml: change that with `manage config set`.
    """
    require_root("Setting up")
    from manage.cli import init

    if layout.stack_file.exists():
        _say_what_is_kept(profiles, network, port_base, layout)
    else:
        init.create(layout, profiles, network, port_base=port_base or 8600, ask=not yes)
    if no_start:
        from manage.cli.consent import BuildReview
        from manage.cli.progress import printer
        from manage.images import ensure

        ensure.ensure_for(layout, progress=printer(), confirm=BuildReview(yes=yes))
    else:
        from manage.cli import up

        up.run(layout, yes=yes)
    _first_user(layout)
    if no_start:
        output.say(f"Everything is built. Start it: manage up{dir_option(layout)}")
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
            output.note(f"{layout.stack_file} says {key}: {value}; that stays. Change it: manage config set {key} ...")


def _first_user(layout: Layout) -> None:
    """Make `admin` where there is no user; the password goes to the terminal alone, or to a 0600 file."""
    from manage.access import users

    if users.names(layout):
        output.note(f"A forgotten password: manage user reset admin{dir_option(layout)}")
        return
    password = users.create_first(layout, "admin", to_file=not sys.stdout.isatty())
    if sys.stdout.isatty():
        output.say(
            f"Sign in as admin with password {password} (shown this once; you choose your own at the first sign-in)."
        )
    else:
        output.say(f"Sign in as admin; the password is in {users.first_password_file(layout)} until the first sign-in.")


def _say_where(layout: Layout) -> None:
    from manage.cli.urls import addresses

    found = addresses(layout)
    output.say(f"Dashboard: {found['dashboard']['url']}")
    if _headless():
        port = found["dashboard"]["url"].rstrip("/").rsplit(":", 1)[1]
        who = f"{os.environ.get('SUDO_USER', 'root')}@{socket.gethostname()}"
        output.say(f"From another machine: ssh -L {port}:127.0.0.1:{port} {who}")
    output.say(f"More: manage status{dir_option(layout)}, manage urls{dir_option(layout)}")


def _headless() -> bool:
    """Whether a browser on this very machine is unlikely."""
    return "SSH_CONNECTION" in os.environ or not ({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())
