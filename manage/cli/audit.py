"""`manage audit`: the log of sign-ins, changes and refusals."""

from __future__ import annotations

import re
from dataclasses import asdict

import click

from manage.cli import output
from manage.cli.options import Verbs, require_installation, require_root, with_dir, with_json
from manage.errors import EXIT_USAGE, NodeyardError
from manage.installation.layout import Layout


@click.group(
    cls=Verbs,
    epilog="""\b
Examples:
  manage audit verify
  manage audit verify --known 7d69e59d8adc4fd3bb48a10f416cd38149f055f244a05d058c3cf6403d604ea8""",
)
def command() -> None:
    """Check the log of sign-ins, changes and refusals, `agent/audit.log` in the installation's folder."""


@command.command()
@click.option("--known", metavar="HASH", help="A hash that was printed earlier and must still be there.")
@with_dir
@with_json
def verify(known: str | None, layout: Layout, as_json: bool) -> None:
    """Check that no record was changed, added or removed since it was written.

    Each record carries the hash of the one before it. Note the hash that this prints on another machine: only with
    --known can you tell that the end of the log was not cut off.
    """
    if known is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", known):
        raise NodeyardError(
            f"--known {known!r} is not a hash: a hash has 64 hexadecimal digits.",
            "Give the whole hash that manage audit verify printed.",
            exit_code=EXIT_USAGE,
        )
    require_root("Reading the audit log")
    from manage.access import audit_verify

    require_installation(layout)
    found = audit_verify.verify(layout.audit_file, (known or "").lower())
    if as_json:
        output.emit(asdict(found))
        return
    if not found.records:
        output.say("The audit log has no records yet.")
        return
    output.say(f"Records {found.first} to {found.last} are as they were written.")
    if found.unnumbered:
        output.note(f"{found.unnumbered} lines have no number: older than the chain, or incomplete after a power cut.")
    output.say(f"Hash of the last one: {found.hash}")
