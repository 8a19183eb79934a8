"""`manage user`: the users of the dashboard."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

import click

from manage.cli import output
from manage.cli.options import Verbs, require_installation, require_root, with_dir, with_json
from manage.errors import NodeyardError
from manage.installation.layout import Layout

MAX_CHARACTERS = 65536
"""Of a password file; a password is shorter."""
ROLES = ("viewer", "operator", "admin")


@click.group(
    cls=Verbs,
    epilog="""\b
Examples:
  manage user list
  manage user add ann --role operator --password-file ann.txt
  manage user reset admin
  manage user code admin
  manage user remove ann""",
)
def command() -> None:
    """List, add and remove users of the dashboard.

    Roles: a viewer sees everything and reads logs, an operator can also start and restart, an admin can do everything.
    """


@command.command("list")
@with_dir
@with_json
def list_users(layout: Layout, as_json: bool) -> None:
    """List every user with their role."""
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
    "--password-file", type=click.Path(path_type=Path), help="Read the password from this file; - is standard input."
)
@with_dir
def add(name: str, role: str, password_file: Path | None, layout: Layout) -> None:
    """Add a user. Asks for the password unless --password-file is given."""
    require_root("Adding a user")
    from manage.access import audit, users

    require_installation(layout)
    password = _password(password_file)
    with audit.on_host(layout.audit_file, "user add", {"name": name, "role": role}):
        users.add(layout, name, role, password)
    output.say(f"{name} can now sign in as {role}.")


@command.command()
@click.argument("name", default="admin")
@with_dir
def reset(name: str, layout: Layout) -> None:
    """Give a user a new password, which is shown once and must be changed at the next sign-in.

    Ends their sessions and removes their second factor, so this also helps somebody who lost their phone.
    """
    require_root("Resetting a password")
    from manage.access import audit, users

    require_installation(layout)
    with audit.on_host(layout.audit_file, "user reset", {"name": name}):
        password = users.reset(layout, name)
    output.say(f"New password of {name}: {password}")
    output.note("It is shown only once and must be changed at the next sign-in.")


@command.command()
@click.argument("name", default="admin")
@with_dir
def code(name: str, layout: Layout) -> None:
    """Print a code with which a user can sign in on a new device while somebody guesses passwords.

    Then devices on which nobody has signed in before must wait, and the sign-in form asks for this code beside the
    password. It is valid for one sign-in within 15 minutes.
    """
    require_root("Making a code")
    from manage.access import audit, users

    require_installation(layout)
    with audit.on_host(layout.audit_file, "user code", {"name": name}):
        made = users.device_code(layout, name)
    output.say(f"Code for {name}: {made}")
    output.note("Enter it in the sign-in form beside the password, within 15 minutes. It is shown only once.")


@command.command()
@click.argument("name")
@with_dir
def remove(name: str, layout: Layout) -> None:
    """Remove a user and end their sessions."""
    require_root("Removing a user")
    from manage.access import audit, users

    require_installation(layout)
    with audit.on_host(layout.audit_file, "user remove", {"name": name}):
        users.remove(layout, name)
    output.say(f"{name} can no longer sign in.")


def _password(path: Path | None) -> str:
    if path is None:
        if not sys.stdin.isatty():
            raise NodeyardError("There is no terminal to ask for the password.", "Give it with --password-file FILE.")
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    try:
        text = _first(sys.stdin) if str(path) == "-" else _first(path.open(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise NodeyardError(
            f"The password file {path} cannot be read: {reason}.", "Give a text file that contains only the password."
        ) from error
    return text.rstrip("\r\n")


def _first(stream: TextIO) -> str:
    """The beginning of a file or a pipe that the caller chose: a password, or enough to refuse it."""
    with stream:
        return stream.read(MAX_CHARACTERS)
