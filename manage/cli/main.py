"""`manage`: the list of commands, and how an error becomes one sentence and an exit code.

Each command has its own module, which is imported only when the command runs, so that `--help` is fast.
"""

from __future__ import annotations

import gc

gc.set_threshold(100_000)
# New objects between two runs of the garbage collector. A command ends before its garbage matters, and collecting after
# every 700 objects, Python's default, takes a tenth of the time of `plan`. Set here, because imports make most objects.

import atexit
import importlib
import os
import signal
import sys
from typing import Any

import click

from manage import __version__
from manage.cli import output
from manage.commands import COMMANDS
from manage.errors import EXIT_FAILED, EXIT_USAGE, NO_ROOM, NodeyardError

PUBLIC = 0o022
"""The umask of every command, whatever the caller's is: services of other uids read what is written here (docker-facts
32). What is secret gets a mode of its own."""

EPILOG = """\b
Examples:
  manage status                 is everything healthy?
  manage plan                   what would change, and why?
  manage up                     apply the changes
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
        command: click.Command = importlib.import_module(f"manage.cli.{cmd_name}").command
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
    """Nodeyard: deploy and watch a complete crypto node stack on Docker."""
    ctx.obj = {"directory": directory, "debug": debug}
    if debug:
        from manage.cli import debug_log

        debug_log.show()


def main(arguments: list[str] | None = None) -> Any:
    """Run `manage`; always raises SystemExit."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # as manage.cli.__main__ sets it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    atexit.register(gc.freeze)  # else Python visits every object once more before it ends: a tenth of `up`
    os.umask(PUBLIC)
    output.suggest_for("")
    output.accept_any_text()
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
        output.fail(*_unexpected(error))
        sys.exit(EXIT_FAILED)
    sys.exit(result if isinstance(result, int) else 0)


def _unexpected(error: Exception) -> tuple[str, str]:
    """Message and hint for an error that no module handles: an error of the system (a full disk), or a bug."""
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        if error.errno in NO_ROOM:
            text = f"Nothing can be written: {error.strerror}{where}."
            return text, "See manage why disk. Free some space, then run the same command again; it continues."
        if isinstance(error, PermissionError):
            return f"This user may not do that: {error.strerror}{where}.", "Run it again as root."
        return f"The operating system reports: {error.strerror}{where}.", "Fix this, then run the same command again."
    return (
        f"manage failed unexpectedly: {type(error).__name__}: {error}.",
        "This is a bug in Nodeyard. To see the traceback, run the same command with manage --debug.",
    )


if __name__ == "__main__":
    main()
