"""`manage history`: the receipts."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import click

from manage import words
from manage.cli import output
from manage.cli.options import require_installation, with_dir, with_json
from manage.installation.layout import Layout

if TYPE_CHECKING:
    from manage.apply.receipt import Receipt

NAMED = 3
"""A line of the list names the services if there are at most this many."""


@click.command(
    epilog="""\b
Examples:
  manage history
  manage history 12            exactly what ran after change 12
  manage history --json"""
)
@click.argument("number", type=int, required=False)
@click.option("--last", default=20, show_default=True, type=click.IntRange(1), help="How many changes to list.")
@with_dir
@with_json
def command(number: int | None, last: int, layout: Layout, as_json: bool) -> None:
    """Show what was changed, when, and how it ended; with NUMBER, one change and the digest of every image."""
    from manage.apply import receipt as receipts

    require_installation(layout)
    found = receipts.history(layout)
    if number is not None:
        chosen = receipts.find(found, number)
        if as_json:
            output.emit(receipts.as_json(chosen))
            return
        _one(chosen)
        return
    if as_json:
        output.emit([receipts.as_json(receipt) for receipt in found[-last:]])
        return
    if not found:
        output.say("There are no changes yet.")
        return
    output.table([_line(receipt) for receipt in found[-last:]])


def _line(receipt: Receipt) -> tuple[str, str, str, str]:
    at = datetime.datetime.fromtimestamp(receipt.started_at, tz=datetime.UTC).astimezone()
    services = [operation.service for operation in receipt.operations]
    touched = words.listing(services) if len(services) <= NAMED else words.plural(len(services), "service")
    reason = f": {receipt.reason}" if receipt.reason else ""
    return (
        str(receipt.number),
        f"{at:%Y-%m-%d %H:%M:%S}",
        receipt.state,
        f"{receipt.verb} by {receipt.by}: {touched}{reason}",
    )


def _one(receipt: Receipt) -> None:
    output.table([_line(receipt)])
    output.say()
    output.table([(name, digest) for name, digest in sorted(receipt.images.items())])
