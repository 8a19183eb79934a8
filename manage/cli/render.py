"""`manage render`: show the rendered files."""

from __future__ import annotations

import click

from manage.cli import completion, output
from manage.cli.options import with_dir
from manage.installation.layout import Layout


@click.command(
    epilog="""\b
Examples:
  manage render                    the stack's compose file
  manage render --manager          the manager's compose file
  manage render --files proxy      the configuration files of one service"""
)
@click.option("--manager", is_flag=True, help="Show the manager's project instead of the stack's.")
@click.option(
    "--files",
    "service",
    metavar="SERVICE",
    shell_complete=completion.services,
    help="Show the rendered configuration files of one service.",
)
@with_dir
def command(manager: bool, service: str | None, layout: Layout) -> None:
    """Show the rendered compose and configuration files, after checking them. They contain no secrets."""
    from manage.apply import desired_state, inputs
    from manage.errors import EXIT_USAGE, NodeyardError

    state = desired_state.render(inputs.read(layout))
    if service is None:
        output.verbatim((state.manager if manager else state.stack).compose_yaml.rstrip("\n"))
        return
    for project in (state.stack, state.manager):
        for spec in project.services:
            if spec.name == service:
                if not spec.files:
                    output.note(f"{service} has no configuration files, only its part of the compose file.")
                for name, content in sorted(spec.files.items()):
                    output.verbatim(f"# {name}\n{content.decode('utf-8')}")
                return
    raise NodeyardError(f"There is no service {service} in this stack.", "See: manage profiles", exit_code=EXIT_USAGE)
