"""Options and checks that the commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from manage.cli import output
from manage.errors import NodeyardError
from manage.installation import owners
from manage.installation.layout import DEFAULT_DIR, Layout


class Verbs(click.Group):
    """A group of verbs whose help shows the whole first sentence of each verb, wrapped instead of truncated."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        verbs = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.get_short_help_str(limit=200)) for name, verb in verbs if verb])


F = TypeVar("F", bound=Callable[..., Any])


def _take_directory(ctx: click.Context, _parameter: click.Parameter, value: str | None) -> Layout:
    chosen = value or (ctx.obj or {}).get("directory")
    layout = Layout(Path(chosen).absolute() if chosen else DEFAULT_DIR, owners.of_this_process())
    output.suggest_for(layout.directory_to_name)
    return layout


def with_dir(function: F) -> F:
    """`--dir DIR`, also accepted after the command's name; passes `layout: Layout`."""
    return click.option(
        "--dir",
        "layout",
        metavar="DIR",
        callback=_take_directory,
        help="The installation's folder [/var/lib/nodeyard].",
    )(function)


def with_json(function: F) -> F:
    """`--json`; passes `as_json: bool`."""
    return click.option("--json", "as_json", is_flag=True, help="Print the same facts as JSON.")(function)


def require_installation(layout: Layout) -> None:
    """Raise NodeyardError if there is no installation, where the verb would find nothing or create half of one."""
    from manage.installation import identity

    identity.read(layout)


def require_root(what: str) -> None:
    """Raise NodeyardError unless root runs this: root owns the state and Docker's socket."""
    if not owners.of_this_process().root:
        raise NodeyardError(f"{what} needs root.", "Run it again with sudo.")
