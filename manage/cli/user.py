"""`manage user`: who may sign in to the dashboard."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from manage.cli import output
from manage.cli.options import Verbs, require_installation, require_root, with_dir, with_json
from manage.errors import NodeyardError
from manage.installation.layout import Layout

ROLES = ("viewer", "operator", "admin")


@click.group(
    cls=Verbs,
    epilog="""\b
Examples:
  manage user list
  manage user add ann --role operator --password-file ann.txt
  manage user reset admin
  manage user remove ann""",
)
def command() -> None:
    """Who may sign in to the dashboard, and what they may do.

    viewer: look and read logs. operator: also restart and start. admin: everything.
    """


@command.command("list")
@with_dir
@with_json
def list_(layout: Layout, as_json: bool) -> None:
    """Every user with role."""
    require_root("Reading the users")
    from manage.access import users

    require_installation(layout)

    found = users.names(layout)
    if as_json:
        output.emit([{"name": name, "role": role} for name, role in found.items()])
    else:
        output.table(list(found.items()))


@command.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option(
    "--password-file", type=click.Path(path_type=Path), help="File with the password; - reads standard input."
)
@with_dir
def add(name: str, role: str, password_file: Path | None, layout: Layout) -> None:
    """Add a user. Without --password-file the password is asked for."""
    require_root("Adding a user")
    from manage.access import users

    require_installation(layout)
    users.add(layout, name, role, _password(password_file))
    output.say(f"{name} may sign in as {role}.")


@command.command()
@click.argument("name", default="admin")
@with_dir
def reset(name: str, layout: Layout) -> None:
    """Give a user a new password, shown once; it is changed at the next sign-in. Ends the user's sessions."""
    require_root("Resetting a password")
    from manage.access import users

    require_installation(layout)
    output.say(f"New password of {name}: {users.reset(layout, name)}")
    output.note("It is shown this once and must be changed at the next sign-in.")


@command.command()
@click.argument("name")
@with_dir
def remove(name: str, layout: Layout) -> None:
    """Remove a user and end the user's sessions."""
    require_root("Removing a user")
    from manage.access import users

    require_installation(layout)
    users.remove(layout, name)
    output.say(f"{name} may no longer sign in.")


def _password(path: Path | None) -> str:
    if path is None:
        if not sys.stdin.isatty():
            raise NodeyardError("There is no terminal to ask for the password.", "Give it with --password-file FILE.")
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise NodeyardError(
            f"The password file {path} cannot be read: {reason}.", "Name a text file that holds the password alone."
        ) from error
    return text.rstrip("\r\n")
