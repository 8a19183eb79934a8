"""Progress of a change: one line per event, on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable

from manage.cli import output
from manage.events import Event


def printer() -> Callable[[Event], None]:
    """A function that prints each event with the seconds since this call."""
    start = time.monotonic()

    def show(event: Event) -> None:
        who = f"{event.service}: " if event.service else ""
        output.note(f"{time.monotonic() - start:6.1f} s  {who}{event.text}")

    return show
