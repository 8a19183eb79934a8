"""Writes docs/cli.md from the commands' own help: `python -m manage.cli.docs [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from manage.cli.main import cli
from manage.installation.layout import CHECKOUT

TARGET = CHECKOUT / "docs" / "cli.md"
HEADER = """# The `manage` command

Written by `python -m manage.cli.docs` from the commands' own help; a test holds it fresh.

"""


def document() -> str:
    """The whole page: every command's `--help`, groups before their verbs."""
    return HEADER + "\n".join(_sections(cli, "manage", None)) + "\n"


def _sections(command: click.Command, path: str, parent: click.Context | None) -> Iterator[str]:
    context = click.Context(
        command,
        info_name=path if parent is None else path.rsplit(" ", 1)[1],
        parent=parent,
        terminal_width=100,
        **command.context_settings,
    )
    yield f"## `{path}`\n\n```\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            verb = command.get_command(context, name)
            assert verb is not None
            yield from _sections(verb, f"{path} {name}", context)


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it is fresh."""
    fresh = TARGET.exists() and TARGET.read_text(encoding="utf-8") == document()
    if "--check" in arguments:
        print("docs/cli.md is fresh" if fresh else "docs/cli.md is stale; run: python -m manage.cli.docs")
        return 0 if fresh else 1
    TARGET.write_text(document(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
