"""`manage`: the commands and how their errors become one sentence and an exit code.

Each command lives in its own module and is imported only when it runs, so that `--help` stays quick.
"""

from __future__ import annotations

import gc
import importlib
import sys
from typing import Any

import click

from manage import __version__
from manage.cli import output
from manage.errors import EXIT_FAILED, EXIT_USAGE, NodeyardError

COMMANDS: dict[str, str] = {
    "setup": "From nothing to a running, watched stack; again: converges.",
    "init": "Write a new stack.yml; nothing is started.",
    "config": "Show, explain, check or change the configuration.",
    "profiles": "What can be deployed.",
    "services": "List, add and check services, shipped and your own.",
    "images": "Build or pull, and list, the images of this stack.",
    "render": "Show what the configuration renders to; no container changes.",
    "plan": "Show what `up` would change and why; changes nothing.",
    "up": "Make the stack what stack.yml says, gated by chain facts.",
    "down": "Stop the stack; data is kept, the manager stays.",
    "restart": "Restart services, one after the other.",
    "status": "The verdict of every service, with its reason.",
    "why": "The root cause of a service's verdict, with evidence.",
    "logs": "A service's own log lines.",
    "history": "What was changed, when, and how it ended.",
    "urls": "Where everything is reached, and how to get in.",
    "secrets": "List or show the generated secrets.",
    "user": "Who may sign in to the dashboard.",
    "sandbox": "Pay, mine and break things on the simulated chains.",
    "completion": "Print the completion script of bash, zsh or fish.",
    "uninstall": "Stop everything of this installation; --purge deletes its data too.",
}
"""Name -> the sentence of `manage --help`; the command is `manage.cli.<name>:command`. A test holds both together."""

MANY_OBJECTS = 100_000
"""New objects between two looks of the garbage collector: a command ends before its garbage matters, and the default
of 700 is a tenth of what `plan` costs."""

EPILOG = """\b
Examples:
  manage status                 how is it?
  manage plan                   what would change, and why?
  manage up                     make it so
  manage why tracker            what is the root cause?
  manage COMMAND --help         more, with examples

Exit codes: 0 done, 10 changes pending (plan), 1 failed, 64 usage."""


class Commands(click.Group):
    """A click group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(f"manage.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            raise click.UsageError(
                f"There is no command {args[0]!r}." + (f" Did you mean {near[0]!r}?" if near else ""), ctx
            )
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.option(
    "--dir", "directory", metavar="DIR", envvar="NODEYARD_DIR", help="The installation's folder [/var/lib/nodeyard]."
)
@click.option("--debug", is_flag=True, help="Show commands as they run, and tracebacks.")
@click.version_option(package_name=None, version=__version__, prog_name="nodeyard")
@click.pass_context
def cli(ctx: click.Context, directory: str | None, debug: bool) -> None:
    """Nodeyard: a whole crypto node stack on Docker, and kept true."""
    ctx.obj = {"directory": directory, "debug": debug}
    if debug:
        import logging

        logging.basicConfig(level=logging.DEBUG, format="%(name)s: %(message)s", stream=sys.stderr)
        logging.getLogger("urllib3").setLevel(logging.INFO)


def main(arguments: list[str] | None = None) -> Any:
    """Run `manage`; leaves by SystemExit."""
    gc.set_threshold(MANY_OBJECTS)
    debug = "--debug" in (sys.argv if arguments is None else arguments)
    try:
        result = cli.main(args=arguments, prog_name="manage", standalone_mode=False)
    except NodeyardError as error:
        if debug:
            raise
        output.fail(error.message, error.hint)
        sys.exit(error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        output.note(error.format_message())
        sys.exit(EXIT_USAGE)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx is not None else "manage"
        output.fail(" ".join(error.format_message().split()), f"See: {where} --help")
        sys.exit(EXIT_USAGE)
    except click.ClickException as error:
        output.fail(error.format_message(), "")
        sys.exit(EXIT_FAILED)
    except (click.Abort, KeyboardInterrupt):
        output.note("Interrupted.")
        sys.exit(130)
    except Exception as error:
        if debug:
            raise
        output.fail(*_unforeseen(error))
        sys.exit(EXIT_FAILED)
    sys.exit(result if isinstance(result, int) else 0)


def _unforeseen(error: Exception) -> tuple[str, str]:
    """Message and hint for what no room foresaw: a full disk, or a fault of ours."""
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return f"This machine refuses: {error.strerror}{where}.", "Mend that, then run the same command again."
    return (
        f"manage failed in a way it should not: {type(error).__name__}: {error}.",
        "This is a fault of Nodeyard. Where it is: manage --debug, then the same command.",
    )


if __name__ == "__main__":
    main()
