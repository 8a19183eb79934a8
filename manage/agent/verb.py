"""The definition of a verb, and the check of its arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from manage.access.refusals import Refused
from manage.access.roles import Role
from manage.immutable import dataclass

Emit = Callable[[Mapping[str, Any]], None]
"""Sends one progress event; for a verb that only reads, raises OSError if the client has disconnected."""

MOST_LINES = 2000
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")
_LONGEST_TEXT = 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Call:
    """One accepted call of a verb."""

    args: Mapping[str, Any]
    """Checked: only arguments that the verb accepts, each of the right kind."""
    by: str
    """The user's name, or "root@host"."""
    emit: Emit


@dataclass(frozen=True)
class Verb:
    """One entry of the allow-list."""

    role: Role
    """The lowest role that may call it."""
    run: Callable[[Call], Mapping[str, Any]]
    args: tuple[str, ...] = ()
    changes: bool = False
    """Whether it changes the stack: such verbs run one at a time, and every call is in the audit log."""


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT


def _name(value: Any) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _digest(value: Any) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


_KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "name": (_text, "text"),
    "password": (_text, "text"),
    "old": (_text, "text"),
    "new": (_text, "text"),
    "id": (_text, "text"),
    "device": (_text, "text"),
    "challenge": (_text, "text"),
    "answer": (_text, "text"),
    "verb": (_name, "the name of a verb"),
    "plan": (_digest, "the digest of a plan"),
    "service": (_name, "the name of a service"),
    "services": (lambda value: isinstance(value, list) and all(map(_name, value)), "a list of service names"),
    "lines": (
        lambda value: isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_LINES,
        f"a number from 1 to {MOST_LINES}",
    ),
    "follow": (lambda value: isinstance(value, bool), "true or false"),
}


def require_args(verb: str, allowed: tuple[str, ...], args: Any) -> dict[str, Any]:
    """`args` if it holds only what the verb accepts, each of the right kind. Raises Refused ("usage") otherwise."""
    if not isinstance(args, dict):
        raise Refused("usage", "The arguments are not an object.")
    for name, value in args.items():
        if name not in allowed:
            accepted = ", ".join(allowed) or "none"
            raise Refused("usage", f"{verb} has no argument {str(name)[:40]!r}.", f"Accepted arguments: {accepted}.")
        fits, kind = _KINDS[name]
        if not fits(value):
            raise Refused("usage", f"{verb}: {name} must be {kind}.")
    return args
