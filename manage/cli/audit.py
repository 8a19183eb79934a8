"""`manage audit`: the log of sign-ins, changes and refusals."""

from __future__ import annotations

from dataclasses import asdict

import click

from manage.cli import output
from manage.cli.options import Verbs, require_installation, require_root, with_dir, with_json
from manage.installation.layout import Layout


@click.group(
    cls=Verbs,
    epilog="""\b
Examples:
  manage audit verify
  manage audit verify --known 3f1c...""",
)
def command() -> None:
    """Check the log of sign-ins, changes and refusals, `agent/audit.log` in the installation's folder."""


@command.command()
@click.option("--known", default="", metavar="HASH", help="A hash that was printed earlier and must still be there.")
@with_dir
@with_json
def verify(known: str, layout: Layout, as_json: bool) -> None:
    """Check that no record was changed, added or removed since it was written.

    Each record carries the hash of the one before it. Note the hash that this prints on another machine: only with
    --known can you tell that the end of the log was not cut off.
    """
    require_root("Reading the audit log")
    from manage.access import audit_verify

    require_installation(layout)
    found = audit_verify.verify(layout.audit_file, known)
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
