"""`manage up --take-over`: ends a change that hangs, or what a dead one left running, and so frees the lock."""

from __future__ import annotations

import sys
import time

from manage.cli import output
from manage.cli.consent import require_typed
from manage.errors import NodeyardError
from manage.installation import lock, lock_processes
from manage.installation.layout import Layout
from manage.installation.lock_processes import Process

FREE_S = 5.0


def run(layout: Layout, *, yes: bool) -> None:
    """Free the lock. Raises NodeyardError without consent, which `yes` gives only for what a dead `manage` left."""
    found = lock_processes.holding(layout)
    holder = _holder(layout, found)
    if not holder:
        output.note("No other change holds the lock.")
        return
    is_dead = all(process.is_left_over for process in found)
    state = "It has ended, but its docker-compose still runs." if is_dead else "It still runs."
    output.note(f"Another change holds the lock: {holder}. {state}")
    for process in found:
        output.note(f"  process {process.pid}: {process.command}")
    _require_consent(found, is_dead=is_dead, yes=yes)
    lock_processes.end(layout, found)
    _require_free(layout)
    output.note("The lock is free. The interrupted change continues from where it was.")


def _holder(layout: Layout, found: tuple[Process, ...]) -> str:
    """Who holds the lock, "" if it is free. A shared lock, which no `manage` takes for long, has no name in it."""
    return lock.holder(layout) or ("an unknown process" if found else "")


def _require_consent(found: tuple[Process, ...], *, is_dead: bool, yes: bool) -> None:
    if yes and is_dead:
        return
    if not is_dead and not sys.stdin.isatty():
        raise NodeyardError(
            "The other change still runs: --yes does not end it, and there is no terminal to ask.",
            f"Run the command in a terminal, or end it yourself: kill {' '.join(str(one.pid) for one in found)}",
        )
    output.note("Ending them may leave a service stopped until this command has replaced it.")
    require_typed("take over")


def _require_free(layout: Layout) -> None:
    deadline = time.monotonic() + FREE_S
    while holder := _holder(layout, lock_processes.holding(layout)):
        if time.monotonic() > deadline:
            raise NodeyardError(f"The lock was taken again: {holder}.", "Run the command again.")
        time.sleep(0.05)
