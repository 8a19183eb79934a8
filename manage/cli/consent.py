"""Asking before something is lost: shown first, then typed."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from manage.cli import output
from manage.errors import NodeyardError
from manage.plan.model import Operation

RISKS = {"at-risk": "may be lost", "deleted": "will be deleted"}


def ask_where_data_is_at_risk(operations: Iterable[Operation], *, yes: bool) -> None:
    """Show the operations that can destroy data and want the word typed; `yes` has said it already.

    Raises NodeyardError when nobody can be asked and when the answer is another.
    """
    risky = [operation for operation in operations if operation.data_risk != "kept"]
    if not risky or yes:
        return
    for operation in risky:
        cause = "; ".join(f"{d.name}: {d.current} -> {d.desired}" for d in operation.cause)
        output.note(f"{operation.kind} {operation.service}: its data {RISKS[operation.data_risk]} ({cause})")
    type_to_confirm("delete" if any(o.data_risk == "deleted" for o in risky) else "risk")


def type_to_confirm(word: str) -> None:
    """Go on only if `word` is typed; NodeyardError when it is not, or when nobody can be asked."""
    if not sys.stdin.isatty():
        raise NodeyardError(
            "This wants to be confirmed, and there is no terminal to ask.", "If you mean it, add --yes."
        )
    if click.prompt(f"Type {word} to go on", default="", show_default=False, err=True) != word:
        raise NodeyardError(f"{word} was not typed, so nothing was done.", "Run it again if you mean it.")
